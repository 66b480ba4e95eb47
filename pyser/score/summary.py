"""The numbers of an experiment: metrics pooled and by fold, with intervals, from its scores."""

from dataclasses import dataclass

import numpy as np

from pyser.score.intervals import percentile_interval, resample_speakers
from pyser.score.metrics import METRICS, chance_levels, grouped_confusion, per_class


@dataclass(frozen=True)
class Estimate:
    """One metric of an experiment; all values in [0, 1], ``nan`` where undefined.

    Args:
        pooled: over the utterances of all folds together; with several seeds the mean of theirs.
        low, high: 95 % interval of ``pooled``, speakers resampled; ``nan`` for a single speaker.
        by_seed: the pooled value of each seed.
        folds_mean: mean over folds of the fold's value (its mean over seeds).
        folds_std: standard deviation of the same over folds (N - 1 in the denominator).
    """

    pooled: float
    low: float
    high: float
    by_seed: tuple[float, ...]
    folds_mean: float
    folds_std: float


@dataclass(frozen=True)
class Summary:
    """What is told about an experiment, or about a part of it.

    Args:
        metrics: Estimate of each metric by name: WA, UA, macro-F1.
        confusion: int64 ``[C, C]`` counts over all folds and seeds, reference in rows.
        per_class: recall, precision, f1, count ``[C]`` of that matrix.
        chance_ua, chance_wa: see :func:`pyser.score.metrics.chance_levels`.
        num_utterances, num_speakers: how many different ones were tested.
        folds, seeds: the ones that occur, in order.
    """

    metrics: dict[str, Estimate]
    confusion: np.ndarray
    per_class: dict[str, np.ndarray]
    chance_ua: float
    chance_wa: float
    num_utterances: int
    num_speakers: int
    folds: tuple[int, ...]
    seeds: tuple[int, ...]


def summarise(scores):
    """Compute the Summary of Scores (of one run or of a whole experiment)."""
    seeds, seed_index = np.unique(scores.seed, return_inverse=True)
    folds, fold_index = np.unique(scores.fold, return_inverse=True)
    speakers, speaker_index = np.unique(np.array(scores.speakers), return_inverse=True)
    by_fold = _count(scores, fold_index, len(folds), seed_index, len(seeds))
    by_speaker = _count(scores, speaker_index, len(speakers), seed_index, len(seeds))
    draws = resample_speakers(by_speaker) if len(speakers) > 1 else None
    matrix = by_fold.sum(axis=(0, 1))
    chance_ua, chance_wa = chance_levels(matrix)
    return Summary(
        metrics={name: _estimate(metric, by_fold, draws) for name, metric in METRICS.items()},
        confusion=matrix,
        per_class=per_class(matrix),
        chance_ua=float(chance_ua),
        chance_wa=float(chance_wa),
        num_utterances=len(set(scores.utterances)),
        num_speakers=len(speakers),
        folds=tuple(folds.tolist()),
        seeds=tuple(seeds.tolist()),
    )


def summarise_styles(scores):
    """The Summary of each style by name, sorted; empty with fewer than two styles."""
    names = sorted(set(scores.styles or ()))
    if len(names) < 2:
        return {}
    styles = np.array(scores.styles)
    return {name: summarise(scores.select(styles == name)) for name in names}


def _count(scores, index, size, seed_index, num_seeds):
    """Confusion matrices ``[size, seeds, C, C]``."""
    num_classes = len(scores.classes)
    groups = index * num_seeds + seed_index
    matrices = grouped_confusion(
        scores.reference, scores.hypothesis, num_classes, groups, size * num_seeds
    )
    return matrices.reshape(size, num_seeds, num_classes, num_classes)


def _estimate(metric, by_fold, draws):
    by_seed = metric(by_fold.sum(axis=0))
    folds = _mean_over_seeds(metric(by_fold))
    if draws is None:
        low = high = float("nan")
    else:
        low, high = percentile_interval(_mean_over_seeds(metric(draws)))
    return Estimate(
        pooled=float(by_seed.mean()),
        low=low,
        high=high,
        by_seed=tuple(by_seed.tolist()),
        folds_mean=float(folds.mean()),
        folds_std=float(folds.std(ddof=1)) if len(folds) > 1 else float("nan"),
    )


def _mean_over_seeds(values):
    """Mean over the last axis, over the seeds that have utterances (the others are ``nan``)."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=-1)
    return np.where(present.any(axis=-1), total / np.maximum(present.sum(axis=-1), 1), np.nan)
