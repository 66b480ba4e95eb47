"""How far the pitch agrees with Kaldi's own, and with trackers that have nothing to do with it.

    pip install praat-parselmouth==0.4.7 pyworld==0.3.5 vosk==0.3.45
    python tests/bench/pitch.py FOLDER [--out=tests/bench/PITCH.md]

FOLDER holds 16-bit mono WAV files of speech at 16 kHz. Tracks are compared frame by frame, at the
same instants. What is not installed is left out; in vosk there is Kaldi's own code. PITCH.md is of
these versions, and of the recordings of EMO-DB.
"""

import argparse
import importlib.util
import runpy
import shlex
import sys
import time
from pathlib import Path

import numpy as np
from corpus import read_wav, wav_files
from report import table

from pyser import Frontend, FrontendOptions

RATE_HZ = 16000
CENTS_20_PERCENT = 1200 * np.log2(1.2)
VOICED = 0.5  # probability of voicing above which a frame counts as voiced


def options(**changes):
    """FrontendOptions of the pitch alone."""
    names = {"feature_type": "none", "frame_features": "f0,nccf,voicing", "delta_order": 0}
    return FrontendOptions(**names, **changes)


def instants_s(f0, o):
    """Times that the frames' F0 stand for: between the two windows whose correlation it is."""
    return 0.001 * (np.arange(len(f0)) * o.frame_shift + o.frame_length / 2) + 0.5 / f0


# ------------------------------------------------------------------------------------ trackers


def load_kaldi():
    """A function like Kaldi's compute-kaldi-pitch-feats, or None where there is no vosk."""
    spec = importlib.util.find_spec("vosk")
    if spec is None:
        return None
    cases = runpy.run_path(Path(__file__).parents[1] / "golden" / "pitch_cases.py")
    return cases["KaldiPitch"](Path(spec.origin).with_name("libvosk.so"))


def praat(samples, o):
    """Praat's autocorrelation method (Boersma 1993): times in s -> F0 in Hz, 0 where unvoiced."""
    import parselmouth

    sound = parselmouth.Sound(samples / 32768, RATE_HZ)
    track = sound.to_pitch_ac(0.01, pitch_floor=o.min_f0, pitch_ceiling=o.max_f0)
    return lambda times_s: np.nan_to_num([track.get_value_at_time(t) for t in times_s])


def harvest(samples, o):
    """Harvest of WORLD (Morise 2017): times in s -> F0 in Hz, 0 where unvoiced."""
    import pyworld

    wave = samples.astype(np.float64) / 32768
    f0, _ = pyworld.harvest(wave, RATE_HZ, o.min_f0, o.max_f0, frame_period=1.0)
    return lambda times_s: f0[np.minimum(np.rint(1000 * times_s).astype(int), len(f0) - 1)]


TRACKERS = {
    "parselmouth": ("Praat, autocorrelation", praat),
    "pyworld": ("WORLD, Harvest", harvest),
}


# -------------------------------------------------------------------------------------- tables


def cents(f0, other):
    """[T] absolute distance of two F0."""
    return 1200 * abs(np.log2(f0 / other))


def percent(part):
    """A share, as it stands in the tables."""
    return f"{100 * part:.2f} %"


