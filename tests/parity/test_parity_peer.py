"""kaldi-native-fbank, an independent C++ port of Kaldi, at its own promise: 1e-3.

Left out: signals of one value or of no energy in a band, where a log holds only rounding noise.
"""

import numpy as np
import pytest
from signals import make

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference

peer = pytest.importorskip("kaldi_native_fbank")
PROMISE = 1e-3  # of a log or a cepstrum; of what is linear, 1e-5 of the largest

FRAME_NAMES = {
    "sample_frequency": "samp_freq",
    "frame_length": "frame_length_ms",
    "frame_shift": "frame_shift_ms",
    "preemphasis_coefficient": "preemph_coeff",
    "remove_dc_offset": "remove_dc_offset",
    "window_type": "window_type",
    "blackman_coeff": "blackman_coeff",
    "snip_edges": "snip_edges",
    "round_to_power_of_two": "round_to_power_of_two",
}
MEL_NAMES = {"num_mel_bins": "num_bins", "low_freq": "low_freq", "high_freq": "high_freq"}
COMMON = ("use_energy", "energy_floor", "raw_energy", "htk_compat")
OWN = {"fbank": ("use_log_fbank", "use_power"), "mfcc": ("num_ceps", "cepstral_lifter")}
OPTIONS = {
    "default": {},
    "kaldi": {"window_type": "povey", "num_mel_bins": 23},
    "80 bins": {"window_type": "povey", "num_mel_bins": 80, "sample_frequency": 24000},
    "reflected": {"snip_edges": False, "frame_length": 32, "frame_shift": 8},
    "8 kHz": {"sample_frequency": 8000, "high_freq": -200, "window_type": "hanning"},
    "energy": {"use_energy": True, "htk_compat": True, "remove_dc_offset": False},
    "magnitude": {"use_power": False, "window_type": "blackman"},
    "linear": {"use_log_fbank": False},
    "400 points": {"round_to_power_of_two": False},
    "mfcc": {"feature_type": "mfcc"},
    "mfcc htk": {"feature_type": "mfcc", "use_energy": False, "htk_compat": True, "num_ceps": 20},
}


def peer_rows(o, samples):
    """[T, D] float32 of kaldi-native-fbank's online extractor."""
    theirs = peer.FbankOptions() if o.feature_type == "fbank" else peer.MfccOptions()
    theirs.frame_opts.dither = 0
    for part, names in ((theirs.frame_opts, FRAME_NAMES), (theirs.mel_opts, MEL_NAMES)):
        for ours, name in names.items():
            setattr(part, name, getattr(o, ours))
    for name in COMMON + OWN[o.feature_type]:
        setattr(theirs, name, getattr(o, name))
    theirs.use_energy = reference.use_energy(o)
    extractor = (peer.OnlineFbank if o.feature_type == "fbank" else peer.OnlineMfcc)(theirs)
    extractor.accept_waveform(o.sample_frequency, samples.astype(np.float32).tolist())
    extractor.input_finished()
    return np.stack([extractor.get_frame(i) for i in range(extractor.num_frames_ready)])


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("signal", ["noise", "speech", "vowel"])
def test_front_ends_agree_with_kaldi_native_fbank(name, signal):
    options = FrontendOptions(**OPTIONS[name], delta_order=0)
    samples = make(signal, 9000, options.sample_frequency)
    theirs = peer_rows(options, samples)
    atol = PROMISE if options.use_log_fbank else 1e-5 * theirs.max()
    for rows in (Frontend(options)(samples), reference.features(samples, options)):
        assert rows.shape == theirs.shape
        np.testing.assert_allclose(rows, theirs, rtol=0, atol=atol)
