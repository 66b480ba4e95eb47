"""Sequences of labels by plain enumeration, the oracle of models that sum over them."""

import itertools

import numpy as np


def log_softmax(rows):
    """Of each row of an array, in float64."""
    rows = np.asarray(rows, np.float64)
    rows = rows - rows.max(axis=-1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=-1, keepdims=True))


def enumerated(labels, weight):
    """Log of the sum over all sequences of null (0) and c (1) of each class c.

    Args:
        labels: logarithms of posteriors [T, C + 1] of one utterance, null first.
        weight: of a sequence, a tuple of 0 and 1.
    """
    found = []
    for c in range(1, labels.shape[1]):
        total = 0.0
        for sequence in itertools.product((0, 1), repeat=len(labels)):
            chosen = [labels[t, c * is_c] for t, is_c in enumerate(sequence)]
            total += weight(sequence) * np.exp(sum(chosen))
        found.append(np.log(total))
    return np.array(found)


def padded(utterances):
    """Arrays [T, d] as rows [B, longest, d]; NaN beyond their ends."""
    rows = np.full((len(utterances), max(map(len, utterances)), utterances[0].shape[1]), np.nan)
    for row, utterance in zip(rows, utterances, strict=True):
        row[: len(utterance)] = utterance
    return rows
