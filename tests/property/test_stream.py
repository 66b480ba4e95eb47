"""A stream gives, byte for byte, the rows of the whole signal: any chunks, lengths, options."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyser import Frontend, FrontendOptions
from pyser.errors import InputError

choices = st.sampled_from
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "feature_type": choices(["fbank", "mfcc", "spectrogram", "none"]),
        "frame_features": choices(["log_energy", "rms,zcr", "f0,voicing", "nccf,rms,log_f0"]),
        "recompute_frame": choices([0, 1, 7, 40]),
        "max_frames_latency": choices([0, 3, 20, 60]),
        "sample_frequency": choices([8000, 11025]),
        "frame_length": choices([20.07, 5, 60]),
        "frame_shift": choices([5, 30, 70.3]),
        "snip_edges": choices([False]),
        "dither": choices([1.0]),
        "round_to_power_of_two": choices([False]),
        "window_type": choices(["povey", "sine"]),
        "num_mel_bins": choices([5, 10]),
        "use_energy": choices([True]),
        "raw_energy": choices([False]),
        "htk_compat": choices([True]),
        "num_ceps": choices([5]),
        "subtract_mean": choices([True]),
        "truncate": choices([4]),
        "delta_order": choices([0, 1, 3]),
        "delta_window": choices([1, 3]),
        "delta_edges": choices(["htk"]),
    },
)
LENGTHS = st.one_of(st.integers(0, 900), st.integers(0, 9000), st.integers(30000, 40000))
CHUNKS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 500), st.integers(0, 20000)))
FEW = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def frontend(options):
    try:
        return Frontend(FrontendOptions(**options))
    except InputError:  # drawn options may contradict each other; then there is nothing to compare
        return Frontend(FrontendOptions(delta_order=options.get("delta_order", 2)))


def signal(length, seed):
    return np.random.default_rng(seed).integers(-3000, 3000, length, dtype=np.int16)


def streamed(fe, samples, chunks, rate=None):
    """All rows of a stream that gets chunks of the given sizes, the rest as the last."""
    stream, rows, start = fe.stream(rate), [], 0
    for size in [*chunks, len(samples)]:
        rows.append(stream.accept(samples[start : start + size]))
        start = min(start + size, len(samples))
    rows.append(stream.finish())
    return np.concatenate(rows)


def assert_same(fe, samples, chunks, rate=None):
    whole = fe(samples, rate)
    assert whole.shape == (fe.num_frames(len(samples), rate), fe.dim)
    found = streamed(fe, samples, chunks, rate)
    assert found.shape == whole.shape and found.tobytes() == whole.tobytes()


@FEW
@given(options=OPTIONS, length=LENGTHS, chunks=CHUNKS, seed=st.integers(0, 99))
def test_any_chunking_gives_the_same_bytes(options, length, chunks, seed):
    assert_same(frontend(options), signal(length, seed), chunks)


@FEW
@given(
    rates=choices([(8000, 16000), (48000, 16000), (44100, 8000), (22050, 16000), (997, 16000)]),
    length=LENGTHS,
    chunks=CHUNKS,
    more=choices(
        [
            {},
            {"snip_edges": False},
            {"dither": 1.0},
            {"subtract_mean": True},
            {"frame_features": "f0"},
            {"frame_features": "nccf", "recompute_frame": 9, "max_frames_latency": 5},
        ]
    ),
)
def test_any_chunking_gives_the_same_bytes_when_resampling(rates, length, chunks, more):
    rate, wanted = rates
    allow = {"allow_downsample": True, "allow_upsample": True, "num_mel_bins": 10}
    fe = Frontend(FrontendOptions(sample_frequency=wanted, **allow, **more))
    assert_same(fe, signal(length, length), chunks, rate)


@FEW
@given(options=OPTIONS, length=LENGTHS, chunks=CHUNKS)
def test_the_type_of_the_samples_does_not_matter(options, length, chunks):
    fe, pcm = frontend(options), signal(length, 1)
    expected = fe(pcm).tobytes()
    for dtype in (np.float32, np.float64):
        assert streamed(fe, (pcm / 32768).astype(dtype), chunks).tobytes() == expected


@pytest.mark.parametrize("length", [0, 1, 399, 400, 401, 559, 560, 561, 4000])
@pytest.mark.parametrize("size", [1, 7, 80, 159, 160, 161, 400])
@pytest.mark.parametrize("snip_edges", [True, False])
def test_equal_chunks(length, size, snip_edges):
    chunks = [size] * (length // size)
    assert_same(frontend({"snip_edges": snip_edges}), signal(length, 2), chunks)


def test_rows_come_as_soon_as_they_are_final():
    fe, stream = Frontend(), Frontend().stream()
    delay = 2 * 2  # frames that the deltas look ahead
    seen, taken = 0, 0
    for _ in range(60):
        seen += len(stream.accept(signal(100, 0)))
        taken += 100
        assert seen == max(0, fe.num_frames(taken) - delay)
    assert len(stream.finish()) == delay


def test_with_mean_subtraction_all_rows_come_at_the_end():
    stream = Frontend(FrontendOptions(subtract_mean=True)).stream()
    assert stream.accept(signal(16000, 0)).shape == (0, 78)
    assert stream.finish().shape == (98, 78)


def test_an_empty_stream_has_no_rows():
    stream = Frontend().stream()
    assert stream.accept(signal(0, 0)).shape == (0, 78)
    assert stream.finish().shape == (0, 78)
