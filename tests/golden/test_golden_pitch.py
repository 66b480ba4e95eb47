"""The pitch against that of Kaldi itself; see pitch_cases.py for how its outputs were made.

Kaldi keeps what paths cost in float32: where there is nothing to be heard, and all paths cost
nearly the same, rounding decides, and an unvoiced frame may have an F0 a few steps (0.5 % each)
from Kaldi's. Voiced frames must have Kaldi's F0, and where the F0 is the same, so must be the NCCF.
"""

import numpy as np
import pytest
from pitch_cases import CASES, KALDI_PITCH, samples_of

from pyser import Frontend, FrontendOptions

KALDI = np.load(KALDI_PITCH)


def rows_of(name):
    """(ours [T, 2], Kaldi's [T, 2], options); columns NCCF and F0."""
    _, rate_hz, options = CASES[name]
    o = FrontendOptions(
        feature_type="none",
        frame_features="nccf,f0",
        delta_order=0,
        sample_frequency=rate_hz,
        **options,
    )
    rows = Frontend(o)(samples_of(name))
    # Kaldi counts frames at 4 kHz, which can give one more at the end.
    assert 0 <= len(KALDI[name]) - len(rows) <= 1
    return rows, KALDI[name][: len(rows)], o


@pytest.mark.parametrize("name", CASES)
def test_pitch_of_kaldi(name):
    rows, kaldi, o = rows_of(name)
    states_apart = abs(np.log(rows[:, 1] / kaldi[:, 1])) / np.log(1 + o.delta_pitch)
    same = states_apart < 0.01
    voiced = kaldi[:, 0] > 0.8
    assert np.mean(same[voiced]) > 0.99 and states_apart[voiced].max() < 1.01
    assert np.mean(same) > 0.5 and states_apart.max() < 8.01
    np.testing.assert_allclose(rows[same, 0], kaldi[same, 0], atol=2e-5)


@pytest.mark.parametrize("name", ["glide", "vowels"])
def test_with_other_blocks(name):
    rows, _, o = rows_of(name)
    more = {"feature_type": "fbank", "frame_features": "log_energy,nccf,f0"}
    both = Frontend(FrontendOptions.from_dict(o.as_dict() | more))
    columns = [both.blocks["nccf"].start, both.blocks["f0"].start]
    assert both(samples_of(name))[:, columns].tobytes() == rows.tobytes()
