"""Selective answers: how accurate a system is that may keep silent where it is least sure.

Answers are ranked by confidence, the posterior of the class that was answered. Coverage is the
share that is given, the surest first; risk the share of wrong ones among them; AURC the area under
the risk-coverage curve (Geifman & El-Yaniv, NIPS 2017). A temperature that differs between runs
changes the ranking, so calibrated posteriors may rank better.
"""

from dataclasses import dataclass

import numpy as np

SHOWN = (0.5, 0.8, 0.9, 1.0)  # coverages that a table shows


@dataclass(frozen=True)
class Selective:
    """The risk-coverage curve; all values in [0, 1]; with several seeds the mean of theirs.

    Args:
        coverage: float64 ``[100]``: 0.01, 0.02 ... 1.
        accuracy: share of right ones among the surest, ``[100]``; 1 less the risk.
        aurc: mean risk over the coverages 1/N, 2/N ... 1.
    """

    coverage: np.ndarray
    accuracy: np.ndarray
    aurc: float

    def at(self, coverage):
        """The accuracy at a coverage, a multiple of 0.01."""
        return float(self.accuracy[round(100 * coverage) - 1])


def selective(scores):
    """The Selective of Scores: ranked over all folds together, in each seed alone."""
    confidence = scores.log_posteriors[np.arange(len(scores)), scores.hypothesis]
    right = scores.hypothesis == scores.reference
    parts = [scores.seed == seed for seed in sorted(set(scores.seed.tolist()))]
    curves = [_accuracies(confidence[part], right[part]) for part in parts]
    coverage = np.arange(1, 101) / 100
    # the least whole number of answers that is that share; 1e-9: 0.07 * 100 is above 7
    picked = [
        curve[np.ceil(coverage * len(curve) - 1e-9).astype(int).clip(1) - 1] for curve in curves
    ]
    risks = [1 - curve.mean() for curve in curves]
    return Selective(coverage, np.mean(picked, axis=0), float(np.mean(risks)))


def _accuracies(confidence, right):
    """Accuracy of the 1, 2 ... N surest answers; equally sure ones count by their mean."""
    ranked, group = np.unique(-confidence, return_inverse=True)
    ends = np.cumsum(np.bincount(group, minlength=len(ranked)))
    gained = np.cumsum(np.bincount(group, right, len(ranked)))
    given = np.arange(1, len(confidence) + 1)
    return np.interp(given, [0, *ends], [0, *gained]) / given
