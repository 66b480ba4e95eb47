"""Spoken words as vectors in the space of written ones; both spaces are learnt before the labels.

``wordspaces`` says how the spaces are learnt, ``alignment`` how one is mapped to the other.
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pyser.errors import InputError
from pyser.models.alignment import align, align_pairs, centre_of, csls, prepare
from pyser.models.wordspaces import (
    WordEncoder,
    encode_words,
    learn_speech2vec,
    mean_vectors,
    skip_gram,
)


class SpokenWords(nn.Module):
    """Vectors of spoken words, mapped to those of written ones, of length sqrt(width).

    Args:
        num_inputs: width of a frame.
        config: options of ``Semantic.Config``: vector, window, word_epochs, speech_epochs,
            align_words, start, restarts, align_steps and tune_words.
    """

    def __init__(self, num_inputs, config):
        super().__init__()
        self.config = config
        self.encoder = WordEncoder(num_inputs, config.vector).requires_grad_(config.tune_words)
        self.register_buffer("centre", torch.zeros(config.vector))
        self.register_buffer("rotation", torch.eye(config.vector))

    def forward(self, words):
        """Vectors [N, d] of a list of the frames of words, float [T, num_inputs] each."""
        lengths = torch.tensor([len(word) for word in words], device=words[0].device)
        frames = nn.utils.rnn.pad_sequence(words, batch_first=True)
        found = functional.normalize(self.encoder(frames, lengths), dim=-1)
        found = functional.normalize(found - self.centre, dim=-1)
        return found @ self.rotation.T * len(self.centre) ** 0.5

    def learn(self, ids, spoken, num_words, seed):
        """Learn the spaces and align them; returns a line that tells what was reached.

        Args:
            ids: of each utterance the words, int64 [L] below ``num_words``, frequent ones small.
            spoken: of each the frames of its words, lists of float [T, num_inputs].
            num_words: V.
            seed: of all that is random.
        """
        options, words = self.config, np.concatenate([*ids, np.empty(0, np.int64)])
        seeds = np.random.default_rng(seed).integers(1 << 62, size=3).tolist()
        sizes = options.vector, options.window
        written = skip_gram(ids, num_words, *sizes, options.word_epochs, seeds[0])
        self.encoder.requires_grad_(True)
        loss = learn_speech2vec(
            self.encoder, spoken, options.window, options.speech_epochs, seeds[1]
        )
        self.encoder.requires_grad_(options.tune_words)
        told = f"{num_words} words, spoken {len(words)} times; Speech2Vec ends at {loss:.3f}; "
        vectors = encode_words(self.encoder, [word for one in spoken for word in one])
        heard = mean_vectors(vectors, words, num_words)
        if not np.isfinite(heard).all():
            found = f"Speech2Vec ends at {loss}, with vectors that are no numbers"
            raise InputError(found, remedy="check the features, or lower model.speech_epochs")
        return told + self._align(heard[: options.align_words], written, seeds[2])

    def _align(self, heard, written, seed):
        """Set the map from vectors [N, d] of heard words to those of written ones [N, d]."""
        self.centre.copy_(torch.from_numpy(centre_of(heard)) if len(heard) else self.centre)
        written = written[: len(heard)]
        if len(heard) < 2:
            return "too few words to align: their vectors stay in their own space"
        found = self._find_map(heard, written, seed)
        self.rotation.copy_(torch.from_numpy(found.rotation))
        nearest = csls(prepare(heard) @ found.rotation.T, prepare(written)).argmax(axis=1)
        own = 100 * (nearest == np.arange(len(heard))).mean()
        told = (
            f"aligned from the start {found.start} by {len(found.pairs)} pairs of {len(heard)} "
            f"words, score {found.score:.3f}; {own:.1f} % have their own written form nearest"
        )
        if not found.determined:
            told += f"; {len(found.rotation)} pairs would determine the map, the rest is arbitrary"
        return told

    def _find_map(self, heard, written, seed):
        options = self.config
        if options.start == "words":
            return align_pairs(heard, written)
        return align(heard, written, options.start, options.restarts, options.align_steps, seed)
