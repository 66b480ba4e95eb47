"""Kaldi's cepstral mean and variance normalisation: its tools' names and semantics, on arrays.

A statistics matrix is float64 [2, D + 1]: the sums of the D columns and the number of frames, below
them the sums of squares and 0. With n frames,

    mean = sum / n      variance = sum of squares / n - mean^2      z = (x - mean) / sqrt(variance)

Sums are in double precision, frame after frame within an utterance, then utterance after utterance:
the order is part of the result. Kaldi's differ by rounding, for it squares in float32 and adds the
frames of all utterances of a speaker in one go.
"""

from collections.abc import Mapping

import numpy as np

from pyser import _native
from pyser.data.reader import FeatureReader
from pyser.errors import InputError

_LEAST_VARIANCE = 1e-20  # as in Kaldi: of a constant column only rounding is left, times 1e10


def compute_cmvn_stats(features, spk2utt=None, weights=None):
    """Statistics, as ``compute-cmvn-stats`` makes them.

    Args:
        features: float [T, D], used as float32; or a mapping from utterance to such, for instance a
            FeatureReader.
        spk2utt: mapping from speaker to his utterances, a list or one str; of a mapping only.
        weights: how much each frame counts, float [T], none negative; of one matrix only.

    Returns:
        float64 [2, D + 1]; of a mapping a dict of those per utterance or, with ``spk2utt``, per
        speaker, in the orders of these mappings. A speaker's utterances are added as listed.

    Raises:
        InputError: no frames, or none of weight; a value that is not finite; differing D; an
            utterance of a speaker without features.
    """
    if not isinstance(features, Mapping):
        if spk2utt is not None:
            raise InputError("spk2utt of one matrix", expected="a mapping of utterances")
        return _frame_stats(features, weights)
    if weights is not None:
        raise InputError("weights of a mapping", expected="one matrix and its weights")
    if spk2utt is None:
        return utterance_stats(features, features)
    utterances = {s: u.split() if isinstance(u, str) else list(u) for s, u in spk2utt.items()}
    for speaker, names in utterances.items():
        if not names:
            raise InputError("no utterances", f"speaker {speaker}", "at least one")
        _check_known(features, names, f"speaker {speaker}")
    everyone = dict.fromkeys(name for names in utterances.values() for name in names)
    per_utterance = utterance_stats(features, everyone)
    return {speaker: sum_stats(per_utterance, names) for speaker, names in utterances.items()}


def utterance_stats(features, utterances):
    """Statistics of each utterance; of archives, those that are kept beside them, or in one pass.

    Args:
        features: mapping from utterance to float [T, D].
        utterances: iterable of names.

    Returns:
        dict from utterance to float64 [2, D + 1]; the same bytes from wherever they come.

    Raises:
        InputError: no frames, a value that is not finite, or D is not that of the first.
    """
    found, columns = {}, None
    is_archive = isinstance(features, FeatureReader)
    archived = features.stats_lookup() if is_archive else lambda utterance: None
    for utterance in utterances:
        stats = archived(utterance)
        if stats is None or not np.isfinite(stats).all():
            stats = _frame_stats(features[utterance], where=utterance)
        found[utterance] = stats
        columns = columns or stats.shape[1]
        if stats.shape[1] != columns:
            sizes = f"{stats.shape[1] - 1} columns, the first utterance {columns - 1}"
            raise InputError(f"features have {sizes}", utterance, "the same number in all")
    return found


def sum_stats(per_utterance, utterances):
    """Add up statistics, in the order of ``utterances``, so that the sum is always the same."""
    total = None
    for utterance in utterances:
        stats = per_utterance[utterance]
        total = stats.copy() if total is None else total + stats
    return total


