"""Paired tests between two systems that answered the same utterances.

The test swaps the two systems' answers, speaker by speaker: if neither is better, a swap changes
nothing in distribution (a permutation test, exact for any metric; Good 2005, chapter 3). All seeds
of a speaker are swapped together and count by their mean, so a seed is never taken for another
speaker. It tests the trained systems at hand; the interval of the difference, made as in
:mod:`pyser.score.intervals`, is wider where the seeds of a system disagree.
"""

from dataclasses import dataclass
from math import comb

import numpy as np

from pyser.score.intervals import (
    half_width,
    leave_one_out,
    mean_over_seeds,
    seed_component,
    speaker_component,
)
from pyser.score.metrics import METRICS
from pyser.score.paired import pair

MAX_EXACT_SPEAKERS = 14  # beyond, 2^S swaps are drawn from, not enumerated
DRAWS = 9999
SEED = 0
_TIE = 1e-12  # of differences that rounding alone tells apart


@dataclass(frozen=True)
class Difference:
    """One metric of A less that of B; all in [-1, 1] but ``p``.

    Args:
        value: pooled over all folds, averaged over seeds.
        low, high: 95 % interval; ``nan`` for a single speaker.
        p: of the clustered permutation test, two-sided.
    """

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True)
class Comparison:
    """System A against system B.

    Args:
        metrics: Difference of each metric by name: WA, UA, macro-F1.
        mcnemar_p: McNemar's exact test over utterances. It takes them for independent, which
            utterances of one speaker are not; with several seeds the answers are those of the mean
            posterior.
        only_a, only_b: how many utterances only A, only B answered rightly there.
        num_speakers: S; no p of the permutation test is below 2^(1 - S).
        remarks: what keeps the two from being compared on equal terms, such as other seeds.
    """

    metrics: dict[str, Difference]
    mcnemar_p: float
    only_a: int
    only_b: int
    num_speakers: int
    remarks: tuple[str, ...] = ()


def compare(scores_a, scores_b, names=("the first system", "the second system")):
    """Compare the Scores of two systems; differences are A less B.

    Args:
        scores_a, scores_b: Scores.
        names: what errors and remarks call them.

    Raises:
        InputError: they were not tested on the same utterances with the same references, speakers
            and classes; names the first difference.
    """
    pairs = pair(scores_a, scores_b, names)
    only_a = int((pairs.right_a & ~pairs.right_b).sum())
    only_b = int((pairs.right_b & ~pairs.right_a).sum())
    return Comparison(
        metrics={
            name: difference(metric, pairs.by_speaker_a, pairs.by_speaker_b)
            for name, metric in METRICS.items()
        },
        mcnemar_p=mcnemar(only_a, only_b),
        only_a=only_a,
        only_b=only_b,
        num_speakers=len(pairs.by_speaker_a),
        remarks=pairs.remarks,
    )


def compare_all(systems):
    """Compare the first of several systems with each of the others.

    Args:
        systems: dict from name to Scores, the reference first.

    Returns:
        dict from the name of each other system to (Comparison of it with the reference, its p
        values by metric after Holm's adjustment over all rows).
    """
    (first, reference), *others = systems.items()
    rows = {name: compare(scores, reference, (name, first)) for name, scores in others}
    adjusted = {
        metric: holm([row.metrics[metric].p for row in rows.values()]) for metric in METRICS
    }
    return {
        name: (row, {metric: ps[index] for metric, ps in adjusted.items()})
        for index, (name, row) in enumerate(rows.items())
    }


def difference(metric, by_speaker_a, by_speaker_b):
    """The Difference of a metric, A less B; arguments as for ``difference_interval``."""
    a, b = by_speaker_a, by_speaker_b
    value = float(metric(a.sum(axis=0)).mean() - metric(b.sum(axis=0)).mean())
    p = permutation_p(metric, _mean(a), _mean(b))
    return Difference(value, *difference_interval(metric, a, b), p)


