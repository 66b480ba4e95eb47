"""The numbers of an experiment: metrics pooled and by fold, with intervals, from its scores."""

from dataclasses import dataclass

import numpy as np

from pyser.score.counts import count_by
from pyser.score.intervals import mean_over_seeds, metric_interval
from pyser.score.metrics import METRICS, chance_levels, per_class


@dataclass(frozen=True)
class Estimate:
    """One metric of an experiment; all values in [0, 1], ``nan`` where undefined.

    Args:
        pooled: over the utterances of all folds together; with several seeds the mean of theirs.
        low, high: 95 % interval of ``pooled`` (:func:`pyser.score.intervals.metric_interval`);
            ``nan`` for a single speaker.
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
    folds, fold_index = np.unique(scores.fold, return_inverse=True)
    speakers, speaker_index = np.unique(np.array(scores.speakers), return_inverse=True)
    by_fold, by_speaker = count_by(scores, fold_index), count_by(scores, speaker_index)
    num_utterances = len(set(scores.utterances))
    matrix = by_fold.sum(axis=(0, 1))
    chance_ua, chance_wa = chance_levels(matrix)
    return Summary(
        metrics={
            name: _estimate(metric, by_fold, by_speaker, num_utterances)
            for name, metric in METRICS.items()
        },
        confusion=matrix,
        per_class=per_class(matrix),
        chance_ua=float(chance_ua),
        chance_wa=float(chance_wa),
        num_utterances=num_utterances,
        num_speakers=len(speakers),
        folds=tuple(folds.tolist()),
        seeds=tuple(sorted(set(scores.seed.tolist()))),
    )


def summarise_styles(scores):
    """The Summary of each style by name, sorted; empty with fewer than two styles."""
    names = sorted(set(scores.styles or ()))
    if len(names) < 2:
        return {}
    styles = np.array(scores.styles)
    return {name: summarise(scores.select(styles == name)) for name in names}


def _estimate(metric, by_fold, by_speaker, num_utterances):
    by_seed = metric(by_fold.sum(axis=0))
    folds = mean_over_seeds(metric(by_fold))
    low, high = metric_interval(metric, by_speaker, num_utterances)
    return Estimate(
        pooled=float(by_seed.mean()),
        low=low,
        high=high,
        by_seed=tuple(by_seed.tolist()),
        folds_mean=float(folds.mean()),
        folds_std=float(folds.std(ddof=1)) if len(folds) > 1 else float("nan"),
    )
