"""Kaldi's normalisation tools on arrays and archives, against formulae in NumPy."""

import kaldiio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyser.data.reader import FeatureReader
from pyser.errors import FileError, InputError
from pyser.frontend.cmvn import (
    apply_cmvn,
    apply_cmvn_sliding,
    compute_cmvn_stats,
    sum_stats,
)

RNG = np.random.default_rng(7)


def draw(frames, columns=5, seed=0):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.integers(-6, 7, columns)
    return ((rng.normal(size=(frames, columns)) + 3) * scale).astype(np.float32)


def one_by_one(rows, weights=None):
    """Statistics as a chain of float64 additions: what the order of the sums is meant to be."""
    exact = np.asarray(rows, dtype=np.float64)
    weights = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=np.float64)
    columns = [weights[:, None] * exact, weights[:, None] * np.square(exact)]
    sums, squares = (np.cumsum(c, axis=0)[-1] for c in columns)
    return np.array([[*sums, np.cumsum(weights)[-1]], [*squares, 0]])


FEATURES = {name: draw(n, seed=n) for name, n in zip("cabd", (5, 1, 7000, 31), strict=True)}


@settings(max_examples=40, deadline=None)
@given(frames=st.integers(1, 400), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_sums_are_added_one_by_one(frames, columns, seed):
    rows = draw(frames, columns, seed)
    assert compute_cmvn_stats(rows).tobytes() == one_by_one(rows).tobytes()


def test_layout_and_type_of_the_input_do_not_matter():
    rows = draw(50)
    wanted = compute_cmvn_stats(rows).tobytes()
    for same in (rows.astype(np.float64), np.asfortranarray(rows), np.repeat(rows, 2, axis=1)):
        same = same[:, ::2] if same.shape[1] > 5 else same
        assert compute_cmvn_stats(same).tobytes() == wanted
    assert compute_cmvn_stats(rows.tolist()).tobytes() == wanted


def test_weights():
    rows, weights = draw(60), RNG.integers(0, 3, 60) / 2
    assert (
        compute_cmvn_stats(rows, weights=weights).tobytes() == one_by_one(rows, weights).tobytes()
    )
    of_some = compute_cmvn_stats(rows[weights == 1])
    rows[weights != 1] = np.nan  # frames of weight 0 are not looked at
    np.testing.assert_array_equal(compute_cmvn_stats(rows, weights=weights == 1), of_some)


def test_per_utterance_and_per_speaker():
    found = compute_cmvn_stats(FEATURES)
    assert list(found) == list(FEATURES)
    for name, rows in FEATURES.items():
        assert found[name].tobytes() == one_by_one(rows).tobytes()
    by_speaker = compute_cmvn_stats(FEATURES, spk2utt={"y": ["b", "a"], "x": "d c"})
    assert list(by_speaker) == ["y", "x"]
    assert by_speaker["y"].tobytes() == (found["b"] + found["a"]).tobytes()
    assert by_speaker["x"].tobytes() == (found["d"] + found["c"]).tobytes()


@settings(max_examples=20, deadline=None)
@given(order=st.permutations(list("abcd")))
def test_sums_keep_to_the_order_they_are_told(order):
    found = compute_cmvn_stats(FEATURES)
    total = np.zeros((2, 6))
    for name in order:
        total = total + found[name]
    assert sum_stats(found, order).tobytes() == total.tobytes()
    shuffled = {name: FEATURES[name] for name in order}  # the mapping's own order tells nothing
    assert compute_cmvn_stats(shuffled, {"s": "a b c d"})["s"].tobytes() == (
        sum_stats(found, "abcd").tobytes()
    )


WAYS = [{}, {"text": True}, *({"compression_method": method} for method in (2, 3, 5))]


@pytest.mark.parametrize("how", WAYS, ids=str)
def test_archives_give_the_bytes_of_their_features(tmp_path, how):
    """Long ones in several blocks, compressed and text ones through kaldiio; in any order."""
    kaldiio.save_ark(f"{tmp_path}/f.ark", FEATURES, scp=f"{tmp_path}/f.scp", **how)
    reader = FeatureReader(tmp_path / "f.scp")
    found = compute_cmvn_stats(reader)
    assert list(found) == list(FEATURES)
    for name in FEATURES:
        assert found[name].tobytes() == one_by_one(reader[name]).tobytes()
    (speaker,) = compute_cmvn_stats(reader, {"s": "d b a c"}).values()
    assert speaker.tobytes() == sum_stats(found, "dbac").tobytes()


def test_several_archives_row_ranges_and_doubles(tmp_path):
    for name, rows in FEATURES.items():
        double = rows.astype(np.float64) if name == "d" else rows
        kaldiio.save_ark(f"{tmp_path}/{name}.ark", {name: double}, scp=f"{tmp_path}/{name}.scp")
    lines = [(tmp_path / f"{name}.scp").read_text().strip() for name in "abcd"]
    (tmp_path / "all.scp").write_text("\n".join(lines) + "[2:9]\n")
    reader = FeatureReader(tmp_path / "all.scp")
    wanted = FEATURES | {"d": FEATURES["d"][2:10]}
    for name, stats in compute_cmvn_stats(reader).items():
        assert stats.tobytes() == one_by_one(wanted[name]).tobytes()


def test_damaged_archives_are_told_as_ever(tmp_path):
    kaldiio.save_ark(f"{tmp_path}/f.ark", FEATURES, scp=f"{tmp_path}/f.scp")
    content = (tmp_path / "f.ark").read_bytes()
    for kept in (content[:-1], content[:20], b""):
        (tmp_path / "f.ark").write_bytes(kept)
        with pytest.raises(InputError, match=r"f\.scp: utterance"):
            compute_cmvn_stats(FeatureReader(tmp_path / "f.scp"))
    (tmp_path / "f.ark").unlink()
    with pytest.raises(FileError, match="working directory"):
        compute_cmvn_stats(FeatureReader(tmp_path / "f.scp"))
    bad = FEATURES | {"d": np.float32([[1, 2, 3, 4, 5], [1, 2, 3, 4, np.inf]])}
    kaldiio.save_ark(f"{tmp_path}/f.ark", bad, scp=f"{tmp_path}/f.scp")
    with pytest.raises(InputError, match="d: features are not finite in row 1"):
        compute_cmvn_stats(FeatureReader(tmp_path / "f.scp"))


# ----------------------------------------------------------------------------------- apply-cmvn


def test_apply_and_reverse():
    rows = draw(200)
    stats, exact = compute_cmvn_stats(rows), rows.astype(np.float64)
    mean, deviation = exact.mean(axis=0), exact.std(axis=0)
    centred = apply_cmvn(rows, stats)
    assert (np.abs(centred - (exact - mean)) <= 1e-6 * deviation).all()
    scaled = apply_cmvn(rows, stats, norm_vars=True)
    np.testing.assert_allclose(scaled, (exact - mean) / deviation, atol=1e-5)
    assert scaled.dtype == centred.dtype == np.float32
    back = apply_cmvn(centred, stats, reverse=True)
    assert (np.abs(back - rows) <= 1e-6 * (deviation + mean)).all()
    back = apply_cmvn(scaled, stats, norm_vars=True, reverse=True)
    assert (np.abs(back - rows) <= 1e-6 * (deviation + mean)).all()
    np.testing.assert_array_equal(apply_cmvn(rows, stats[:1]), centred)


def test_skipped_columns_and_no_normalisation():
    rows = draw(20)
    stats = compute_cmvn_stats(rows)
    found = apply_cmvn(rows, stats, norm_vars=True, skip_dims=[0, 3])
    np.testing.assert_array_equal(found[:, [0, 3]], rows[:, [0, 3]])
    wanted = apply_cmvn(rows, stats, norm_vars=True)
    np.testing.assert_array_equal(found[:, [1, 2, 4]], wanted[:, [1, 2, 4]])
    copied = apply_cmvn(rows, stats, norm_means=False)
    np.testing.assert_array_equal(copied, rows)
    assert not np.shares_memory(copied, rows)
    assert apply_cmvn(rows[:0], stats).shape == (0, 5)


def test_variances_have_the_floor_of_kaldi():
    rows = np.zeros((3, 1), dtype=np.float32)
    stats = np.array([[0.0, 3.0], [0.0, 0.0]])
    np.testing.assert_array_equal(apply_cmvn(rows + 1, stats, norm_vars=True), 1e10)


# --------------------------------------------------------------------------- apply-cmvn-sliding


def window(t, frames, cmn_window, min_cmn_window, center):
    """First and last frame of the window, in words of Kaldi's documentation."""
    if center:
        start = min(max(0, t - cmn_window // 2), max(0, frames - cmn_window))
        return start, min(frames, start + cmn_window)
    beyond = max(0, min_cmn_window - frames)  # by how much all windows of a short signal move back
    return max(0, t - cmn_window - beyond), min(frames, max(t + 1, min_cmn_window))


@pytest.mark.parametrize("norm_vars", [False, True])
@pytest.mark.parametrize("center", [False, True])
@pytest.mark.parametrize("sizes", [(600, 100), (10, 5), (11, 1), (1, 1), (30, 50), (3, 7)])
@pytest.mark.parametrize("frames", [1, 2, 9, 47, 700])
def test_sliding(sizes, frames, center, norm_vars):
    rows = draw(frames) + np.float32(2)
    found = apply_cmvn_sliding(rows, *sizes, norm_vars=norm_vars, center=center)
    for t in range(frames):
        start, end = window(t, frames, *sizes, center)
        exact = rows[start:end].astype(np.float64)
        wanted = rows[t] - exact.mean(axis=0)
        if norm_vars:
            variance = np.maximum(exact.var(axis=0), 1e-10)
            wanted = wanted / np.sqrt(variance) if end - start > 1 else wanted * 0
        allowed = 1e-4 if norm_vars else 1e-6 * np.abs(exact).max(axis=0)
        assert (np.abs(found[t] - wanted) <= allowed + 1e-4 * np.abs(wanted)).all()


# ---------------------------------------------------------------------------------------- errors

ROWS = draw(4)
STATS = compute_cmvn_stats(ROWS)
NAN = np.where(np.eye(4, 5) > 0, np.float32(np.nan), ROWS)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: compute_cmvn_stats(ROWS[:0]), "no frames"),
        (lambda: compute_cmvn_stats(ROWS[0]), r"shape \[5\]"),
        (lambda: compute_cmvn_stats(NAN), "not finite in row 0"),
        (lambda: compute_cmvn_stats(ROWS.astype(float) * 1e300), "not finite in row 0"),
        (lambda: compute_cmvn_stats(NAN, weights=[0, 0, 1, 0]), "not finite in row 0"),
        (lambda: compute_cmvn_stats(ROWS, weights=[0, 0, 0, 0]), "weights are all 0"),
        (lambda: compute_cmvn_stats(ROWS, weights=[1, -1, 1, 1]), "negative"),
        (lambda: compute_cmvn_stats(ROWS, weights=[1, np.nan, 1, 1]), "not finite"),
        (lambda: compute_cmvn_stats(ROWS, weights=[1, 1]), r"shape \[2\]"),
        (lambda: compute_cmvn_stats({"a": ROWS}, weights=[1] * 4), "weights of a mapping"),
        (lambda: compute_cmvn_stats(ROWS, spk2utt={"s": "a"}), "spk2utt of one matrix"),
        (lambda: compute_cmvn_stats({"a": ROWS}, {"s": "a b"}), "speaker s: no .* utterance b"),
        (lambda: compute_cmvn_stats({"a": ROWS}, {"s": []}), "speaker s: no utterances"),
        (lambda: compute_cmvn_stats({"a": ROWS, "b": ROWS[:, :4]}), "b: features have 4 columns"),
        (lambda: apply_cmvn(ROWS[:, :4], STATS), "features 4 columns"),
        (lambda: apply_cmvn(ROWS, STATS[:1], norm_vars=True), r"shape \[1, 6\]"),
        (lambda: apply_cmvn(ROWS, STATS, norm_means=False, norm_vars=True), "without norm_means"),
        (lambda: apply_cmvn(ROWS, STATS * 0), "statistics of 0 frames"),
        (lambda: apply_cmvn(ROWS, STATS * np.nan), "statistics of nan frames"),
        (lambda: apply_cmvn(ROWS, STATS, skip_dims=[5]), r"skip_dims \[5\]"),
        (lambda: apply_cmvn_sliding(NAN), "not finite in row 0"),
        (lambda: apply_cmvn_sliding(ROWS, cmn_window=0), "windows of 0 and 100"),
        (lambda: apply_cmvn_sliding(ROWS[0]), r"shape \[5\]"),
    ],
)
def test_errors(call, word):
    with pytest.raises(InputError, match=word):
        call()
