"""The answers of a system as confusion matrices of groups of utterances, in each seed."""

import numpy as np

from pyser.score.metrics import grouped_confusion


def count_by_speaker(scores):
    """Confusion matrices int64 ``[S, K, C, C]`` of Scores: speakers and seeds, both sorted."""
    return count_by(scores, np.unique(np.array(scores.speakers), return_inverse=True)[1])


def count_by(scores, groups):
    """Confusion matrices int64 ``[G, K, C, C]`` of each group's utterances in each seed.

    Args:
        scores: Scores.
        groups: int array ``[N]``, the group of each row, 0 to G - 1.
    """
    seeds, seed = np.unique(scores.seed, return_inverse=True)
    size, num_seeds, num_classes = int(groups.max()) + 1, len(seeds), len(scores.classes)
    cells = groups * num_seeds + seed
    answers = scores.reference, scores.hypothesis, num_classes
    matrices = grouped_confusion(*answers, cells, size * num_seeds)
    return matrices.reshape(size, num_seeds, num_classes, num_classes)
