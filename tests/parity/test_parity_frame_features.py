"""Frame features against the float64 reference, on every signal."""

import numpy as np
import pytest
from signals import SIGNALS, make

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference

EPS = float(np.finfo(np.float32).eps)
OPTIONS = {
    "default": {},
    "reflected": {"snip_edges": False},
    "no_dc_removal": {"remove_dc_offset": False},
    "short": {"frame_length": 0.25, "frame_shift": 0.1875},
    "8k": {"sample_frequency": 8000},
    "44100": {"sample_frequency": 44100},
    "floor": {"energy_floor": 1e6},
    "mean": {"subtract_mean": True},
    "third_order": {"delta_order": 3, "delta_edges": "htk"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_frame_features_agree_with_the_reference(name):
    features = {"frame_features": "rms,log_energy,zcr", "feature_type": "none"}
    o = FrontendOptions(**features, **OPTIONS[name])
    fe = Frontend(o)
    for signal in SIGNALS:
        samples = make(signal, 8000, o.sample_frequency)
        rows, exact = fe(samples), reference.features(samples, o)
        assert rows.shape == exact.shape and len(rows) > 1
        # the offset of a frame is known to EPS of its largest sample; that error is in each sample
        error = 2 * EPS * abs(samples.astype(float)).max() + 4 * EPS * abs(exact).max(initial=1)
        for block, columns in fe.blocks.items():
            difference = abs(rows[:, columns] - exact[:, columns]).max()
            allowed = error
            if block.endswith("zcr"):  # of a sample on the mean the sign hangs on its last bit
                allowed = 2 / reference.frame_size(o)[0] if signal == "quiet" else 1e-6
            elif block.endswith("log_energy"):
                rms = np.sqrt(np.exp(reference.features(samples, o)[:, 1].min()))
                allowed = 1e-5 + 2 * error / max(rms, 1)
            assert difference <= allowed, (signal, block, difference, allowed)


@pytest.mark.parametrize(("rate_in", "rate_out"), [(48000, 16000), (8000, 16000), (44100, 8000)])
def test_after_resampling(rate_in, rate_out):
    o = FrontendOptions(
        sample_frequency=rate_out,
        allow_downsample=True,
        allow_upsample=True,
        frame_features="rms,log_energy",
        feature_type="none",
    )
    samples = make("speech", 20000, rate_in)
    exact = reference.features(samples, o, rate_in)
    np.testing.assert_allclose(Frontend(o)(samples, rate_in), exact, rtol=1e-4, atol=1e-3)
