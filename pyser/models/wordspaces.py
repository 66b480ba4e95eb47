"""Vectors of words: of written ones from their contexts, of spoken ones from frames of theirs.

Mikolov, Sutskever, Chen, Corrado, Dean: "Distributed Representations of Words and Phrases and their
Compositionality", NIPS 2013 (skip-gram with negative sampling). Chung, Glass: "Speech2Vec: A
Sequence-to-Sequence Framework for Learning Word Embeddings from Speech", Interspeech 2018.

A word is a whole number in 0..V-1 here, an utterance with L words an array [L].
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pyser.models.layers import Encoder, frame_mask

NEGATIVES = 5  # words of no context that are drawn for one that is
_POWER = 0.75  # of their frequencies


def context_pairs(sequences, window):
    """Pairs int64 [P, 2] of places: a word and one at most ``window`` words from it.

    Args:
        sequences: lengths of the utterances; places count on from one to the next.
        window: at least 1.
    """
    pairs, first = [], 0
    for length in sequences:
        places = np.arange(length)
        apart = np.abs(places[:, None] - places)
        pairs.append(np.argwhere((apart > 0) & (apart <= window)) + first)
        first += length
    return np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64)


def skip_gram(sequences, num_words, width, window, epochs, seed, rate=0.01, batch_size=256):
    """Vectors float64 [V, width] of words, near each other where words have like contexts.

    ``log s(u_c v_w) + sum_n log s(-u_n v_w)`` is made large for pairs of a word w and a word c of
    its context, n being NEGATIVES words drawn by their frequency to the power of 0.75; the v are
    returned. Of the paper: this, and that contexts are cut at the ends of an utterance. Ours: Adam,
    batches, pairs at any distance in the window count the same, frequent words are not left out.

    Args:
        sequences: list of int64 [L].
        num_words: V.
        width: of the vectors.
        window: words on each side.
        epochs: passes over all pairs.
        seed: of all that is random.
        rate: of Adam.
        batch_size: pairs.
    """
    generator = torch.Generator().manual_seed(seed)
    words = torch.from_numpy(np.concatenate([*sequences, np.empty(0, np.int64)]))
    pairs = torch.from_numpy(context_pairs([len(one) for one in sequences], window))
    vectors = (torch.rand(num_words, width, generator=generator) - 0.5) / math.sqrt(width)
    contexts = torch.zeros(num_words, width)
    optimizer = torch.optim.Adam([vectors.requires_grad_(), contexts.requires_grad_()], rate)
    frequency = torch.bincount(words, minlength=num_words).double() ** _POWER
    for _ in range(epochs if len(pairs) else 0):
        for batch in torch.randperm(len(pairs), generator=generator).split(batch_size):
            centre, context = words[pairs[batch]].unbind(dim=1)
            drawn = torch.multinomial(
                frequency, len(batch) * NEGATIVES, replacement=True, generator=generator
            )
            found = vectors[centre]
            near = (found * contexts[context]).sum(dim=1)
            far = torch.einsum("bd,bnd->bn", found, contexts[drawn].view(len(batch), NEGATIVES, -1))
            loss = -functional.logsigmoid(near).mean()
            loss = loss - functional.logsigmoid(-far).sum(dim=1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return vectors.detach().double().numpy()


class WordEncoder(nn.Module):
    """From the frames of a spoken word to a vector: the last states of an LSTM, in both directions.

    Args:
        num_inputs: width of a frame.
        width: of the vector, even.
    """

    def __init__(self, num_inputs, width):
        super().__init__()
        self.encoder = Encoder(num_inputs, width // 2, bidirectional=True)

    def forward(self, frames, lengths):
        """Frames [N, T, d], of which ``lengths`` [N] are real -> [N, width]."""
        outputs = self.encoder(frames, lengths)
        half = outputs.shape[2] // 2
        rows = torch.arange(len(lengths), device=lengths.device)
        return torch.cat([outputs[rows, lengths - 1, :half], outputs[:, 0, half:]], dim=-1)


class Speech2Vec(nn.Module):
    """From a spoken word to its vector, and from that to the frames of a word near it.

    Of the paper: one LSTM layer in both directions reads the word, another one in one direction
    writes the frames of neighbours, the same for all of them; the mean squared error is made small.
    Ours: the decoder gets the vector with each frame it writes, and no frame written before.

    Args:
        encoder: WordEncoder.
        num_inputs: width of a frame.
        width: of the vector.
    """

    def __init__(self, encoder, num_inputs, width):
        super().__init__()
        self.encoder = encoder
        self.decoder = nn.LSTM(width, width, batch_first=True)
        self.write = nn.Linear(width, num_inputs)

    def loss(self, spoken, near):
        """Mean squared error per value of the frames ``near``, as written from ``spoken``.

        Args:
            spoken, near: pairs of frames [N, T, d] and lengths [N]; T may differ.
        """
        vectors = self.encoder(*spoken)
        frames, lengths = near
        given = vectors[:, None].expand(-1, frames.shape[1], -1)
        written = self.write(self.decoder(given.contiguous())[0])
        mask = frame_mask(lengths, frames.shape[1])[:, :, None]
        apart = (written - frames).masked_fill(~mask, 0.0)
        return apart.square().sum() / (lengths.sum() * frames.shape[2])


def pad_words(words, device=None):
    """Frames [N, T, d] and lengths int64 [N] of a list of float arrays [T_n, d]."""
    lengths = [len(word) for word in words]
    frames = np.zeros((len(words), max(lengths), words[0].shape[1]), np.float32)
    for row, word in zip(frames, words, strict=True):
        row[: len(word)] = word
    return torch.from_numpy(frames).to(device), torch.tensor(lengths, device=device)


def learn_speech2vec(encoder, utterances, window, epochs, seed, rate=1e-3, batch_size=64):
    """Train ``encoder`` on spoken words, each to tell the frames of one near it; the last loss.

    In an epoch every word that has a neighbour comes once, with one neighbour drawn from its
    window (in the paper with all of them).

    Args:
        encoder: WordEncoder; it is changed.
        utterances: for each a list of the frames of its words, float [T, d].
        window: words on each side.
        epochs: passes over all words.
        seed: of all that is random.
        rate: of Adam.
        batch_size: words.
    """
    words = [word for utterance in utterances for word in utterance]
    pairs = context_pairs([len(one) for one in utterances], window)
    if not len(pairs):
        return math.nan
    device = next(encoder.parameters()).device
    model = _make_speech2vec(encoder, words[0].shape[1], seed).to(device)
    optimizer = torch.optim.Adam(model.parameters(), rate)
    random = np.random.default_rng(seed)
    centres, starts, counts = np.unique(pairs[:, 0], return_index=True, return_counts=True)
    for _ in range(epochs):
        total, drawn = 0.0, pairs[starts + random.integers(counts)]
        order = random.permutation(len(centres))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            spoken, near = (
                pad_words([words[n] for n in drawn[batch, side]], device) for side in (0, 1)
            )
            loss = model.loss(spoken, near)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            total += loss.item() * len(batch)
    return total / len(centres) if epochs else math.nan


def _make_speech2vec(encoder, num_inputs, seed):
    """A Speech2Vec around ``encoder``; the generator of the process goes on as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Speech2Vec(encoder, num_inputs, encoder.encoder.num_outputs)


@torch.no_grad()
def encode_words(encoder, words, batch_size=256):
    """Vectors float64 [N, width] of a list of the frames of spoken words, float [T, d]."""
    device = next(encoder.parameters()).device
    order = np.argsort([len(word) for word in words], kind="stable")
    found = np.empty((len(words), encoder.encoder.num_outputs))
    for start in range(0, len(order), batch_size):
        batch = order[start : start + batch_size]
        found[batch] = encoder(*pad_words([words[n] for n in batch], device)).cpu().numpy()
    return found


def mean_vectors(vectors, words, num_words):
    """Of each word the mean of the vectors [N, d] of where it is spoken: float64 [V, d].

    Args:
        vectors: float [N, d].
        words: int64 [N].
        num_words: V; a word that is never spoken gets zeros.
    """
    sums = np.zeros((num_words, vectors.shape[1]))
    np.add.at(sums, words, vectors)
    return sums / np.maximum(np.bincount(words, minlength=num_words), 1)[:, None]
