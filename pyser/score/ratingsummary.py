"""CCC of each dimension of Ratings, with intervals, and of two systems against each other."""

from dataclasses import dataclass

import numpy as np

from pyser.errors import InputError
from pyser.score.concordance import concordance, concordance_interval, moments
from pyser.score.intervals import mean_over_seeds
from pyser.score.paired import unequal_terms
from pyser.score.significance import difference, holm
from pyser.score.summary import Estimate
from pyser.score.text import plural


@dataclass(frozen=True)
class RatingSummary:
    """What is told about an experiment with ratings.

    Args:
        ccc: Estimate of each dimension by name; values in [-1, 1].
        mean: mean over dimensions of the pooled values, ``nan`` where one has none.
        num_utterances, num_speakers: how many different ones were tested.
        folds, seeds: the ones that occur, in order.
    """

    ccc: dict[str, Estimate]
    mean: float
    num_utterances: int
    num_speakers: int
    folds: tuple[int, ...]
    seeds: tuple[int, ...]


def summarise_ratings(ratings):
    """Compute the RatingSummary of Ratings (of one run or of a whole experiment)."""
    folds, fold_index = np.unique(ratings.fold, return_inverse=True)
    speakers, speaker_index = np.unique(np.array(ratings.speakers), return_inverse=True)
    ccc = {
        name: _estimate(*(_sums(ratings, place, index) for index in (fold_index, speaker_index)))
        for place, name in enumerate(ratings.dimensions)
    }
    return RatingSummary(
        ccc=ccc,
        mean=float(np.mean([estimate.pooled for estimate in ccc.values()])),
        num_utterances=len(set(ratings.utterances)),
        num_speakers=len(speakers),
        folds=tuple(folds.tolist()),
        seeds=tuple(sorted(set(ratings.seed.tolist()))),
    )


def _sums(ratings, place, groups):
    """Moments float64 [G, K, 6] of dimension number ``place``: of each group in each seed."""
    seeds, seed = np.unique(ratings.seed, return_inverse=True)
    size = int(groups.max()) + 1
    reference, estimate = ratings.reference[:, place], ratings.estimate[:, place]
    # sums of squares lose digits where means are far from 0; CCC does not see a common shift
    middle = (reference.min() + reference.max()) / 2
    cells = groups * len(seeds) + seed
    sums = moments(reference - middle, estimate - middle, cells, size * len(seeds))
    return sums.reshape(size, len(seeds), -1)


def _estimate(by_fold, by_speaker):
    by_seed = concordance(by_fold.sum(axis=0))
    folds = mean_over_seeds(concordance(by_fold))
    several = np.isfinite(folds).sum() > 1
    return Estimate(
        float(by_seed.mean()),
        *concordance_interval(by_speaker),
        by_seed=tuple(by_seed.tolist()),
        folds_mean=float(np.nanmean(folds)) if np.isfinite(folds).any() else float("nan"),
        folds_std=float(np.nanstd(folds, ddof=1)) if several else float("nan"),
    )


def compare_ratings(ratings_a, ratings_b, names=("the first system", "the second system")):
    """The Difference of CCC, A less B, of each dimension by name.

    Args:
        ratings_a, ratings_b: Ratings.
        names: what errors call them.

    Raises:
        InputError: they were not tested on the same utterances with the same references.
    """
    if ratings_a.dimensions != ratings_b.dimensions:
        found = f"has the dimensions {' '.join(ratings_b.dimensions)}"
        raise InputError(found, names[1], f"{' '.join(ratings_a.dimensions)}, as {names[0]}")
    tested = [_tested(ratings) for ratings in (ratings_a, ratings_b)]
    if tested[0] != tested[1]:
        (first, *_) = sorted({name for name, *_ in tested[0] ^ tested[1]})
        found = f"utterance {first} has not the speaker and references it has in {names[0]}"
        raise InputError(found, names[1], remedy="compare systems tested on the same utterances")
    systems = ratings_a, ratings_b
    speakers = [np.unique(np.array(one.speakers), return_inverse=True)[1] for one in systems]
    return {
        name: difference(
            concordance,
            *(_sums(one, place, index) for one, index in zip(systems, speakers, strict=True)),
        )
        for place, name in enumerate(ratings_a.dimensions)
    }


def _tested(ratings):
    """The set of (utterance, speaker, references) that were tested."""
    references = map(tuple, ratings.reference.tolist())
    return set(zip(ratings.utterances, ratings.speakers, references, strict=True))


def ccc_text(value, sign=""):
    """A CCC with three decimals, ``-`` where it has no value; ``sign`` as for ``format``."""
    return "-" if np.isnan(value) else f"{value:{sign}.3f}"


def rating_lines(summary):
    """The RatingSummary as lines of plain text, for a terminal."""
    lines = [f"{'CCC':<14}{'pooled':>8}{'95 % interval':>20}{'mean of folds +- std':>24}"]
    for name, estimate in summary.ccc.items():
        limits = span_text(estimate, "{} to {}")
        spread = " +- ".join(map(ccc_text, (estimate.folds_mean, estimate.folds_std)))
        lines.append(f"{name:<14}{ccc_text(estimate.pooled):>8}{limits:>20}{spread:>24}")
        if len(summary.seeds) > 1:
            lines[-1] += "   seeds: " + " ".join(map(ccc_text, estimate.by_seed))
    counts = [
        plural(len(summary.folds), "fold"),
        plural(len(summary.seeds), "seed"),
        plural(summary.num_utterances, "utterance"),
        plural(summary.num_speakers, "speaker"),
    ]
    lines += [f"{'mean':<14}{ccc_text(summary.mean):>8}"]
    return [*lines, f"({', '.join(counts)}; knowing nothing: 0)"]


def span_text(estimate, template="[{}, {}]", sign=""):
    """The interval of an Estimate or Difference of CCC as text, ``-`` when there is none."""
    if np.isnan(estimate.low):
        return "-"
    return template.format(*(ccc_text(value, sign) for value in (estimate.low, estimate.high)))


def rating_comparison_text(systems):
    """Compare systems with the first of them, as lines for a terminal.

    Args:
        systems: dict from name to Ratings, the reference first.

    Raises:
        InputError: a system was not tested on what the first was tested on.
    """
    (first, reference), *others = systems.items()
    found = {name: compare_ratings(own, reference, (name, first)) for name, own in others}
    adjusted = iter(holm([one.p for parts in found.values() for one in parts.values()]))
    width = max(len(name) for name in systems)
    lines = [
        f"CCC less that of {first}, with its 95 % interval; p: answers swapped by speaker; Holm: "
        "adjusted for all lines"
    ]
    for name, parts in found.items():
        for dimension, one in parts.items():
            span = span_text(one, sign="+")
            lines.append(
                f"{name:<{width}}  {dimension:<12}{ccc_text(one.value, '+'):>8} {span:>18}"
                f"  p {one.p:.3f}  Holm {next(adjusted):.3f}"
            )
    for name, own in others:
        remarks = unequal_terms(own, reference, (name, first))
        lines += [f"WARNING: {name}: {remark}" for remark in remarks]
    return "\n".join(lines)
