"""What the reference must satisfy by mathematics, whatever any other front end computes."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import signal

from pyser import FrontendOptions
from pyser.frontend import reference as ref

RNG = np.random.default_rng(5)


def options(**changes):
    return SimpleNamespace(**(FrontendOptions().as_dict() | changes))


@pytest.mark.parametrize("ms", [16, 25, 24.8125])
def test_power_spectrum_keeps_the_energy(ms):
    o = options(frame_length=ms, round_to_power_of_two=False)
    frame = RNG.normal(size=(3, ref.frame_size(o)[0]))
    K = ref.fft_size(o)
    power = ref.power_spectrum(frame, K)
    twice = np.where((np.arange(K // 2 + 1) > 0) & (2 * np.arange(K // 2 + 1) < K), 2, 1)
    np.testing.assert_allclose(power @ twice, K * np.sum(frame**2, axis=1))


def test_windows_are_those_of_scipy():
    expected = {
        "hamming": signal.windows.hamming(400),
        "hanning": signal.windows.hann(400),
        "povey": signal.windows.hann(400) ** 0.85,
        "rectangular": np.ones(400),
        "blackman": signal.windows.blackman(400),
        "sine": np.sqrt(signal.windows.hann(400)),
    }
    for name, window in expected.items():
        np.testing.assert_allclose(ref.window(400, options(window_type=name)), window, atol=1e-14)


@pytest.mark.parametrize("changes", [{}, {"vtln_warp": 0.9}, {"vtln_warp": 1.15, "low_freq": 80}])
def test_mel_filters_share_every_bin_between_two_centres(changes):
    o = options(**changes)
    filters = ref.mel_filters(o)
    f_hz = np.arange(257) * 31.25
    centres = ref.inverse_mel(ref.mel_edges(o))
    between = (f_hz >= centres[1]) & (f_hz <= centres[-2])
    np.testing.assert_allclose(filters.sum(axis=0)[between], 1)
    assert ((filters > 0).sum(axis=0) <= 2).all()
    assert filters[:, f_hz <= o.low_freq].sum() == 0
    assert filters[:, -1].sum() == 0  # the Nyquist bin
    assert filters.min() == 0
    assert filters.max() <= 1


def test_mel_is_1000_at_1000_hz():
    assert abs(ref.mel(1000.0) - 1000) < 0.1
    np.testing.assert_allclose(ref.inverse_mel(ref.mel([0, 50, 7999.0])), [0, 50, 7999])


@pytest.mark.parametrize("warp", [0.8, 0.95, 1.0, 1.1, 1.25])
def test_vtln_moves_the_middle_and_keeps_the_ends(warp):
    o = options(vtln_warp=warp)
    f_hz = np.linspace(20, 8000, 500)
    warped = ref.vtln_warp(f_hz, o)
    assert (np.diff(warped) > 0).all()
    np.testing.assert_allclose(warped[[0, -1]], [20, 8000])
    middle = (f_hz > 130) & (f_hz < 5900)
    np.testing.assert_allclose(warped[middle], f_hz[middle] / warp)


def test_frames_outside_the_signal_are_reflections():
    o = options(snip_edges=False)
    x = np.arange(90.0)
    padded = np.pad(x, 400, mode="symmetric")
    expected = [padded[400 + t * 160 + 80 - 200 :][:400] for t in range(1)]
    np.testing.assert_array_equal(ref.frames(x, o), expected)


def test_dct_without_lifter_keeps_the_norm():
    o = options(feature_type="mfcc", num_ceps=26, cepstral_lifter=0, use_energy=False)
    x = RNG.normal(0, 1000, 4000)
    mfcc = ref.static_rows(x, o)
    log_mel = ref.static_rows(x, options())
    np.testing.assert_allclose(np.linalg.norm(mfcc, axis=1), np.linalg.norm(log_mel, axis=1))


def test_silence_and_offset_are_exactly_the_floor():
    for level in (0, 1000, 32767, -32768):
        rows = ref.features(np.full(2000, level, np.int16), options(delta_order=1))
        np.testing.assert_allclose(rows[:, :26], -15.942385, atol=1e-6)
        assert (rows[:, 26:] == 0).all()


@pytest.mark.parametrize("edges", ["kaldi", "htk"])
@pytest.mark.parametrize("M", [1, 2, 5])
def test_deltas_of_polynomials(edges, M):
    t = np.arange(60.0)[:, None]
    rows = ref.add_deltas(np.hstack([1 + 0 * t, t, t**2]), 2, M, edges)
    inner = rows[2 * M : -2 * M]
    np.testing.assert_allclose(inner[:, 3], 0, atol=1e-12)
    np.testing.assert_allclose(inner[:, 4], 1)
    np.testing.assert_allclose(inner[:, 5], 2 * t[2 * M : -2 * M, 0])
    np.testing.assert_allclose(inner[:, 6:8], 0, atol=1e-12)
    np.testing.assert_allclose(inner[:, 8], 2)


def test_delta_edges_differ_only_at_the_ends_of_the_second_order():
    rows = RNG.normal(size=(30, 4))
    kaldi, htk = (ref.add_deltas(rows, 2, 2, edges) for edges in ("kaldi", "htk"))
    different = ~np.isclose(kaldi, htk).all(axis=1)
    assert np.flatnonzero(different).tolist() == [0, 1, 28, 29]
    np.testing.assert_array_equal(kaldi[:, :8], htk[:, :8])


@pytest.mark.parametrize(("rate_in", "rate_out"), [(48000, 16000), (44100, 16000), (8000, 16000)])
def test_resampling_keeps_tones_and_drops_what_does_not_fit(rate_in, rate_out):
    t_in, t_out = np.arange(rate_in // 10) / rate_in, np.arange(rate_out // 10) / rate_out
    inner = slice(40, -40)
    for f_hz in (0, 440, 2000):
        wanted = np.cos(2 * np.pi * f_hz * t_out)
        got = ref.resample(np.cos(2 * np.pi * f_hz * t_in), rate_in, rate_out)
        assert len(got) == len(wanted)
        np.testing.assert_allclose(got[inner], wanted[inner], atol=5e-3)
    if rate_in > rate_out:
        alias = ref.resample(np.cos(2 * np.pi * 11000 * t_in), rate_in, rate_out)
        assert abs(alias[inner]).max() < 5e-3


def test_float_samples_are_integers_divided_by_the_scale():
    samples = RNG.integers(-20000, 20000, 3000).astype(np.int16)
    expected = ref.features(samples, options())
    for dtype, scale in ((np.float32, 32768), (np.float64, 1), (np.float64, 100)):
        rows = ref.features((samples / scale).astype(dtype), options(input_scale=scale))
        np.testing.assert_allclose(rows, expected, atol=1e-9)


def test_the_reference_has_no_dither():
    with pytest.raises(ValueError, match="dither"):
        ref.features(np.zeros(400), options(dither=1.0))
