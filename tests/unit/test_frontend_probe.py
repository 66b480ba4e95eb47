"""The digest of what a front end computes: of a signal that never changes."""

import hashlib

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions
from pyser.frontend.probe import probe, signal


def test_the_signal_is_frozen():
    samples = signal(40000)
    assert samples.dtype == np.int16
    assert hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest() == (
        "e0b9b11767a6061f74c2021fbebb9f1fa5544f2270dd00d7f0621d21434fb67a"
    )
    assert samples[:1024].min() < -32000 and samples[:1024].max() > 32000
    assert set(samples[15 * 1024 : 16 * 1024]) == {-1, 0}
    assert np.array_equal(signal(100), samples[:100])


def test_the_probe_is_of_a_second_and_a_frame():
    frontend = Frontend()
    rows = frontend(signal(16400))
    assert rows.shape[0] == 101
    assert probe(frontend) == hashlib.sha256(rows.tobytes()).hexdigest()


@pytest.mark.parametrize("name", ["allow_downsample", "allow_upsample"])
def test_resampling_is_part_of_it(name):
    assert probe(Frontend(FrontendOptions(**{name: True}))) != probe(Frontend())


@pytest.mark.parametrize(
    "options",
    [
        {"frame_length": 3000.0, "sample_frequency": 8000.0},
        {"sample_frequency": 11025.5, "allow_downsample": True},
        {"sample_frequency": 1e6, "allow_downsample": True, "num_mel_bins": 20},
        {"dither": 1.0, "dither_seed": 7},
    ],
)
def test_odd_options(options):
    """There is a frame whatever its length, and rates that cannot be resampled are left out."""
    frontend = Frontend(FrontendOptions(**options))
    assert probe(frontend) == probe(frontend) != hashlib.sha256().hexdigest()
