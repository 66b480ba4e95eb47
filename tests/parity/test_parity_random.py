"""The C++ front end against the float64 reference: options and signals drawn at random."""

from types import SimpleNamespace

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from signals import SIGNALS, make
from tolerance import assert_agrees

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference

RATES_HZ = [8000, 11025, 16000, 22050, 44100, 48000]


@st.composite
def drawn_options(draw):
    """FrontendOptions in which every mel filter holds at least one FFT bin."""
    flag = st.booleans()
    changes = {
        "feature_type": draw(st.sampled_from(["fbank", "fbank", "mfcc", "spectrogram"])),
        "sample_frequency": draw(st.sampled_from(RATES_HZ)),
        "frame_length": draw(st.floats(4, 40)),
        "frame_shift": draw(st.floats(2, 40)),
        "snip_edges": draw(flag),
        "remove_dc_offset": draw(flag),
        "preemphasis_coefficient": draw(st.sampled_from([0.0, 0.5, 0.97, 1.0])),
        "window_type": draw(
            st.sampled_from(["hamming", "hanning", "povey", "rectangular", "sine", "blackman"])
        ),
        "round_to_power_of_two": draw(flag),
        "num_mel_bins": draw(st.integers(3, 80)),
        "low_freq": draw(st.floats(0, 300)),
        "high_freq": draw(st.floats(-1000, 0)),
        "vtln_warp": draw(st.sampled_from([1.0, 1.0, 0.85, 1.15])),
        "vtln_low": 400,
        "vtln_high": draw(st.sampled_from([-1500, 2400])),
        "use_energy": draw(st.sampled_from([None, False, True])),
        "energy_floor": draw(st.sampled_from([0.0, 1.0, 1e7])),
        "raw_energy": draw(flag),
        "htk_compat": draw(flag),
        "use_log_fbank": draw(flag),
        "use_power": draw(flag),
        "cepstral_lifter": draw(st.sampled_from([0.0, 22.0, 7.5])),
        "subtract_mean": draw(flag),
        "delta_order": draw(st.integers(0, 3)),
        "delta_window": draw(st.integers(1, 6)),
        "delta_edges": draw(st.sampled_from(["kaldi", "htk"])),
    }
    changes["num_ceps"] = draw(st.integers(1, changes["num_mel_bins"]))
    changes["truncate"] = draw(st.integers(0, min(3, changes["num_ceps"])))
    if changes["feature_type"] != "spectrogram":
        filters = reference.mel_filters(SimpleNamespace(**FrontendOptions().as_dict() | changes))
        assume((filters.max(axis=1) > 0).all())
    return FrontendOptions(**changes)


@settings(max_examples=250, derandomize=True, deadline=None, database=None)
@given(
    options=drawn_options(),
    signal=st.sampled_from(sorted(SIGNALS)),
    num_samples=st.integers(0, 4000),
    seed=st.integers(0, 99),
)
def test_frontend_agrees_with_the_reference_whatever_the_options(
    options, signal, num_samples, seed
):
    samples = make(signal, num_samples, options.sample_frequency, seed)
    assert_agrees(Frontend(options)(samples), samples, options)
