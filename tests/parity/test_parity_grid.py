"""The C++ front end against the float64 reference: each option in turn, on every signal."""

import numpy as np
import pytest
from signals import SIGNALS, make
from tolerance import assert_agrees

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference

OPTIONS = {
    "default": {},
    "no_dc_removal": {"remove_dc_offset": False},
    "no_preemphasis": {"preemphasis_coefficient": 0.0},
    "full_preemphasis": {"preemphasis_coefficient": 1.0},
    "hanning": {"window_type": "hanning"},
    "povey": {"window_type": "povey"},
    "rectangular": {"window_type": "rectangular"},
    "sine": {"window_type": "sine"},
    "blackman": {"window_type": "blackman", "blackman_coeff": 0.4},
    "reflected": {"snip_edges": False},
    "long_shift": {"frame_length": 10, "frame_shift": 20, "snip_edges": False},
    "short_shift": {"frame_length": 32, "frame_shift": 1},
    "fft_400": {"round_to_power_of_two": False},
    "fft_397": {"round_to_power_of_two": False, "frame_length": 24.8125},
    "fft_398": {"round_to_power_of_two": False, "frame_length": 24.875},
    "fft_375": {"round_to_power_of_two": False, "frame_length": 23.4375, "num_mel_bins": 20},
    "8k": {"sample_frequency": 8000},
    "22050": {"sample_frequency": 22050, "round_to_power_of_two": False},
    "44100": {"sample_frequency": 44100},
    "48k": {"sample_frequency": 48000, "num_mel_bins": 80},
    "three_bins": {"num_mel_bins": 3},
    "band": {"low_freq": 300, "high_freq": -400, "num_mel_bins": 40},
    "vtln_narrow": {"vtln_warp": 0.85},
    "vtln_wide": {"vtln_warp": 1.2, "vtln_low": 60, "vtln_high": 7000},
    "energy": {"use_energy": True},
    "energy_last": {"use_energy": True, "htk_compat": True, "raw_energy": False},
    "energy_floor": {"use_energy": True, "energy_floor": 1e6},
    "magnitude": {"use_power": False},
    "linear": {"use_log_fbank": False},
    "linear_magnitude": {"use_log_fbank": False, "use_power": False, "use_energy": True},
    "mean": {"subtract_mean": True},
    "mfcc": {"feature_type": "mfcc"},
    "mfcc_htk": {"feature_type": "mfcc", "use_energy": False, "htk_compat": True},
    "mfcc_all": {"feature_type": "mfcc", "num_ceps": 26, "cepstral_lifter": 0},
    "mfcc_mean": {"feature_type": "mfcc", "subtract_mean": True, "raw_energy": False},
    "spectrogram": {"feature_type": "spectrogram", "delta_order": 1},
    "spectrogram_200": {
        "feature_type": "spectrogram",
        "frame_length": 12.5,
        "round_to_power_of_two": False,
        "raw_energy": False,
    },
    "static": {"delta_order": 0},
    "third_order": {"delta_order": 3, "delta_window": 5},
    "htk_deltas": {"delta_edges": "htk", "delta_order": 3},
    "truncated": {"truncate": 5},
}
NUM_SAMPLES = {"short_shift": 2000, "44100": 12000, "48k": 12000, "22050": 8000}


@pytest.mark.parametrize("name", OPTIONS)
def test_frontend_agrees_with_the_reference(name):
    options = FrontendOptions(**OPTIONS[name])
    frontend = Frontend(options)
    for signal in SIGNALS:
        samples = make(signal, NUM_SAMPLES.get(name, 5000), options.sample_frequency)
        assert len(assert_agrees(frontend(samples), samples, options)) > 1


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("milliseconds", [(25, 10), (25, 25), (10, 20), (0.25, 0.1875)])
def test_every_length_around_the_frame_edges(snip_edges, milliseconds):
    length, shift = milliseconds
    options = FrontendOptions(
        frame_length=length,
        frame_shift=shift,
        snip_edges=snip_edges,
        feature_type="spectrogram",
        window_type="rectangular",
        delta_order=2,
        delta_window=1,
    )
    frontend = Frontend(options)
    L, S = reference.frame_size(options)
    edges = {0, 1, 2, S // 2, L // 2, L, L + S, L + 2 * S, 2 * L, S, 2 * S, 3 * S}
    for num_samples in sorted({n + d for n in edges for d in (-1, 0, 1) if n + d >= 0}):
        samples = make("noise", num_samples, seed=num_samples)
        exact = assert_agrees(frontend(samples), samples, options)
        assert (frontend.num_frames(num_samples), frontend.dim) == exact.shape


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("input_scale", [32768.0, 1.0, 1000.0])
def test_float_samples(dtype, input_scale):
    options = FrontendOptions(input_scale=input_scale)
    samples = (make("speech", 4000) / input_scale).astype(dtype)
    assert_agrees(Frontend(options)(samples), samples, options)


@pytest.mark.parametrize("level", [0, 1, 1000, 32767, -32768, 12345])
@pytest.mark.parametrize("sample_frequency", [8000, 16000, 22050, 44100])
def test_a_pure_offset_is_exactly_the_floor(level, sample_frequency):
    options = FrontendOptions(sample_frequency=sample_frequency, use_energy=True)
    rows = Frontend(options)(np.full(sample_frequency // 8, level, np.int16))
    static = rows[:, :27]
    assert (static == np.float32(np.log(reference.FLOOR))).all()
    assert (rows[:, 27:] == 0).all()


RATES = [(48000, 16000), (44100, 16000), (22050, 8000), (8000, 16000), (16000, 22050)]


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
@pytest.mark.parametrize("signal", ["speech", "noise", "square", "impulse", "silence"])
def test_resampling(rate_in, rate_out, signal):
    options = FrontendOptions(
        sample_frequency=rate_out, allow_downsample=True, allow_upsample=True, delta_order=1
    )
    frontend = Frontend(options)
    for num_samples in (1, rate_in // 40, rate_in // 4 + 1):
        samples = make(signal, num_samples, rate_in)
        assert_agrees(frontend(samples, rate_in), samples, options, rate_in)
