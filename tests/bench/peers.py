"""The front ends that are compared: how each is called, and what has to be installed for it.

An extractor is ``(prepare, extract, details)``: ``prepare`` turns int16 samples into what the peer
likes best and is not timed; ``extract`` gives [T, D]; ``details`` has versions, settings and
further functions by name. Only a worker imports the packages, in a process of its own, for some
exclude each other.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Peer:
    """A front end: its label in tables, and the requirement that installs it in its own folder."""

    label: str
    module: str
    requirement: str | None = None
    with_dependencies: bool = False
    same_features: bool = True  # up to rounding; else only the kind of work is the same
    pip_options: tuple = field(default=())


PEERS = {
    "scipy": Peer("scipy.fft, vectorised float32", "scipy"),
    "knf-1.20.2": Peer(
        "kaldi-native-fbank 1.20.2, static", "kaldi_native_fbank", "kaldi-native-fbank==1.20.2"
    ),
    "knf-newest": Peer(
        "kaldi-native-fbank newest, static", "kaldi_native_fbank", "kaldi-native-fbank"
    ),
    "librosa": Peer("librosa mel + delta", "librosa", "librosa", True, False),
    "python_speech_features": Peer(
        "python_speech_features + delta",
        "python_speech_features",
        "python_speech_features",
        False,
        False,
    ),
}


def cache_folder():
    """Where peers are installed unless told otherwise: outside any repository."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "pyser-bench-peers"


def install(folder):
    """Install every peer that has a requirement into its own folder; the names that failed."""
    failed = []
    for name, peer in PEERS.items():
        target = Path(folder) / name
        if peer.requirement is None or (target / peer.module).exists():
            continue
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
        command += [] if peer.with_dependencies else ["--no-deps"]
        if subprocess.run([*command, peer.requirement]).returncode != 0:
            failed.append(name)
    return failed


def is_installed(name, folder):
    """Whether a peer can be run."""
    peer = PEERS[name]
    return peer.requirement is None or (Path(folder) / name / peer.module).exists()


def as_is(samples):
    return samples


def as_float(samples):
    return samples.astype(np.float32)


def make_scipy(case, signals):
    import scipy
    from scipy_peer import tuned

    peer = tuned(case, [as_float(x) for x in signals])
    details = {"version": scipy.__version__, "block": peer.block, "mel": peer.mel}
    return as_float, peer, details


def make_knf(case, signals):
    """As a list of floats: faster than an array, which the binding takes element by element."""
    import kaldi_native_fbank as knf

    options, one_frame = knf.FbankOptions(), knf.FbankOptions()
    for each in (options, one_frame):
        each.frame_opts.dither = 0
        each.frame_opts.window_type = "hamming"
        each.frame_opts.samp_freq = case.get("sample_frequency", 16000)
        each.mel_opts.num_bins = case.get("num_mel_bins", 26)
    one_frame.frame_opts.frame_shift_ms = 1e5

    def extract(samples):
        online = knf.OnlineFbank(options)
        online.accept_waveform(options.frame_opts.samp_freq, samples)
        online.input_finished()
        return online

    def conversion(signals):
        """What an extractor of one frame a signal costs: the list becomes an array of floats."""
        for samples in signals:
            online = knf.OnlineFbank(one_frame)
            online.accept_waveform(options.frame_opts.samp_freq, samples)

    def rows(samples):
        online = extract(samples)
        return np.stack([online.get_frame(i) for i in range(online.num_frames_ready)])

    details = {"version": _version("kaldi-native-fbank"), "rows": rows, "conversion": conversion}
    return (lambda samples: as_float(samples).tolist()), extract, details


def make_librosa(case, signals):
    import librosa

    rate = case.get("sample_frequency", 16000)

    def extract(x):
        energies = librosa.feature.melspectrogram(
            y=x,
            sr=rate,
            n_fft=512 * rate // 16000,
            win_length=rate // 40,
            hop_length=rate // 100,
            window="hamming",
            center=False,
            n_mels=26,
            fmin=20,
            htk=True,
            norm=None,
        )
        static = np.log(np.maximum(energies, np.finfo(np.float32).eps))
        both = [librosa.feature.delta(static, width=5, order=k, mode="nearest") for k in (1, 2)]
        return np.concatenate([static, *both]).T

    return (lambda samples: as_float(samples) / 32768), extract, {"version": librosa.__version__}


def make_python_speech_features(case, signals):
    import python_speech_features as psf

    rate = case.get("sample_frequency", 16000)

    def extract(x):
        static = psf.logfbank(x, rate, 0.025, 0.01, 26, 512 * rate // 16000, 20)
        first = psf.delta(static, 2)
        return np.concatenate([static, first, psf.delta(first, 2)], axis=1)

    return as_is, extract, {"version": _version("python_speech_features")}


MAKERS = {
    "scipy": make_scipy,
    "knf-1.20.2": make_knf,
    "knf-newest": make_knf,
    "librosa": make_librosa,
    "python_speech_features": make_python_speech_features,
}


def _version(package):
    from importlib.metadata import version

    return version(package)
