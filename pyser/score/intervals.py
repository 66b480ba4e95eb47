"""Intervals for metrics: what another draw of speakers, and of seeds, could have given.

What is covered is the value that the pooled metric tends to when ever more speakers (and, with
several seeds, ever more seeds) are drawn from where these came from: for WA the accuracy expected
for an utterance of a new speaker. With one seed it is the value of that seed's models, and the
interval says nothing of other seeds.

Utterances of one speaker are not independent, so the speakers are what is counted. Leaving out one
speaker at a time gives the variance due to them (delete-one-cluster jackknife; Efron & Tibshirani
1993, chapter 11). Seeds are crossed with speakers: by how much the seeds' values vary more than the
interaction of speakers and seeds explains is added, as in a two-way analysis of variance with
random effects. The interval is Student's on the log-odds, so it stays within [0, 1], with
Satterthwaite's degrees of freedom (Biometrics Bulletin 2, 1946) for the sum; where seeds add
nothing these are the speakers less one. Percentiles of a bootstrap over few speakers are too
narrow: ``tests/bench/intervals.py`` shows both on simulated systems, and
``tests/unit/test_score_coverage.py`` holds this method to 92-98 %.

Models of different folds share training speakers, so their errors are not quite independent; no
estimate of that part exists for one round of cross-validation (Bengio & Grandvalet 2004), and none
is made here.
"""

import numpy as np

LEVEL = 0.95
METHOD = (
    "Student's interval on the log-odds, its variance from leaving out one speaker at a time"
    " and, with several seeds, from the differences between seeds"
)


def metric_interval(metric, by_speaker, num_utterances, level=LEVEL):
    """The interval of a metric, pooled over speakers in each seed and averaged over seeds.

    Args:
        metric: function of confusion matrices ``[..., C, C]``, with values in [0, 1].
        by_speaker: counts ``[S, K, C, C]`` of S speakers in K seeds; zeros where a seed did not
            test a speaker.
        num_utterances: how many were tested. All right, or all wrong, the interval is the exact
            binomial one for as many independent answers.
        level: share of intervals that cover the true value.

    Returns:
        (low, high) in [0, 1]; ``nan`` for a single speaker.
    """
    if len(by_speaker) < 2:
        return float("nan"), float("nan")
    by_seed = metric(by_speaker.sum(axis=0))
    estimate = float(by_seed.mean())
    if estimate in (0.0, 1.0):
        beyond = ((1 - level) / 2) ** (1 / num_utterances)
        return (beyond, 1.0) if estimate else (0.0, 1 - beyond)
    left_out = leave_one_out(metric, by_speaker)
    components = [
        speaker_component(mean_over_seeds(left_out)),
        *seed_component((by_seed, left_out)),
    ]
    slope = estimate * (1 - estimate)  # of the inverse of the log-odds
    reach = half_width(components, level) / slope
    log_odds = np.log(estimate / (1 - estimate))
    low, high = 1 / (1 + np.exp(-np.clip([log_odds - reach, log_odds + reach], -700, 700)))
    return float(low), float(high)


def leave_one_out(metric, by_speaker):
    """The metric without each speaker in turn: float64 ``[S, K]`` of counts ``[S, K, C, C]``."""
    return metric(by_speaker.sum(axis=0) - by_speaker)


def speaker_component(left_out):
    """(variance, degrees of freedom) of a value, from those without one speaker each ``[S]``."""
    left_out = left_out[np.isfinite(left_out)]
    size = len(left_out)
    return (size - 1) * float(left_out.var()), size - 1


def seed_component(*systems):
    """What the variance of the mean over seeds has beyond the part that is due to speakers.

    Args:
        systems: for each system, values by seed ``[K]`` and the same without one speaker each
            ``[S, K]``. Of two systems it is the variance of their difference; their seeds have
            nothing in common but the numbers.

    Returns:
        [(variance, degrees of freedom)]; [] where there is nothing, as for a single seed. The
        degrees are those of the seeds. Those of the difference that this variance is would vanish
        as it does, and the interval would have no end.
    """
    total, crossed, squares = 0.0, 0.0, 0.0
    for by_seed, left_out in systems:
        num_seeds = len(by_seed)
        if num_seeds > 1:
            seeds = float(by_seed.var(ddof=1)) / num_seeds
            total += seeds
            crossed += _interaction(left_out)  # is in the speakers' variance already
            squares += seeds**2 / (num_seeds - 1)
    return [(total - crossed, total**2 / squares)] if total > crossed else []


def _interaction(left_out):
    """The variance of the mean over seeds that differences of speakers between seeds make."""
    num_speakers, num_seeds = left_out.shape
    by_seed, by_speaker = left_out.mean(axis=0), left_out.mean(axis=1, keepdims=True)
    residuals = left_out - by_seed - by_speaker + left_out.mean()
    # a seed that tested one speaker only leaves nothing without it: then nothing is known
    squares = np.nan_to_num(float((residuals**2).sum()))
    return (num_speakers - 1) / num_speakers * squares / (num_seeds * (num_seeds - 1))


def half_width(components, level=LEVEL):
    """How far Student's interval reaches to either side.

    Args:
        components: (variance, degrees of freedom) of independent terms of the variance.
        level: coverage of the interval.
    """
    from scipy.special import stdtrit  # loaded when an interval is wanted, not with pyser

    total = sum(variance for variance, _ in components)
    if not total > 0:
        return 0.0
    degrees = total**2 / sum(variance**2 / freedom for variance, freedom in components)
    return float(stdtrit(degrees, (1 + level) / 2)) * total**0.5


def mean_over_seeds(values):
    """Mean over the last axis, over the seeds that have utterances (the others are ``nan``)."""
    present = ~np.isnan(values)
    total = np.where(present, values, 0.0).sum(axis=-1)
    return np.where(present.any(axis=-1), total / np.maximum(present.sum(axis=-1), 1), np.nan)
