"""Classification metrics, all computed from confusion matrices.

Every metric takes a confusion matrix ``[..., C, C]`` (rows: reference, columns: hypothesis, counts
of utterances) and keeps its leading dimensions, so that thousands of bootstrap draws cost one call.
Classes that do not occur are defined, not guessed: see each function. All values are in [0, 1],
and ``nan`` where nothing was counted.
"""

import numpy as np

from pyser.errors import InputError


def confusion(reference, hypothesis, num_classes):
    """Count (reference, hypothesis) pairs.

    Args:
        reference, hypothesis: integer arrays ``[N]`` of class indices in [0, num_classes).
        num_classes: C, which may exceed the number of classes that occur.

    Returns:
        int64 ``[C, C]``; ``result[r, h]`` utterances of class r were called h.

    Raises:
        InputError: the arrays differ in length, are not integers, or leave the range.
    """
    reference = np.asarray(reference)
    groups = np.zeros(reference.shape, np.int64)
    return grouped_confusion(reference, hypothesis, num_classes, groups, 1)[0]


def grouped_confusion(reference, hypothesis, num_classes, groups, num_groups):
    """Count (reference, hypothesis) pairs in each group of utterances, such as each speaker's.

    Args:
        reference, hypothesis, num_classes: as for :func:`confusion`.
        groups: integer array ``[N]`` of group indices in [0, num_groups).
        num_groups: G.

    Returns:
        int64 ``[G, C, C]``.
    """
    reference = _indices(reference, num_classes, "reference")
    hypothesis = _indices(hypothesis, num_classes, "hypothesis")
    groups = _indices(groups, num_groups, "groups")
    if not len(reference) == len(hypothesis) == len(groups):
        found = f"{len(reference)} reference and {len(hypothesis)} hypothesis labels"
        raise InputError(found, expected="one hypothesis (and one group) for each reference")
    cells = (groups * num_classes + reference) * num_classes + hypothesis
    counts = np.bincount(cells, minlength=num_groups * num_classes**2)
    return counts.reshape(num_groups, num_classes, num_classes).astype(np.int64)


def weighted_accuracy(matrix):
    """WA: the share of utterances that are right; each class weighs as much as it occurs.

    Args:
        matrix: confusion ``[..., C, C]``.

    Returns:
        float64 ``[...]``.
    """
    matrix = _confusion_matrix(matrix)
    return _ratio(_diagonal(matrix).sum(axis=-1), matrix.sum(axis=(-2, -1)))


def unweighted_accuracy(matrix):
    """UA (UAR, balanced accuracy): the mean of the recalls of the classes.

    The mean runs over the classes that occur in the reference; the others have no recall.

    Args:
        matrix: confusion ``[..., C, C]``.

    Returns:
        float64 ``[...]``.
    """
    return _mean_of_defined(recall(matrix))


def macro_f1(matrix):
    """Macro-F1: the mean of the F1 scores of the classes.

    The mean runs over the classes that occur in the reference or in the hypothesis, so a class
    that is hypothesised without ever being right counts as 0, and one that nobody named is left
    out.

    Args:
        matrix: confusion ``[..., C, C]``.

    Returns:
        float64 ``[...]``.
    """
    return _mean_of_defined(f1(matrix))


def recall(matrix):
    """Recall of each class ``[..., C]``; ``nan`` for a class absent from the reference."""
    matrix = _confusion_matrix(matrix)
    return _ratio(_diagonal(matrix), matrix.sum(axis=-1))


def precision(matrix):
    """Precision of each class ``[..., C]``; ``nan`` for a class absent from the hypothesis."""
    matrix = _confusion_matrix(matrix)
    return _ratio(_diagonal(matrix), matrix.sum(axis=-2))


def f1(matrix):
    """F1 of each class ``[..., C]``: 2 TP / (2 TP + FP + FN).

    ``nan`` for a class absent from both reference and hypothesis, 0 when absent from one.
    """
    matrix = _confusion_matrix(matrix)
    return _ratio(2 * _diagonal(matrix), matrix.sum(axis=-1) + matrix.sum(axis=-2))


def per_class(matrix):
    """Recall, precision, F1 (float64 ``[..., C]``) and count (int64) of each class, by name."""
    return {
        "recall": recall(matrix),
        "precision": precision(matrix),
        "f1": f1(matrix),
        "count": _confusion_matrix(matrix).sum(axis=-1),
    }


def chance_levels(matrix):
    """What knowing nothing earns: ``(UA, WA)``.

    UA is 1 / C over the C classes that occur in the reference, the expectation of every answer
    that ignores the input; WA is that of always naming the most frequent class.

    Args:
        matrix: confusion ``[..., C, C]``.

    Returns:
        two float64 ``[...]``.
    """
    counts = _confusion_matrix(matrix).sum(axis=-1)
    occurring = (counts > 0).sum(axis=-1)
    return _ratio(np.minimum(occurring, 1), occurring), _ratio(counts.max(-1), counts.sum(-1))


METRICS = {"WA": weighted_accuracy, "UA": unweighted_accuracy, "macro-F1": macro_f1}


def _indices(labels, limit, name):
    labels = np.asarray(labels)
    if labels.ndim != 1 or not (labels.size == 0 or np.issubdtype(labels.dtype, np.integer)):
        found = f"labels of type {labels.dtype} and shape {list(labels.shape)}"
        raise InputError(found, name, "an integer array [N]")
    outside = np.flatnonzero((labels < 0) | (labels >= limit))
    if outside.size:
        found = f"index {labels[outside[0]]} at position {outside[0]}"
        raise InputError(found, name, f"0 to {limit - 1}")
    return labels.astype(np.int64)


def _confusion_matrix(matrix):
    matrix = np.asarray(matrix)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
        raise InputError(f"array of shape {list(matrix.shape)}", "confusion", "shape [..., C, C]")
    return matrix


def _diagonal(matrix):
    return np.diagonal(matrix, axis1=-2, axis2=-1)


def _ratio(part, whole):
    """``part / whole`` in float64, ``nan`` where ``whole`` is 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)


def _mean_of_defined(values):
    defined = ~np.isnan(values)
    return _ratio(np.where(defined, values, 0.0).sum(axis=-1), defined.sum(axis=-1))
