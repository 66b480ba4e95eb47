"""What is said and how: aligned vectors of spoken words beside what convolutions hear in the wave.

Tzirakis, Nguyen, Zafeiriou, Schuller: "Speech Emotion Recognition Using Semantic Information",
ICASSP 2021, arXiv 2103.02993.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pyser.errors import InputError
from pyser.models.layers import blocks_read, frame_mask, select_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.network import Network
from pyser.models.pooling import MeanPooling
from pyser.models.spokenwords import SpokenWords

_KERNELS, _POOLS = (8, 6, 6), (10, 5, 5)
_AT_ONCE = 512  # steps whose maps are in memory together, where no gradient is wanted
_ID, _START, _END = range(3)  # the columns of the extra ``words``


class WaveSteps(nn.Module):
    """Convolutions over each step of a waveform by itself: [K, samples] -> [K, ``num_outputs``].

    Three times a convolution, ReLU, the maximum of neighbours, and dropout.

    Args:
        samples: of a step.
        channels: filters of the three convolutions.
        dropout: share of values.
    """

    def __init__(self, samples, channels, dropout):
        super().__init__()
        widths = [1, *channels]
        self.convolutions = nn.ModuleList(map(nn.Conv1d, widths, channels, _KERNELS))
        self.dropout = nn.Dropout(dropout)
        for pool in _POOLS:
            samples = -(-samples // pool)
        self.num_outputs = channels[-1] * samples

    def forward(self, steps):
        """Filter ``steps`` [K, samples]; as many outputs before pooling as inputs."""
        maps = steps[:, None]
        for convolve, size, pool in zip(self.convolutions, _KERNELS, _POOLS, strict=True):
            maps = convolve(functional.pad(maps, ((size - 1) // 2, size // 2)))
            # the maximum first: the same, and fewer values to rectify
            maps = functional.max_pool1d(maps, pool, ceil_mode=True).relu()
            maps = self.dropout(maps)
        return maps.flatten(1)


class SourceAttention(nn.Module):
    """Weighs sources of equal width against each other: n of [..., d] -> [..., d].

    ``sum_i a_i x_i`` with ``a = softmax_i(w^T x_i / sqrt(d))``; w is the same for all sources. (A
    bias, which the released code has, would not change the softmax.)
    """

    def __init__(self, width):
        super().__init__()
        self.score = nn.Linear(width, 1, bias=False)

    def forward(self, *sources):
        """Fuse tensors [..., d]."""
        stacked = torch.stack(sources, dim=-2)
        scores = self.score(stacked) / math.sqrt(stacked.shape[-1])
        return (scores.softmax(dim=-2) * stacked).sum(dim=-2)


class Fusion(nn.Module):
    """One vector of a step from one or two sources: [..., d_i] -> [..., fc].

    Each source is projected. ``concat``: they are joined, and go through one layer. ``attention``:
    a SourceAttention fuses them, three layers read it, and another one fuses these;
    ``hierarchical``: the first two of the three, then that with the third. All layers have ReLU.

    Args:
        widths: of the sources.
        projected: width after projection.
        fc: units of the layers.
        kind: ``concat``, ``attention`` or ``hierarchical``.
    """

    def __init__(self, widths, projected, fc, kind):
        super().__init__()
        self.kind = kind
        self.project = nn.ModuleList(nn.Linear(width, projected) for width in widths)
        if kind == "concat":
            self.layers = nn.ModuleList([nn.Linear(projected * len(widths), fc)])
            return
        self.sources = SourceAttention(projected) if len(widths) > 1 else None
        self.layers = nn.ModuleList(nn.Linear(projected, fc) for _ in range(3))
        count = 2 if kind == "hierarchical" else 1
        self.fuse = nn.ModuleList(SourceAttention(fc) for _ in range(count))

    def forward(self, *sources):
        """Fuse ``sources``, float [..., d_i] each."""
        found = [layer(x).relu() for layer, x in zip(self.project, sources, strict=True)]
        if self.kind == "concat":
            return self.layers[0](torch.cat(found, dim=-1)).relu()
        joined = self.sources(*found) if self.sources else found[0]
        streams = [layer(joined).relu() for layer in self.layers]
        if self.kind == "attention":
            return self.fuse[0](*streams)
        return self.fuse[1](self.fuse[0](*streams[:2]), streams[2])


def words_of_steps(words, lengths, num_steps, step_ms):
    """Which word is spoken in each step: int64 [B, S], its place, or -1 where there is none.

    It is the one that takes the largest part of the step, the first of equals.

    Args:
        words: int64 [B, L, 3]: id, start and end in milliseconds.
        lengths: int64 [B], how many of them are real.
        num_steps: S.
        step_ms: length of a step.
    """
    begins = step_ms * torch.arange(num_steps, device=words.device)[:, None]
    starts, ends = (words[:, None, :, column] for column in (_START, _END))
    shared = torch.minimum(ends, begins + step_ms) - torch.maximum(starts, begins)
    shared = shared.masked_fill(~frame_mask(lengths, words.shape[1])[:, None], 0).clamp_(min=0)
    count = words.shape[1]
    earlier = torch.arange(count - 1, -1, -1, device=words.device)
    place = (shared * count + earlier).argmax(dim=-1)
    spoken = shared.gather(-1, place[:, :, None]).squeeze(-1) > 0
    return place.masked_fill(~spoken, -1)


def frames_of_words(words, num_frames, duration_ms):
    """The first frame of each word and the one after its last: int64 [..., 2], one frame or more.

    Frames are spread evenly over the utterance, whatever their shift.

    Args:
        words: [..., L, 3] int64: id, start and end in milliseconds; NumPy or torch.
        num_frames: [...] of the utterances.
        duration_ms: [...] of the utterances.
    """
    words, num_frames, duration_ms = map(torch.as_tensor, (words, num_frames, duration_ms))
    rate = (num_frames.double() / duration_ms.double())[..., None]
    limit = num_frames[..., None]
    first = (words[..., _START] * rate).round().long().clamp_(min=0).minimum(limit - 1)
    last = (words[..., _END] * rate).round().long().minimum(limit)
    return torch.stack([first, last.maximum(first + 1)], dim=-1)


class Semantic(Network):
    """The network of the paper and its ablations.

    Stated by the paper and default here: steps of 0.1 s; convolutions of 50, 125 and 250 filters
    over the waveform; word vectors of 100 values from windows of 4 words (skip-gram for written,
    Speech2Vec for spoken ones), brought into one space without a dictionary; projections to 1024, a
    scorer that both sources share, three layers of 512, hierarchical attention; an LSTM of 256; the
    hyperbolic tangent; dropout 0.5. The paper learns the vectors of written words from a large text
    and those of spoken ones from its own corpus; here ``pretrain`` learns both from the words of
    the training part. Its ratings, and so its answers, are of every step; here they are of whole
    utterances, and an answer is the mean over its steps.

    Read in the released code: ReLU after projections and layers, one layer of 512 for ``concat``.
    Its convolutions run over the whole waveform; here each step is by itself, with zeros around
    it, and what is left at its end is pooled too. Its LSTM has peepholes, ours has none. The paper
    and the code pair the three layers in different orders; as all of them read the same and feed
    the same LSTM, that is a matter of their names alone.

    Ours: the word of a step is the one that takes most of it. The vector of a spoken word is
    normalised as it is for the alignment and brought to the length sqrt(width). Of a word only its
    times are read, after ``pretrain`` no text is needed. ``pretrain`` learns in seconds or minutes
    what takes the papers hours on far larger corpora; its options make it longer. Without a
    dictionary two spaces are aligned if they are alike, which those of some hundred utterances are
    not: the log tells how many words have their own written form nearest. ``start: words`` does
    not depend on that.

    With 26 input features, 16 kHz and 7 classes the defaults train 4,489,000 parameters.

    Args:
        config: a ``Semantic.Config``.
        blocks: widths of the feature blocks, name -> d.
        num_classes: number of outputs.
        known: ``wave``, the sampling rate in Hz; ``words``, the vocabulary.
    """

    inputs = ("wave", "words")

    @dataclass(frozen=True)
    class Config:
        """Sizes and ablations.

        Attributes:
            reads: the feature blocks that spoken words are known by; none for all.
            modalities: ``both``, or ``audio`` (the waveform) or ``semantic`` (words) alone.
            fusion: ``concat``, ``attention`` or ``hierarchical`` (see Fusion).
            step_ms: length of a step.
            channels: filters of the convolutions over the waveform, three numbers.
            projected: width of each source before attention.
            fc: units of the fully connected layers.
            hidden: units of the LSTM.
            dropout: after each maximum of the convolutions, and on the LSTM outputs.
            output: of a step, ``tanh`` or ``linear``; tanh is for ratings between -1 and 1.
            vector: values of word vectors, even.
            window: words on each side.
            word_epochs: of skip-gram.
            speech_epochs: of Speech2Vec.
            align_words: so many of the most frequent words are aligned.
            start: of the alignment, ``adversarial`` (the paper's), ``profile`` or ``both``: the
                better one; or ``words``: the transcripts of training say which vectors belong
                together.
            restarts: of the adversarial start.
            align_steps: of each of them.
            tune_words: train what reads spoken words together with the rest.
        """

        reads: tuple[str, ...] = ("static",)
        modalities: Literal["both", "audio", "semantic"] = "both"
        fusion: Literal["concat", "attention", "hierarchical"] = "hierarchical"
        step_ms: int = limited(100, 10)
        channels: tuple[int, ...] = (50, 125, 250)
        projected: int = limited(1024, 1)
        fc: int = limited(512, 1)
        hidden: int = limited(256, 1)
        dropout: float = limited(0.5, 0.0, 0.95)
        output: Literal["tanh", "linear"] = "tanh"
        vector: int = limited(100, 2)
        window: int = limited(4, 1)
        word_epochs: int = limited(10, 0)
        speech_epochs: int = limited(10, 0)
        align_words: int = limited(1000, 2)
        start: Literal["adversarial", "profile", "both", "words"] = "both"
        restarts: int = limited(8, 1)
        align_steps: int = limited(1500, 1)
        tune_words: bool = False

        def __post_init__(self):
            check_limits(self)
            if len(self.channels) != 3 or min(self.channels) < 1:
                found = f"channels is {list(self.channels)}"
                raise InputError(found, expected="three numbers, each at least 1")
            if self.vector % 2:
                raise InputError(f"vector is {self.vector}", expected="an even number")

    def __init__(self, config, blocks, num_classes, known=None):
        super().__init__(config, blocks, num_classes)
        self.reads, width = blocks_read(blocks, config.reads, "semantic")
        self.rate, self.num_words = known["wave"], len(known["words"])
        self.step_samples = max(1, round(self.rate * config.step_ms / 1000))
        self.audio = self.words = None
        widths = []
        if config.modalities != "semantic":
            self.audio = WaveSteps(self.step_samples, config.channels, config.dropout)
            widths.append(self.audio.num_outputs)
        if config.modalities != "audio":
            self.words = SpokenWords(width, config)
            widths.append(config.vector)
        self.fusion = Fusion(widths, config.projected, config.fc, config.fusion)
        self.lstm = nn.LSTM(config.fc, config.hidden, batch_first=True)
        self.dropout, self.pooling = nn.Dropout(config.dropout), MeanPooling()
        self.classifier = nn.Linear(config.hidden, num_classes)

    def forward(self, features, lengths):
        """Outputs, float32 [B, num_classes]; arguments as for ``Network``."""
        num_steps = -(-features["wave_lengths"] // self.step_samples)
        sources = [self._hear(features, num_steps)] if self.audio else []
        if self.words:
            sources.append(self._understand(features, lengths, num_steps))
        outputs = self.dropout(self.lstm(self.fusion(*sources))[0])
        # sums over hundreds of steps need all digits, also where products are made with fewer
        with torch.autocast(outputs.device.type, enabled=False):
            outputs = outputs.to(torch.promote_types(outputs.dtype, torch.float32))
            outputs = self.classifier(outputs)
            outputs = outputs.tanh() if self.config.output == "tanh" else outputs
            return self.pooling(outputs, num_steps)

    def _hear(self, features, num_steps):
        """What the convolutions find in each step [B, S, d], 0 beyond the last one."""
        wave = features["wave"]
        wave = wave.masked_fill(~frame_mask(features["wave_lengths"], wave.shape[1]), 0.0)
        size = int(num_steps.max()) * self.step_samples
        wave = functional.pad(wave, (0, max(0, size - wave.shape[1])))[:, :size]
        real = frame_mask(num_steps, int(num_steps.max()))
        parts = wave.reshape(len(wave), -1, self.step_samples)[real].split(_AT_ONCE)
        found = torch.cat([self.audio(part) for part in parts])
        steps = found.new_zeros(*real.shape, found.shape[1])
        steps[real] = found
        return steps

    def _understand(self, features, lengths, num_steps):
        """The vector of the word of each step [B, S, d], 0 where there is none."""
        frames = select_blocks(features, self.reads, lengths)
        words, counts = features["words"], features["words_lengths"]
        duration_ms = 1000 * features["wave_lengths"].double() / self.rate  # as in pretrain
        places = words_of_steps(words, counts, int(num_steps.max()), self.config.step_ms)
        places = places.masked_fill(~frame_mask(num_steps, places.shape[1]), -1)
        spoken = (words[..., _END] > words[..., _START]) & frame_mask(counts, words.shape[1])
        spans = frames_of_words(words, lengths, duration_ms)
        vectors = frames.new_zeros(*words.shape[:2], self.config.vector)
        if spoken.any():
            rows = spoken.nonzero()[:, 0].tolist()
            spans = spans[spoken].tolist()
            found = self.words(
                [frames[row, first:last] for row, (first, last) in zip(rows, spans, strict=True)]
            )
            vectors = vectors.to(found.dtype)
            vectors[spoken] = found
        index = places.clamp(min=0)[:, :, None].expand(-1, -1, vectors.shape[2])
        return vectors.gather(1, index).masked_fill(places[:, :, None] < 0, 0.0)

    def pretrain(self, train_set, seed):
        """Learn both spaces of word vectors and their alignment from the training part.

        Args:
            train_set: list of (features [T, D], label); labels are not read.
            seed: of all that is random.

        Returns:
            A line that tells what it reached.
        """
        if not self.words:
            return "words are not read"
        ids, spoken = [], []
        for features, _ in train_set:
            words = np.asarray(features.extras["words"])
            words = words[(words[:, _ID] > 1) & (words[:, _END] > words[:, _START])]
            frames = self._columns(np.asarray(features))
            duration_ms = 1000 * len(np.asarray(features.extras["wave"])) / self.rate
            spans = frames_of_words(words, len(frames), duration_ms).tolist()
            ids.append(words[:, _ID] - 2)
            spoken.append([frames[first:last] for first, last in spans])
        return self.words.learn(ids, spoken, self.num_words, seed)

    def _columns(self, frames):
        """Of frames [T, D] the columns of the blocks that are read."""
        ends = np.cumsum(list(self.blocks.values()))
        columns = {
            name: frames[:, end - width : end]
            for (name, width), end in zip(self.blocks.items(), ends, strict=True)
        }
        return np.concatenate([columns[name] for name in self.reads], axis=1)
