"""The same bytes at every level of instructions, in any batch and chunks, of any type of sample."""

import io
import runpy
import wave
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyser import Frontend, FrontendOptions, _native, simd_level, simd_levels
from pyser.cli import main
from pyser.errors import InputError

PARITY = Path(__file__).parents[1] / "parity"
SIGNALS, make = (runpy.run_path(PARITY / "signals.py")[name] for name in ("SIGNALS", "make"))
assert_agrees = runpy.run_path(PARITY / "tolerance.py")["assert_agrees"]

LEVELS = simd_levels()
CHUNKS = [1, 7, 160, 161, 4000]
THREADS = [1, 2, 4]
TYPES = ["fbank", "mfcc", "spectrogram"]
EMODB_STEP = 60  # every so many-th utterance


@pytest.fixture(autouse=True)
def _same_level_afterwards():
    level = simd_level()
    yield
    _native.set_simd_level(level)


def as_floats(pcm):
    return (pcm / 32768).astype(np.float32)


def streamed(fe, samples, size):
    stream = fe.stream()
    rows = [stream.accept(samples[i : i + size]) for i in range(0, len(samples), size)]
    return np.concatenate([*rows, stream.finish()])


def assert_identical(fe, pcm, chunks=()):
    """The rows of ``pcm``: those of the slowest level are those of all."""
    _native.set_simd_level(LEVELS[0])
    wanted = fe(pcm)
    for level in LEVELS:
        _native.set_simd_level(level)
        found = {"int16": fe(pcm), "float32": fe(as_floats(pcm)), "float64": fe(pcm / 32768)}
        found |= {f"chunks of {size}": streamed(fe, pcm, size) for size in chunks}
        for how, rows in found.items():
            assert rows.shape == wanted.shape, (level, how)
            if rows.tobytes() != wanted.tobytes():
                row, column = np.argwhere(rows.view(np.int32) != wanted.view(np.int32))[0]
                pytest.fail(f"{level}, {how}: row {row}, column {column} of {rows.shape}")
    return wanted


def read(path):
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples[:: file.getnchannels()], file.getframerate()


def frontend(samples_long=None, samples_shift=None, **changes):
    """A front end of 16 kHz whose frames have the given length and shift in samples."""
    if samples_long is not None:
        changes["frame_length"] = samples_long / 16
    if samples_shift is not None:
        changes["frame_shift"] = samples_shift / 16
    return Frontend(FrontendOptions(**changes))


def test_goldens(goldens):
    for path in sorted((goldens / "wav").glob("*.wav")):
        samples, rate = read(path)
        for more in ({}, {"snip_edges": False, "feature_type": "mfcc"}):
            fe = Frontend(FrontendOptions(sample_frequency=rate, **more))
            assert_identical(fe, samples)