def apply_cmvn(features, stats, norm_means=True, norm_vars=False, reverse=False, skip_dims=()):
    """Normalise, as ``apply-cmvn`` does.

    Args:
        features: float [T, D], used as float32.
        stats: float [2, D + 1], or [1, D + 1] if variances are not normalised.
        norm_means: subtract the mean; if false, features are only copied.
        norm_vars: divide by the standard deviation too.
        reverse: undo it: give features of mean 0 and variance 1 those of ``stats``.
        skip_dims: columns, from 0, that stay as they are.

    Returns:
        float32 [T, D].

    Raises:
        InputError: statistics of less than one frame, of another D, or that are not finite.
    """
    features = _rows(features)
    if norm_vars and not norm_means:
        raise InputError("norm_vars without norm_means", expected="both")
    mean, deviation = _moments(stats, features.shape[1], norm_vars)
    skipped = np.asarray(skip_dims, dtype=np.int64)
    if ((skipped < 0) | (skipped >= len(mean))).any():
        raise InputError(
            f"skip_dims {list(skip_dims)}", expected=f"columns of 0 to {len(mean) - 1}"
        )
    mean[skipped], deviation[skipped] = 0.0, 1.0
    if not norm_means:
        return features.copy()
    if reverse:  # x deviation + mean
        return _native.normalise(features, -mean / deviation, deviation)
    return _native.normalise(features, mean, 1.0 / deviation)


def apply_cmvn_sliding(features, cmn_window=600, min_cmn_window=100, norm_vars=False, center=False):
    """Normalise each frame by the frames around or before it, as ``apply-cmvn-sliding`` does.

    Args:
        features: float [T, D], used as float32.
        cmn_window: frames of the window; without ``center`` those before the frame.
        min_cmn_window: of the first frames, so many at least; without ``center``.
        norm_vars: divide by the standard deviation too (of variances of 1e-10 at least).
        center: the window has the frame in its middle, as far as there are frames.

    Returns:
        float32 [T, D].

    Raises:
        InputError: a window without frames, or a value that is not finite.
    """
    features = _rows(features)
    if cmn_window < 1 or min_cmn_window < 1:
        raise InputError(
            f"windows of {cmn_window} and {min_cmn_window}", expected="1 frame or more"
        )
    _check_finite(features)
    return _native.normalise_sliding(features, cmn_window, min_cmn_window, norm_vars, center)


def _frame_stats(features, weights=None, where=None):
    features = _rows(features, where)
    if not len(features):
        raise InputError("features have no frames", where, "at least one frame")
    if weights is not None:
        weights = _weights(weights, len(features), where)
        _check_finite(features[weights > 0], where)
    stats = _native.cmvn_stats(features, weights)
    if not np.isfinite(stats).all():
        _check_finite(features, where)
    return stats


def _rows(features, where=None):
    features = np.asarray(features)
    if features.ndim != 2:
        raise InputError(f"features have the shape {list(features.shape)}", where, "[T, D]")
    with np.errstate(over="ignore"):  # what is infinite then is found by whoever minds
        return np.ascontiguousarray(features, dtype=np.float32)


def _weights(weights, num_frames, where):
    weights = np.ascontiguousarray(weights, dtype=np.float32)
    if weights.shape != (num_frames,):
        found = f"weights have the shape {list(weights.shape)}"
        raise InputError(found, where, f"[{num_frames}], one for each frame")
    if not (np.isfinite(weights) & (weights >= 0)).all() or not weights.any():
        found = "weights are all 0" if not weights.any() else "a weight is negative or not finite"
        raise InputError(found, where, "weights from 0 up, one of them above 0")
    return weights


def _check_finite(features, where=None):
    rows = np.flatnonzero(~np.isfinite(features).all(axis=1))
    if len(rows):
        raise InputError(f"features are not finite in row {rows[0]}", where, "finite numbers")


def _check_known(features, utterances, where):
    for utterance in utterances:
        if utterance not in features:
            raise InputError(f"no features of utterance {utterance}", where, "features of all")


def _moments(stats, dim, norm_vars):
    """Means and standard deviations (float64 [D] each); the latter are 1 without ``norm_vars``."""
    stats = np.asarray(stats, dtype=np.float64)
    rows = (2,) if norm_vars else (1, 2)
    if stats.ndim != 2 or stats.shape[0] not in rows or stats.shape[1] != dim + 1:
        found = f"statistics have the shape {list(stats.shape)}, features {dim} columns"
        raise InputError(found, expected=f"statistics [2, {dim + 1}]")
    count = stats[0, -1]
    if not np.isfinite(stats).all() or count < 1:
        raise InputError(
            f"statistics of {count:g} frames", expected="finite ones of a frame or more"
        )
    mean = stats[0, :-1] / count
    if not norm_vars:
        return mean, np.ones(dim)
    return mean, np.sqrt(np.maximum(stats[1, :-1] / count - mean * mean, _LEAST_VARIANCE))
