"""The C++ pitch against the float64 reference.

A float32 NCCF is off by some 1e-6, so where two paths cost nearly the same, either may be found:
the path is measured by what it costs in float64, not by its states.
"""

import numpy as np
import pytest
from signals import SIGNALS, make

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference
from pyser.frontend import reference_pitch as pitch

OPTIONS = {
    "default": {},
    "reflected": {"snip_edges": False},
    "8k": {"sample_frequency": 8000},
    "22050": {"sample_frequency": 22050},
    "44100": {"sample_frequency": 44100},
    "48k": {"sample_frequency": 48000},
    "long_frames": {"frame_length": 50, "frame_shift": 25},
    "range": {"min_f0": 70, "max_f0": 700, "soft_min_f0": 50},
    "coarse": {"delta_pitch": 0.02, "penalty_factor": 1, "nccf_ballast": 70},
    "wide_filters": {"lowpass_filter_width": 3, "upsample_filter_width": 9, "max_f0": 350},
    "6k": {"resample_frequency": 6000, "lowpass_cutoff": 1500},
}
# Next to nothing is left of these by the filter and the subtraction of the mean: rounding shows.
WEAK = {"offset", "nyquist", "sweep"}
NAMES = "f0,nccf,log_f0,voicing"


def frontend(**options):
    return Frontend(
        FrontendOptions(feature_type="none", frame_features=NAMES, delta_order=0, **options)
    )


def path_cost(path, local, o):
    """What a path [T] costs, with the costs [T, K] of states by themselves."""
    steps = o.penalty_factor * np.log(1 + o.delta_pitch) ** 2 * np.diff(path) ** 2
    return local[np.arange(len(path)), path].sum() + steps.sum()


@pytest.mark.parametrize("name", OPTIONS)
def test_the_path_is_the_cheapest(name):
    fe = frontend(**OPTIONS[name])
    o = fe.options
    for signal in SIGNALS:
        samples = make(signal, int(o.sample_frequency / 2), o.sample_frequency)
        rows = fe(samples)
        nccf, with_ballast = pitch.measured_nccf(samples.astype(float), o)
        local = pitch.local_cost(with_ballast @ pitch.upsampling(o), o)
        lag_s = pitch.lags(o)
        path = abs(np.log(rows[:, :1] * lag_s)).argmin(axis=1)
        np.testing.assert_allclose(rows[:, 0], 1 / lag_s[path], rtol=1e-6)
        best = path_cost(pitch.best_path(local, o), local, o)
        assert path_cost(path, local, o) <= best + 2e-6 * len(path), signal
        expected = np.sum(nccf * pitch.upsampling(o).T[path], axis=1)
        if signal not in WEAK:
            np.testing.assert_allclose(rows[:, 1], expected, atol=1e-4, err_msg=signal)
        np.testing.assert_allclose(rows[:, 2], np.log(rows[:, 0]), rtol=1e-6)
        np.testing.assert_allclose(rows[:, 3], pitch.voicing(rows[:, 1].astype(float)), atol=1e-6)


@pytest.mark.parametrize("waits", [(6000, 500), (30, 10), (0, 5), (0, 0), (10, 40), (49, 3)])
@pytest.mark.parametrize("signal", ["speech", "vowel", "sweep", "silence"])
def test_the_same_choices_are_made_at_the_same_time(waits, signal):
    fe = frontend(recompute_frame=waits[0], max_frames_latency=waits[1])
    samples = make(signal, 8000)
    exact = reference.features(samples, fe.options)
    rows = fe(samples)
    same = abs(np.log(rows[:, 0] / exact[:, 0])) < 1e-5
    assert same.mean() > 0.97
    np.testing.assert_allclose(rows[same][:, 1:], exact[same][:, 1:], atol=1e-4)


def test_deltas_of_the_pitch():
    o = FrontendOptions(frame_features="f0,voicing", feature_type="none", delta_order=2)
    samples = make("vowel", 12000)
    np.testing.assert_allclose(
        Frontend(o)(samples), reference.features(samples, o), rtol=1e-4, atol=2e-3
    )
