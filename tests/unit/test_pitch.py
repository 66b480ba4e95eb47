"""The pitch of signals whose F0 is known, of signals without one, and what its options refuse."""

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions
from pyser.errors import InputError
from pyser.frontend.probe import signal as noise_of


def frontend(features="f0,voicing,nccf", **options):
    static = {"feature_type": "none", "delta_order": 0}
    return Frontend(FrontendOptions(frame_features=features, **static, **options))


def columns(samples, rate_hz=16000, **options):
    """(f0, voicing, nccf) of samples."""
    return frontend(sample_frequency=rate_hz, **options)(samples.astype(np.int16)).T


def tone(f0_hz, rate_hz=16000, seconds=1.0, harmonics=5):
    """A sum of harmonics; ``f0_hz`` is a number or an array of one per sample."""
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(f0_hz, int(rate_hz * seconds))) / rate_hz
    return sum(6000 / k * np.sin(k * phase) for k in range(1, harmonics + 1))


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("f0_hz", [60, 97, 150, 211.3, 333])
def test_steady_tones(f0_hz, rate_hz):
    f0, voicing, nccf = columns(tone(f0_hz, rate_hz), rate_hz)
    inner = slice(5, -5)
    assert abs(f0[inner] / f0_hz - 1).max() < 0.008  # states lie 0.5 % apart
    assert voicing[inner].min() > 0.95 and nccf[inner].min() > 0.98


@pytest.mark.parametrize("f0_hz", [80, 160, 320])
def test_squares_and_pulses(f0_hz):
    n = np.arange(16000)
    square = np.where(n * f0_hz * 2 // 16000 % 2, 5000, -5000)
    pulses = np.where(n % (16000 // f0_hz) == 0, 20000, 0)
    for samples in (square, pulses):
        f0, voicing, _ = columns(samples)
        assert abs(f0[5:-5] / f0_hz - 1).max() < 0.01 and voicing[5:-5].min() > 0.9


@pytest.mark.parametrize("rate_hz", [8000, 16000, 44100])
@pytest.mark.parametrize("snip_edges", [True, False])
def test_sweeps_are_followed(rate_hz, snip_edges):
    track = np.geomspace(90, 300, 2 * rate_hz)
    samples = tone(track, rate_hz, 2)
    f0, voicing, _ = columns(samples, rate_hz, snip_edges=snip_edges)
    # A frame compares its first 25 ms with what lies a period later: its F0 is that of their middle
    middle_s = np.arange(len(f0)) * 0.01 + 0.0125 + 0.5 / f0
    if not snip_edges:
        middle_s += 0.005 - 0.5 * 0.0455
    true = np.interp(middle_s, np.arange(len(track)) / rate_hz, track)
    inner = slice(8, -8)
    assert abs(f0 / true - 1)[inner].max() < 0.012
    assert voicing[inner].min() > 0.9


@pytest.mark.parametrize("rate_hz", [8000, 16000, 48000])
def test_silence_and_offset_are_unvoiced(rate_hz):
    for level in (0, 1, 12345, -32768):
        f0, voicing, nccf = columns(np.full(rate_hz, level), rate_hz)
        assert np.isfinite(f0).all() and (f0 >= 50).all() and (f0 <= 400.01).all()
        inner = slice(1, -6)  # the filter rings where the offset begins and ends
        assert not nccf[inner].any() and voicing[inner].max() < 0.001


def test_noise_is_hardly_voiced():
    _, voicing, _ = columns(np.resize(noise_of(1024), 16000 * 2) // 2 + noise_of(32000) // 8)
    assert np.median(voicing) < 0.6
    f0, voicing, _ = columns(np.random.default_rng(0).normal(0, 3000, 32000))
    assert np.median(voicing) < 0.1 and np.isfinite(f0).all()


@pytest.mark.parametrize("snip_edges", [True, False])
def test_short_inputs(snip_edges):
    fe = frontend(snip_edges=snip_edges)
    for length in (0, 1, 2, 3, 79, 80, 81, 399, 400, 401, 559, 560, 728, 740):
        rows = fe(tone(200)[:length].astype(np.int16))
        assert rows.shape == (fe.num_frames(length), 3) and np.isfinite(rows).all()


def test_frames_stay_in_step_where_shifts_are_no_whole_samples():
    """220 samples at 22050 Hz are 39.9 at 4 kHz: rounded, the pitch would run away."""
    rate_hz = 22050
    track = np.where(np.arange(30 * rate_hz) // (rate_hz // 2) % 2, 120.0, 180.0)
    f0, _, _ = columns(tone(track, rate_hz, 30), rate_hz)
    start = np.arange(len(f0)) * 220
    true = track[np.minimum(start + rate_hz * 25 // 1000, len(track) - 1)]
    assert np.mean(abs(f0 / true - 1) < 0.02) > 0.93


def test_type_and_scale_of_samples_do_not_matter():
    samples = (tone(140) + np.random.default_rng(2).normal(0, 100, 16000)).astype(np.int16)
    fe = frontend()
    for dtype in (np.float32, np.float64):
        assert fe((samples / 32768).astype(dtype)).tobytes() == fe(samples).tobytes()
    quiet = samples // 4
    assert fe(quiet * 4).tobytes() == fe(quiet).tobytes()


def test_log_f0_and_voicing_follow_from_f0_and_nccf():
    rows = frontend("f0,log_f0,nccf,voicing")(tone(np.linspace(80, 300, 16000)).astype(np.int16))
    np.testing.assert_allclose(rows[:, 1], np.log(rows[:, 0]), rtol=1e-6)
    a = np.minimum(abs(rows[:, 2].astype(float)), 1)
    odds = 5.4 * np.exp(7.5 * (a - 1)) - 2 * np.exp(-10 * a) + 4.2 * np.exp(20 * (a - 1))
    np.testing.assert_allclose(rows[:, 3], 1 / (1 + np.exp(5.2 - 4.8 * a - odds)), rtol=1e-6)


def test_range_of_f0():
    samples = tone(100) + tone(330)
    low, high = columns(samples, max_f0=150), columns(samples, min_f0=200)
    assert low[0].max() <= 150.01 and high[0].min() >= 200


@pytest.mark.parametrize(
    "options, where",
    [
        ({"min_f0": 400.0}, "min_f0, max_f0"),
        ({"min_f0": 500.0, "max_f0": 300.0}, "min_f0, max_f0"),
        ({"max_f0": 1600.0}, "max_f0"),
        ({"lowpass_cutoff": 2500.0}, "lowpass_cutoff"),
        ({"sample_frequency": 1000.0, "num_mel_bins": 5}, "lowpass_cutoff"),
        ({"sample_frequency": 11025.5}, "sample_frequency"),
        ({"resample_frequency": 4000.5}, "resample_frequency"),
        ({"frame_length": 0.3}, "frame_length"),
        ({"delta_pitch": 1e-4, "min_f0": 1.0, "max_f0": 1590.0}, "delta_pitch, min_f0, max_f0"),
    ],
)
def test_contradictions_are_refused_where_there_is_a_pitch(options, where):
    with pytest.raises(InputError) as caught:
        frontend("f0", **options)
    assert caught.value.where == where


def test_they_do_not_matter_without_one():
    FrontendOptions(min_f0=500.0, max_f0=300.0, lowpass_cutoff=1e4, sample_frequency=11025.5)