def test_emodb(emodb_root):
    paths = sorted((emodb_root / "wav").glob("*.wav"))[::EMODB_STEP]
    signals = [read(path)[0] for path in paths]
    fe = Frontend()
    wanted = [assert_identical(fe, samples) for samples in signals]
    for level in LEVELS:
        _native.set_simd_level(level)
        for num_threads in THREADS:
            rows = fe.batch(signals, num_threads=num_threads)
            assert [r.tobytes() for r in rows] == [w.tobytes() for w in wanted]


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("feature_type", TYPES)
@pytest.mark.parametrize("signal", sorted(SIGNALS))
def test_signals_in_chunks(signal, feature_type, snip_edges):
    fe = Frontend(FrontendOptions(feature_type=feature_type, snip_edges=snip_edges))
    assert_identical(fe, make(signal, 4801, seed=5), CHUNKS)


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("num_samples", [0, 1, 2, 159, 399, 400, 401, 559, 560, 11000, 40001])
def test_lengths(num_samples, snip_edges):
    fe = Frontend(FrontendOptions(snip_edges=snip_edges))
    assert_identical(fe, make("noise", num_samples), [max(1, num_samples // 3)])


def test_ten_minutes():
    pcm = np.tile(make("speech", 96001), 100)  # odd, so that the repetitions differ
    assert_identical(Frontend(FrontendOptions(delta_order=1)), pcm[: 16000 * 600], [1 << 20])


def test_batches_in_any_order():
    fe, draw = Frontend(FrontendOptions(feature_type="mfcc")), np.random.default_rng(1)
    lengths = [1, 400, 16000, 0, *draw.integers(300, 9000, 40)]
    signals = [make("noise_on_offset", n, seed=i) for i, n in enumerate(lengths)]
    signals[1::3] = [as_floats(samples) for samples in signals[1::3]]
    _native.set_simd_level(LEVELS[0])
    wanted = [fe(samples).tobytes() for samples in signals]
    for level in LEVELS:
        _native.set_simd_level(level)
        for num_threads in THREADS:
            order = draw.permutation(len(signals))
            rows = fe.batch([signals[i] for i in order], num_threads=num_threads)
            assert [r.tobytes() for r in rows] == [wanted[i] for i in order]


@pytest.mark.parametrize("level", LEVELS)
def test_files(level, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _native.set_simd_level(level)
    wanted = {}
    for signal in sorted(SIGNALS):
        pcm = make(signal, 5000)
        for key, samples in ((f"{signal}-16", pcm), (f"{signal}-32", as_floats(pcm))):
            Path(f"{key}.wav").write_bytes(wav_of(samples))
            wanted[key] = pcm
    Path("wav.scp").write_text("".join(f"{key} {key}.wav\n" for key in wanted))
    assert main(["features", "--snip-edges=false", "scp:wav.scp", "ark:f.ark"]) == 0
    found = dict(kaldiio.load_ark("f.ark"))
    fe = Frontend(FrontendOptions(snip_edges=False))
    _native.set_simd_level(LEVELS[0])
    assert {k: v.tobytes() for k, v in found.items()} == {
        key: fe(pcm).tobytes() for key, pcm in wanted.items()
    }


def wav_of(samples):
    file = io.BytesIO()
    subtype = "PCM_16" if samples.dtype == np.int16 else "FLOAT"
    soundfile.write(file, samples, 16000, subtype, format="WAV")
    return file.getvalue()


FRAMES = {
    **{f"fft_{2**n}": (2**n, 2**n // 2) for n in range(5, 14)},
    **{f"padded_{2**n}": (2**n * 5 // 8, 2**n // 4) for n in range(5, 13)},
    **{f"barely_padded_{2**n}": (2**n - 1, 2**n // 3) for n in range(6, 13)},
    **{f"just_over_{2**n}": (2**n + 1, 2**n // 3) for n in range(5, 12)},
    "no_two": (2, 1),
    "three": (3, 2),
    "eleven": (11, 5),
    "every_sample": (64, 1),
    "every_other": (257, 2),
    "coprime": (401, 157),
    "apart": (400, 1000),
    "next_to_each_other": (400, 400),
    "just_apart": (401, 402),
    "just_overlapping": (401, 400),
    "halves": (400, 200),
    "group": (400, 16),
    "less_than_a_group": (400, 15),
}


@pytest.mark.parametrize("more", [{}, {"snip_edges": False}], ids=["snip", "reflect"])
@pytest.mark.parametrize("frames", FRAMES)
def test_frames(frames, more):
    length, shift = FRAMES[frames]
    options = {"feature_type": "spectrogram", "delta_order": 1, **more}
    count = length + shift * 35 + 3
    assert_identical(frontend(length, shift, **options), make("noise", count), [count // 2 + 1])


@pytest.mark.parametrize("length", [2, 9, 30, 97, 200, 375, 397, 398, 400, 1102])
def test_frames_of_no_power_of_two(length):
    fe = frontend(length, length // 2, feature_type="spectrogram", round_to_power_of_two=False)
    assert_identical(fe, make("speech", length * 12), [max(1, length)])


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("feature_type", TYPES)
def test_rates(rate, feature_type):
    fe = Frontend(FrontendOptions(sample_frequency=rate, feature_type=feature_type))
    assert_identical(fe, make("sweep", rate // 2, rate), [rate // 5])


MORE = {
    "many_bands": {"num_mel_bins": 200, "frame_length": 100},
    "few_bands": {"num_mel_bins": 3},
    "magnitude": {"use_power": False},
    "linear": {"use_log_fbank": False},
    "linear_magnitude": {"use_log_fbank": False, "use_power": False},
    "energy": {"use_energy": True},
    "windowed_energy": {"use_energy": True, "raw_energy": False},
    "energy_last": {"use_energy": True, "htk_compat": True, "energy_floor": 1e6},
    "offset_stays": {"remove_dc_offset": False},
    "no_preemphasis": {"preemphasis_coefficient": 0.0, "use_energy": True},
    "mfcc_energy": {"feature_type": "mfcc", "raw_energy": False},
    "mfcc_htk": {"feature_type": "mfcc", "use_energy": False, "htk_compat": True},
    "mfcc_all": {"feature_type": "mfcc", "num_ceps": 26, "truncate": 25},
    "mean": {"subtract_mean": True},
    "static": {"delta_order": 0},
    "first_order": {"delta_order": 1, "delta_window": 1},
    "wide_deltas": {"delta_order": 2, "delta_window": 30},
    "many_orders": {"delta_order": 5, "delta_window": 3},
    "htk_deltas": {"delta_edges": "htk"},
    "htk_wide": {"delta_edges": "htk", "delta_order": 3, "delta_window": 9},
    "one_column": {"truncate": 1},
    "dither": {"dither": 1.0},
    "frame_features": {"frame_features": "log_energy,zcr,rms,f0,voicing"},
    "only_frame_features": {"feature_type": "none", "frame_features": "rms,nccf"},
    "vtln": {"vtln_warp": 1.1},
}


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("more", MORE)
def test_options(more, snip_edges):
    fe = Frontend(FrontendOptions(snip_edges=snip_edges, **MORE[more]))
    for signal in ("speech", "noise_on_offset", "square"):
        assert_identical(fe, make(signal, 6000), [4000])


choices = st.sampled_from
DRAWN = st.fixed_dictionaries(
    {},
    optional={
        "feature_type": choices(["mfcc", "spectrogram"]),
        "samples_long": st.integers(2, 1300),
        "samples_shift": st.integers(1, 700),
        "snip_edges": choices([False]),
        "round_to_power_of_two": choices([False]),
        "remove_dc_offset": choices([False]),
        "preemphasis_coefficient": choices([0.0, 0.5, 1.0]),
        "window_type": choices(["povey", "hanning", "rectangular", "sine", "blackman"]),
        "num_mel_bins": st.integers(3, 90),
        "num_ceps": choices([1, 3]),
        "use_energy": st.booleans(),
        "energy_floor": choices([1.0]),
        "raw_energy": choices([False]),
        "htk_compat": choices([True]),
        "use_log_fbank": choices([False]),
        "use_power": choices([False]),
        "truncate": st.integers(1, 3),
        "subtract_mean": choices([True]),
        "delta_order": st.integers(0, 4),
        "delta_window": st.integers(1, 7),
        "delta_edges": choices(["htk"]),
    },
)


@settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(
    options=DRAWN,
    signal=choices(sorted(SIGNALS)),
    num_samples=st.integers(0, 5000),
    size=st.integers(50, 3000),
    seed=st.integers(0, 99),
)
def test_drawn_options(options, signal, num_samples, size, seed):
    try:
        fe = frontend(**options)
    except InputError:  # drawn options may contradict each other
        options = {k: v for k, v in options.items() if k.startswith("samples_")}
        fe = frontend(**options, feature_type="spectrogram")
    shift = options.get("samples_shift", 160)
    pcm = make(signal, min(num_samples, 1300 + 60 * shift), seed=seed)
    assert_agrees(assert_identical(fe, pcm, [size]), pcm, fe.options)