def difference_interval(metric, by_speaker_a, by_speaker_b):
    """The 95 % interval of the difference of a metric, pooled and averaged over seeds, A less B.

    Args:
        metric: function of confusion matrices ``[..., C, C]``, or of other sums (``[..., 6]`` of
            :mod:`pyser.score.concordance`).
        by_speaker_a, by_speaker_b: counts ``[S, K, C, C]`` (or other sums ``[S, K, ...]``, zeros
            where a seed did not test a speaker) of the same speakers; K may differ.

    Returns:
        (low, high) in [-1, 1]; ``nan`` for a single speaker, or where a metric has no value.
    """
    both = by_speaker_a, by_speaker_b
    seeds_a, seeds_b = (metric(by_speaker.sum(axis=0)) for by_speaker in both)
    value = float(seeds_a.mean() - seeds_b.mean())
    if len(by_speaker_a) < 2 or not np.isfinite(value):
        return float("nan"), float("nan")
    left_a, left_b = (leave_one_out(metric, by_speaker) for by_speaker in both)
    speakers = speaker_component(mean_over_seeds(left_a) - mean_over_seeds(left_b))
    seeds = seed_component((seeds_a, left_a), (seeds_b, left_b))
    reach = half_width([speakers, *seeds])
    return max(-1.0, value - reach), min(1.0, value + reach)


def _mean(by_speaker):
    """Mean counts ``[S, ...]`` over the seeds that tested the speaker, of ``[S, K, ...]``."""
    size, num_seeds, *cells = by_speaker.shape
    tested = by_speaker.reshape(size, num_seeds, -1).any(axis=2).sum(axis=1)
    return by_speaker.sum(axis=1) / np.maximum(tested, 1).reshape(size, *(1 for _ in cells))


def permutation_p(metric, matrices_a, matrices_b):
    """Two-sided p of the difference of a metric when speakers' answers are swapped at random.

    Args:
        metric: as for ``difference_interval``.
        matrices_a, matrices_b: counts ``[S, C, C]`` (or other sums) of the two systems for the same
            speakers; they may be means over seeds.

    Returns:
        The share of all swaps with at least as large a difference, up to 14 speakers; beyond, the
        same of 9999 drawn swaps and the one that was observed.
    """
    middle, half = (matrices_a + matrices_b) / 2, (matrices_a - matrices_b) / 2
    signs = _signs(len(half))
    shape = (-1, *half.shape[1:])
    swapped = (signs @ half.reshape(len(half), -1)).reshape(shape)
    middle = middle.sum(axis=0)
    differences = np.abs(metric(middle + swapped) - metric(middle - swapped))
    # row 0 swaps nothing: it is what was observed; where a metric has no value, nothing is less
    return float((~(differences < differences[0] - _TIE)).mean())


def _signs(num_speakers):
    """Swaps float64 ``[P, S]``: -1 swaps a speaker, the first row none.

    Swapping the other speakers instead gives the same difference with the other sign: all swaps
    are told by those that leave the last speaker alone.
    """
    if num_speakers <= MAX_EXACT_SPEAKERS:
        codes = np.arange(2 ** (num_speakers - 1))[:, None]
        return 1.0 - 2.0 * (codes >> np.arange(num_speakers) & 1)
    # raw 64-bit words: NumPy promises the same ones in every version
    words = np.random.PCG64(SEED).random_raw((DRAWS, num_speakers))
    drawn = 1.0 - 2.0 * (words >> np.uint64(63))
    return np.concatenate([np.ones((1, num_speakers)), drawn])


def mcnemar(only_a, only_b):
    """Two-sided p of McNemar's exact test: are the disagreements split as by a fair coin?

    Args:
        only_a, only_b: how many utterances the one, the other system alone answered rightly.
    """
    total, least = only_a + only_b, min(only_a, only_b)
    tail = sum(comb(total, count) for count in range(least + 1))
    return min(1.0, 2 * tail / 2**total)


def holm(ps):
    """Holm's step-down adjustment (Scandinavian Journal of Statistics 6, 1979) of p values.

    An adjusted value below 0.05 is a difference that holds with all the others of the table: the
    chance that any of them is a false one stays below 5 %.

    Args:
        ps: sequence of N p values.

    Returns:
        list of N adjusted values, in the same order.
    """
    adjusted, largest = [0.0] * len(ps), 0.0
    for rank, index in enumerate(sorted(range(len(ps)), key=lambda index: ps[index])):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = largest
    return adjusted
