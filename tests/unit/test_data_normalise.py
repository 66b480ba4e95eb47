"""Normalisation: Kaldi's form of the statistics, z-scores, and columns that do not vary."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pyser.data.normalise import Normaliser, load_stats, mean_and_scale
from pyser.errors import FileError, InputError
from pyser.frontend.cmvn import compute_cmvn_stats, sum_stats, utterance_stats

RNG = np.random.default_rng(1)
FEATURES = {
    name: RNG.normal(10, 3, (n, 4)).astype(np.float32)
    for name, n in zip("abc", (5, 1, 9), strict=True)
}


def test_kaldi_form_by_hand():
    stats = compute_cmvn_stats(np.array([[1, 10], [3, 20]], dtype=np.float32))
    np.testing.assert_array_equal(stats, [[4, 30, 2], [10, 500, 0]])
    assert stats.dtype == np.float64
    mean, scale = mean_and_scale(stats)
    np.testing.assert_array_equal(mean, [2, 15])
    np.testing.assert_array_equal(scale, [1, 1 / 5])


def test_sums_of_utterances_are_those_of_all_frames():
    per_utterance = utterance_stats(FEATURES, "abc")
    total = sum_stats(per_utterance, "abc")
    np.testing.assert_allclose(
        total, compute_cmvn_stats(np.vstack(list(FEATURES.values()))), rtol=1e-13
    )
    np.testing.assert_array_equal(
        per_utterance["a"], compute_cmvn_stats(FEATURES["a"])
    )  # not added into


@settings(max_examples=50, deadline=None)
@given(
    frames=st.integers(2, 60),
    mean=st.floats(-1e3, 1e3),
    deviation=st.floats(0.05, 100),
    seed=st.integers(0, 9),
)
def test_z_scores_have_mean_0_and_variance_1(frames, mean, deviation, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(mean, deviation, (frames, 3)).astype(np.float32)
    scaled = Normaliser("train", {"global": compute_cmvn_stats(features)}).apply("x", features)
    assert scaled.dtype == np.float32
    exact = features.astype(np.float64)
    assume((exact.std(axis=0) > 1e-5 * np.abs(exact).max(axis=0)).all())
    expected = (exact - exact.mean(axis=0)) / exact.std(axis=0)
    np.testing.assert_allclose(scaled, expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("value", [0.0, 1e-30, 0.1, 15.942385, -7.3e4, 1e15])
@pytest.mark.parametrize("frames", [1, 7, 10000])
def test_constant_columns_become_0(value, frames):
    """Even those of which rounding makes the variance positive or negative."""
    features = np.full((frames, 2), value, dtype=np.float32)
    features[:, 1] = RNG.normal(size=frames)
    scaled = Normaliser("train", {"global": compute_cmvn_stats(features)}).apply("x", features)
    np.testing.assert_array_equal(scaled[:, 0], 0)
    assert np.isfinite(scaled).all()
    other = features + np.float32(1)  # another utterance, to which the statistics do not fit
    assert np.isfinite(
        Normaliser("train", {"global": compute_cmvn_stats(features)}).apply("x", other)
    ).all()


def test_small_columns_do_vary():
    features = (1e-12 * RNG.normal(size=(1000, 1))).astype(np.float32)
    scaled = Normaliser("train", {"global": compute_cmvn_stats(features)}).apply("x", features)
    assert abs(scaled.std() - 1) < 1e-4


def test_speakers_by_their_name_or_that_of_an_utterance():
    stats = {"s1": compute_cmvn_stats(FEATURES["a"]), "s2": compute_cmvn_stats(FEATURES["c"])}
    normaliser = Normaliser("speaker", stats, {"u1": "s1", "u2": "s2"})
    np.testing.assert_array_equal(
        normaliser.apply("u2", FEATURES["c"]), normaliser.apply("s2", FEATURES["c"])
    )
    assert abs(normaliser.apply("u2", FEATURES["c"]).mean()) < 1e-6
    assert abs(normaliser.apply("u1", FEATURES["c"]).mean()) > 1e-3
    with pytest.raises(InputError, match="s3: no statistics of this speaker"):
        normaliser.apply("s3", FEATURES["c"])


def test_none_changes_nothing(tmp_path):
    normaliser = load_stats(tmp_path, 1, "none")
    np.testing.assert_array_equal(normaliser.apply("x", FEATURES["a"]), FEATURES["a"])
    assert normaliser.apply("x", FEATURES["a"].astype(np.float64)).dtype == np.float32


def test_wrong_widths_and_kinds(tmp_path):
    normaliser = Normaliser("train", {"global": compute_cmvn_stats(FEATURES["a"])})
    with pytest.raises(InputError, match=r"u: features have the shape \[2, 5\]"):
        normaliser.apply("u", np.zeros((2, 5), dtype=np.float32))
    with pytest.raises(InputError, match="speaker train none"):
        load_stats(tmp_path, 1, "global")
    for kind in ("speaker", "train"):
        with pytest.raises(FileError):
            load_stats(tmp_path, 1, kind)


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.zeros((0, 4), dtype=np.float32), "no frames"),
        (np.zeros((2, 5), dtype=np.float32), "5 columns, the first utterance 4"),
        (np.array([[0, 0, 0, 0], [0, np.nan, 0, 0]], dtype=np.float32), "not finite in row 1"),
        (np.array([[0, 0, 0, np.inf]], dtype=np.float32), "not finite in row 0"),
    ],
)
def test_unusable_features_are_named(matrix, word):
    with pytest.raises(InputError, match=word) as caught:
        utterance_stats(FEATURES | {"bad": matrix}, ["a", "bad"])
    assert caught.value.where == "bad"
