"""HTK's parameter files and HCopy configurations, and HTK's two departures from Kaldi's filters."""

import struct
from unittest import mock

import numpy as np

from pyser.frontend import reference

_HEADER = struct.Struct(">iihh")  # frames, 100 ns between them, bytes in a frame, kind of parameter


def read_htk(path):
    """[T, D] float64 of an HTK parameter file of uncompressed floats, which is big-endian."""
    content = path.read_bytes()
    num_frames, period_100ns, frame_bytes, _ = _HEADER.unpack_from(content)
    assert period_100ns == 100_000
    rows = np.frombuffer(content, ">f4", offset=_HEADER.size)
    return rows.reshape(num_frames, frame_bytes // 4).astype(np.float64)


def read_configuration(path):
    """HCopy's ``NAME = value  # comment`` lines as a dictionary of strings."""
    lines = (line.partition("#")[0].partition("=") for line in path.read_text().splitlines())
    return {name.strip(): value.strip() for name, equals, value in lines if equals}


def htk_options(configuration):
    """Keyword arguments of FrontendOptions for an HCopy configuration (HTK Book, chapter 5)."""
    c = configuration
    kind, *qualifiers = c["TARGETKIND"].split("_")
    assert (c["USEPOWER"], c["USEHAMMING"], c["RAWENERGY"], c["ENORMALISE"]) == ("T", "T", "T", "F")
    options = {
        "feature_type": kind.lower(),
        "sample_frequency": 1e7 / float(c["SOURCERATE"]),
        "frame_length": float(c["WINDOWSIZE"]) / 1e4,
        "frame_shift": float(c["TARGETRATE"]) / 1e4,
        "preemphasis_coefficient": float(c["PREEMCOEF"]),
        "remove_dc_offset": False,  # ZMEANSOURCE = F
        "window_type": "hamming",
        "num_mel_bins": int(c["NUMCHANS"]),
        "low_freq": float(c["LOFREQ"]),
        "high_freq": float(c["HIFREQ"]),
        "htk_compat": True,
        "use_energy": "E" in qualifiers,
        "delta_order": sum(q in qualifiers for q in ("D", "A")),
        "delta_edges": "htk",
    }
    if kind == "MFCC":
        options["num_ceps"] = int(c["NUMCEPS"]) + 1  # HTK does not count C0 or the energy
        options["cepstral_lifter"] = float(c["CEPLIFTER"])
    if "WARPFREQ" in c:
        options["vtln_warp"] = float(c["WARPFREQ"])
        options["vtln_low"] = float(c["WARPLCUTOFF"])
        options["vtln_high"] = float(c["WARPUCUTOFF"])
    return options


def htk_warp(f_hz, o):
    """HTK's warping, which bends at 2 f / (1 + 1 / warp) of each cutoff f; Kaldi's does not."""
    low, high = o.low_freq, reference.from_nyquist(o.high_freq, o, zero_counts=True)
    lower, upper = (2 * f / (1 + 1 / o.vtln_warp) for f in (o.vtln_low, o.vtln_high))
    warped = [low, lower / o.vtln_warp, upper / o.vtln_warp, high]
    return np.interp(f_hz, [low, lower, upper, high], warped)


def htk_filters(o, kaldi_filters=reference.mel_filters):
    """HTK's filters: the first bin is int(low_freq K / fs + 1.5), rounded, and so may miss one."""
    filters = kaldi_filters(o)
    first = int(o.low_freq * reference.fft_size(o) / o.sample_frequency + 1.5)
    return np.where(np.arange(filters.shape[1]) < max(first, 1), 0, filters)


def htk_features(samples, options):
    """`reference.features` with HTK's filters and warping in the place of Kaldi's."""
    with (
        mock.patch.object(reference, "vtln_warp", htk_warp),
        mock.patch.object(reference, "mel_filters", htk_filters),
    ):
        return reference.features(samples, options)