def against_kaldi(signals, kaldi):
    """Markdown: our F0 and NCCF beside Kaldi's."""
    start = time.process_time()
    theirs = [kaldi(x, RATE_HZ) for x in signals]
    kaldi_s = time.process_time() - start
    rows, num_frames = [], sum(map(len, theirs))
    for label, changes in (
        ("defaults", {}),
        ("recompute_frame=500", {"recompute_frame": 500}),
        ("recompute_frame=0, max_frames_latency=30", {"recompute_frame": 0}),
    ):
        if "latency" in label:
            changes["max_frames_latency"] = 30
        frontend = Frontend(options(**changes))
        start = time.process_time()
        ours = [frontend(x) for x in signals]
        ours_s = time.process_time() - start
        pairs = [np.hstack([a, b[: len(a)]]) for a, b in zip(ours, theirs, strict=True)]
        f0, nccf, _, kaldi_nccf, kaldi_f0 = np.concatenate(pairs).T
        apart = cents(f0, kaldi_f0)
        same, voiced = apart < 0.1, kaldi_nccf > 0.8
        rows.append(
            [
                label,
                percent(np.mean(apart > CENTS_20_PERCENT)),
                percent(np.mean(same[voiced])),
                percent(np.mean(apart[voiced] < 8.7)),
                percent(np.mean(same)),
                f"{np.median(apart):.2f}",
                f"{np.median(abs(nccf - kaldi_nccf)[same]):.1e}",
                f"{abs(nccf - kaldi_nccf)[same].max():.1e}",
                f"{1e6 * ours_s / len(f0):.1f}",
            ]
        )
    headers = [
        "options",
        "gross (> 20 %)",
        "same F0, voiced",
        "within a step, voiced",
        "same F0, all",
        "median cents",
        "NCCF median",
        "NCCF largest",
        "us/frame",
    ]
    note = (
        f"{len(theirs)} files, {num_frames} frames. Voiced: Kaldi's NCCF is above 0.8. A step is "
        "0.5 %, that between neighbouring F0. NCCF: absolute difference where the F0 is the same. "
        f"Kaldi takes {1e6 * kaldi_s / num_frames:.1f} us/frame (CPU time, one thread)."
    )
    return f"{table(headers, rows)}\n\n{note}"


def against_tracker(signals, tracker, kaldi):
    """Rows of the table of one tracker: ours against it, and Kaldi's."""
    label, track = TRACKERS[tracker]
    o = options()
    frontend = Frontend(o)
    found = {"pyser": []} | ({"Kaldi": []} if kaldi else {})
    for x in signals:
        other_at = track(x, o)
        f0, _, voicing = frontend(x).T
        found["pyser"].append([f0, voicing > VOICED, other_at(instants_s(f0, o))])
        if kaldi:
            nccf, f0 = kaldi(x, RATE_HZ)[: len(f0)].T
            found["Kaldi"].append([f0, voicing_of(nccf) > VOICED, other_at(instants_s(f0, o))])
    return [[f"{name} against {label}", *errors(parts)] for name, parts in found.items()]


def voicing_of(nccf):
    """Kaldi's probability of voicing (NccfToPov)."""
    from pyser.frontend.reference_pitch import voicing

    return voicing(nccf)


def errors(parts):
    """Cells of a row: gross errors and cents where both are voiced, voicing errors elsewhere."""
    f0, voiced, other = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    there = other > 0
    both = voiced & there
    apart = cents(f0[both], other[both])
    fine = apart <= CENTS_20_PERCENT
    return [
        len(f0),
        percent(np.mean(both)),
        percent(np.mean(~fine)),
        f"{np.median(apart):.1f}",
        f"{np.mean(apart[fine]):.1f}",
        percent(np.mean(voiced != there)),
        percent(np.mean(voiced & ~there)),
        percent(np.mean(~voiced & there)),
    ]


TRACKER_HEADERS = [
    "track",
    "frames",
    "both voiced",
    "gross (> 20 %)",
    "median cents",
    "mean cents, not gross",
    "voicing differs",
    "only ours voiced",
    "only theirs voiced",
]


def main(argv):
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder")
    parser.add_argument("--out", help="markdown file to write")
    args = parser.parse_args(argv)
    signals = [read_wav(path) for path in wav_files(args.folder)]
    command = shlex.join(["python", "tests/bench/pitch.py", *argv])
    parts = [f"# Agreement of the pitch with others\n\n`{command}`"]
    kaldi = load_kaldi()
    if kaldi:
        parts.append(f"## Kaldi itself\n\n{against_kaldi(signals, kaldi)}")
    rows = []
    for name in TRACKERS:
        if importlib.util.find_spec(name):
            rows += against_tracker(signals, name, kaldi)
    if rows:
        note = (
            "Gross errors and cents are of the frames that both call voiced; ours are voiced where "
            f"the probability of voicing is above {VOICED}."
        )
        parts.append(f"## Independent trackers\n\n{table(TRACKER_HEADERS, rows)}\n\n{note}")
    page = "\n\n".join(parts) + "\n"
    print(page)
    if args.out:
        Path(args.out).write_text(page)


if __name__ == "__main__":
    main(sys.argv[1:])
