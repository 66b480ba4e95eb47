"""The committed outputs of Kaldi's binaries, and Kaldi's command lines as FrontendOptions."""

import json
import runpy
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

GOLDENS = runpy.run_path(Path(__file__).parents[1] / "conftest.py")["SHARED"] / "goldens"

# What each tool does when an option is not given: the defaults registered in Kaldi's src/feat/*.h
# and src/featbin/*.cc, which are not ours (26 filters, Hamming, two deltas, no dither).
_FRAME = {
    "sample_frequency": 16000.0,
    "frame_length": 25.0,
    "frame_shift": 10.0,
    "preemphasis_coefficient": 0.97,
    "remove_dc_offset": True,
    "dither": 1.0,
    "window_type": "povey",
    "blackman_coeff": 0.42,
    "round_to_power_of_two": True,
    "snip_edges": True,
    "allow_downsample": False,
    "allow_upsample": False,
    "subtract_mean": False,
    "energy_floor": 0.0,
    "raw_energy": True,
}
_MEL = {
    "num_mel_bins": 23,
    "low_freq": 20.0,
    "high_freq": 0.0,
    "vtln_low": 100.0,
    "vtln_high": -500.0,
    "vtln_warp": 1.0,
    "htk_compat": False,
}
_FBANK = {"use_energy": False, "use_log_fbank": True, "use_power": True}
_MFCC = {"use_energy": True, "num_ceps": 13, "cepstral_lifter": 22.0}
TOOLS = {
    "compute-fbank-feats": ("fbank", _FRAME | _MEL | _FBANK),
    "compute-mfcc-feats": ("mfcc", _FRAME | _MEL | _MFCC),
    "compute-spectrogram-feats": ("spectrogram", dict(_FRAME)),
}
ADD_DELTAS = {"delta_order": 2, "delta_window": 2, "truncate": 0}
# What comes after the front end; the statistics are those of each utterance.
CMVN_TOOLS = {
    "compute-cmvn-stats": None,
    "apply-cmvn": {"norm_means": True, "norm_vars": False, "reverse": False},
    "apply-cmvn-sliding": {
        "cmn_window": 600,
        "min_cmn_window": 100,
        "norm_vars": False,
        "center": False,
    },
}


def parse(arguments, defaults):
    """The options of a tool: ``defaults`` changed by ``arguments`` (``--name=value``)."""
    values = dict(defaults)
    for argument in arguments:
        name, _, text = argument.removeprefix("--").partition("=")
        name = name.replace("-", "_")
        kind = type(defaults[name])  # an option that Kaldi's tool does not have is a KeyError
        values[name] = {"true": True, "false": False}[text] if kind is bool else kind(text)
    return values


def kaldi_options(tool, arguments, post=()):
    """Keyword arguments of FrontendOptions for ``tool arguments | add-deltas ...``.

    ``post`` holds (tool, arguments) pairs; copy-feats changes how numbers are stored, not which,
    and mean and variance normalisation comes after.
    """
    feature_type, defaults = TOOLS[tool]
    options = parse(arguments, defaults) | {"feature_type": feature_type, "delta_order": 0}
    for name, post_arguments in post:
        if name == "add-deltas":
            options |= parse(post_arguments, ADD_DELTAS)
        elif name != "copy-feats" and name not in CMVN_TOOLS:
            raise ValueError(f"{name} is not part of the front end")
    return options


@dataclass(frozen=True)
class Case:
    """One line of cases.jsonl."""

    id: str
    tool: str
    opts: tuple
    post: tuple
    wavs: tuple
    ark: str
    shapes: dict
    missing: tuple
    build_spread: dict

    @property
    def options(self):
        """Keyword arguments of FrontendOptions."""
        return kaldi_options(self.tool, self.opts, self.post)

    @property
    def compressed(self):
        """Whether the archive holds compressed matrices."""
        return any(name == "copy-feats" for name, _ in self.post)

    @property
    def cmvn(self):
        """(tool, keyword arguments) of the normalisation after the front end, or None."""
        tools = [(n, arguments) for n, arguments in self.post if CMVN_TOOLS.get(n)]
        return next(((n, parse(a, CMVN_TOOLS[n])) for n, a in tools), None)

    def matrices(self):
        """Wav name -> what Kaldi computed, float32 [T, D] ([0, 0] when nothing fitted)."""
        import kaldiio

        return dict(kaldiio.load_ark(str(GOLDENS / self.ark)))


def load_cases():
    """All cases, in the order of the file; none when the goldens are not there."""
    path = GOLDENS / "cases.jsonl"
    if not path.exists():
        return []
    fields = Case.__dataclass_fields__
    rows = map(json.loads, path.read_text().splitlines())
    return [Case(**{name: row.get(name, {}) for name in fields}) for row in rows]


def read_wav(path):
    """(int16 samples, sample rate in Hz) of a mono 16-bit PCM file."""
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()
