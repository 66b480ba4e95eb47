"""Calibration: do answers given with posterior 0.8 turn out right in eight of ten cases?

The confidence of an answer is the posterior of the class that was answered. The expected
calibration error (ECE; Guo et al., ICML 2017) is the distance between the mean confidence and the
share of right answers, averaged over bins of confidence and weighted by their size. Two kinds of
bins are told, since neither alone is to be trusted: of equal width, where most answers may fall
into one bin, and of equal mass. One temperature T divides the log-posteriors of a run; it is fitted
on the dev utterances of that run's fold, never on test. It changes no answer.
"""

from dataclasses import dataclass, replace

import numpy as np

from pyser.errors import InputError

BINS = 15
LOWEST, HIGHEST = 0.05, 20.0  # of temperatures
DECIMALS = 6  # of a fitted temperature


@dataclass(frozen=True)
class Bins:
    """What the answers in each of B bins of confidence are worth; ``nan`` in an empty bin.

    Args:
        edges: float64 ``[B + 1]``, from 0 to 1; a bin includes its upper edge.
        count: int64 ``[B]``.
        confidence: mean confidence ``[B]``.
        accuracy: share of right answers ``[B]``.
    """

    edges: np.ndarray
    count: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self):
        """The ECE of these bins, in [0, 1]."""
        gaps = np.abs(np.nan_to_num(self.confidence - self.accuracy))
        return float((gaps * self.count).sum() / self.count.sum())


@dataclass(frozen=True)
class Reliability:
    """How good the posteriors of a system are, as such.

    Args:
        ece: over bins of equal width.
        ece_equal_mass: over bins with equally many answers (as far as equal confidences allow).
        nll: mean negative log-posterior of the reference, in nats.
        bins: Bins of equal width, for a reliability diagram.
    """

    ece: float
    ece_equal_mass: float
    nll: float
    bins: Bins


@dataclass(frozen=True)
class Calibration:
    """Reliability of the posteriors as they are and, if there are temperatures, with these."""

    before: Reliability
    after: Reliability | None = None


def calibration(scores, temperatures=None):
    """The Calibration of Scores; all rows count alike, those of several seeds together.

    Args:
        scores: Scores.
        temperatures: (fold, seed) -> T for every run in ``scores``, or ``None``.

    Raises:
        InputError: a run has no temperature, or one that is not positive.
    """
    before = reliability(scores)
    if not temperatures:
        return Calibration(before)
    return Calibration(before, reliability(at_temperatures(scores, temperatures)))


def at_temperatures(scores, temperatures):
    """``scores`` with the posteriors of each run at its temperature; see :func:`calibration`."""
    runs = list(zip(scores.fold.tolist(), scores.seed.tolist(), strict=True))
    for run in sorted(set(runs)):
        found = temperatures.get(run)
        if found is None or not found > 0:
            where = "fold {} seed {}".format(*run)
            raise InputError(f"temperature {found}", where, "a positive number for every run")
    column = np.array([temperatures[run] for run in runs])[:, None]
    return replace(scores, log_posteriors=_normalised(scores.log_posteriors / column))


def fit_temperature(scores):
    """The temperature at which the posteriors of ``scores`` (dev utterances) have the lowest NLL.

    The NLL is convex in 1 / T, so its slope is bisected. Where it has no minimum, such as when all
    answers are right, the result is 0.05 or 20, the ends of what is tried.
    """
    logits, rows = scores.log_posteriors, np.arange(len(scores))
    wanted = logits[rows, scores.reference].mean()
    low, high = np.log(1 / HIGHEST), np.log(1 / LOWEST)
    for _ in range(60):
        middle = (low + high) / 2
        posteriors = np.exp(_normalised(np.exp(middle) * logits))
        slope = (posteriors * logits).sum(axis=1).mean() - wanted
        low, high = (low, middle) if slope > 0 else (middle, high)
    return round(float(np.exp(-(low + high) / 2)), DECIMALS)


def reliability(scores):
    """The Reliability of the posteriors of Scores as they are."""
    posteriors = _normalised(scores.log_posteriors)
    rows = np.arange(len(scores))
    confidence = np.exp(posteriors[rows, scores.hypothesis])
    right = scores.hypothesis == scores.reference
    bins = fill_bins(np.linspace(0, 1, BINS + 1), confidence, right)
    return Reliability(
        ece=bins.error,
        ece_equal_mass=fill_bins(_equal_mass_edges(confidence), confidence, right).error,
        nll=float(-posteriors[rows, scores.reference].mean()),
        bins=bins,
    )


def fill_bins(edges, confidence, right):
    """Sort answers into Bins.

    Args:
        edges: increasing ``[B + 1]``, 0 first and 1 last.
        confidence: float ``[N]`` in [0, 1].
        right: bool ``[N]``.
    """
    size = len(edges) - 1
    index = np.searchsorted(edges[1:-1], confidence, side="left")
    count = np.bincount(index, minlength=size)
    some = np.where(count, count, np.nan)
    return Bins(
        edges=edges,
        count=count,
        confidence=np.bincount(index, confidence, size) / some,
        accuracy=np.bincount(index, right, size) / some,
    )


def _equal_mass_edges(confidence):
    """Edges of bins with equally many answers; equal confidences are never torn apart."""
    last = np.arange(1, BINS) * len(confidence) // BINS - 1
    inner = np.unique(np.sort(confidence)[last[last >= 0]])
    return np.array([0.0, *inner[inner < 1], 1.0])


def _normalised(logits):
    """Log-posteriors ``[N, C]`` that sum to one, of logarithms that need not."""
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
