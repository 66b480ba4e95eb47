"""What needs no files: compute-only speed by peer, length and options; threads, calls, streams."""

import numpy as np
from measure import WorkerError, at_least, at_most, interleaved, ratio, task
from peers import PEERS

DEFAULT = {}
# Peers of the narrower tables: the strongest, and the one with a target of its own.
_NARROW = ("scipy", "knf-1.20.2")
_CHUNK = 1600  # samples: 100 ms
GRID = {
    "8 kHz": {"sample_frequency": 8000},
    "16 kHz": {},
    "22.05 kHz": {"sample_frequency": 22050},
    "44.1 kHz": {"sample_frequency": 44100},
    "48 kHz": {"sample_frequency": 48000},
    "mfcc": {"feature_type": "mfcc"},
    "spectrogram": {"feature_type": "spectrogram"},
} | {
    f"FFT {size}": {
        "frame_length": size * 25 / 32 / 16,
        "frame_shift": size * 10 / 32 / 16,
        "num_mel_bins": bins,
    }
    for size, bins in ((64, 4), (128, 8), (256, 16), (512, 26), (1024, 26), (2048, 26), (4096, 26))
}


def compute_only(bench):
    """Every peer on utterances of 2-8 s in memory, one core."""
    frames, request = bench.frames("main"), {"case": DEFAULT, "set_name": "main"}
    tasks = {label: task(worker, frames, **request) for label, worker in bench.workers.items()}
    for level in bench.levels:
        worker = bench.workers[f"ours {level}"]
        tasks[f"ours {level}, batch"] = task(worker, frames, **request, mode="batch", threads=1)
    for name in ("knf-1.20.2", "knf-newest"):
        if name in bench.workers:
            one = task(bench.workers[name], frames, **request, mode="conversion")
            tasks[f"{name}, of this taking the list"] = one
    results = interleaved(tasks, bench.rounds)
    for label, difference in _parity(bench).items():
        results[label]["max_difference"] = difference
    return results


def _parity(bench):
    """Largest difference of each peer's columns from ours, over a few utterances."""
    path = str(bench.work / "rows.npy")
    differences = {}
    for index in range(5):
        rows = {}
        for label, worker in bench.workers.items():
            if label in PEERS and not PEERS[label].same_features:
                continue
            worker.rows(case=DEFAULT, set_name="main", index=index, path=path)
            rows[label] = np.load(path)
        ours = rows[bench.best]
        for label, theirs in rows.items():
            most = float(np.abs(theirs - ours[:, : theirs.shape[1]]).max())
            differences[label] = max(most, differences.get(label, 0))
    return differences


def compute_checks(results, bench):
    """The targets of ``compute_only``."""
    best = bench.best
    return [
        at_least(f"{best}: x scipy float32 peer", ratio(results, "scipy", best), 12),
        at_least(f"{best}: x kaldi-native-fbank 1.20.2", ratio(results, "knf-1.20.2", best), 24),
        at_least("ours avx2: x scipy float32 peer", ratio(results, "scipy", "ours avx2"), 8),
    ]


def by_length(bench):
    """Dict of the length's name to the results of ours and the narrow peers."""
    labels = _narrow_labels(bench)
    results = {}
    for name in bench.lengths:
        tasks = {
            label: task(bench.workers[label], bench.frames(name), case=DEFAULT, set_name=name)
            for label in labels
        }
        results[name] = interleaved(tasks, bench.few_rounds)
    return results


def by_options(bench):
    """Dict of the case's name to the results of ours and the scipy peer."""
    labels = [label for label in _narrow_labels(bench) if label not in _NARROW[1:]]
    results = {}
    for name, case in GRID.items():
        tasks = {}
        for label in labels:
            worker = bench.workers[label]
            worker.make(case=case, tune="10 s")
            tasks[label] = task(worker, bench.frames("10 s", case), case=case, set_name="10 s")
        results[name] = interleaved(tasks, bench.few_rounds)
    return results


def _narrow_labels(bench):
    return [x for x in bench.workers if x.startswith("ours") or x in _NARROW]


def threads(bench):
    """Dict of the number of threads to the results of ``.batch``; {} with a single CPU."""
    if len(bench.cpus) < 2:
        return {}
    worker = bench.start("ours", bench.cpus, bench.best_environment)
    request = {"case": DEFAULT, "set_name": "main", "mode": "batch", "clock": "wall"}
    counts = [n for n in (1, 2, 4, 8) if n <= len(bench.cpus)]
    tasks = {str(n): task(worker, bench.frames("main"), **request, threads=n) for n in counts}
    results = interleaved(tasks, bench.rounds)
    worker.close()
    return results


def thread_checks(results):
    return [at_least("2 threads: x one thread", ratio(results, "1", "2"), 1.8)]


def calls(bench):
    """What calls, clips and chunks cost over long signals; times per frame."""
    worker = bench.workers[bench.best]

    def timed(name, mode="call", **settings):
        request = {"case": DEFAULT, "set_name": name, "mode": mode}
        return task(worker, bench.frames(name), **request, **settings)

    tasks = {
        "call, 3 s": timed("3 s"),
        "batch, 3 s": timed("3 s", "batch", threads=1),
        "call, 10 s": timed("10 s"),
        "batch, 10 s": timed("10 s", "batch", threads=1),
        "batch, 2000 clips of 0.3-0.6 s": timed("clips", "batch", threads=1),
        "stream(), 100-ms chunks of 10 s": timed("10 s", "stream", chunk=_CHUNK),
    }
    results = interleaved(tasks, bench.rounds)
    native = worker.native_stream(case=DEFAULT, set_name="10 s", chunk=_CHUNK, repeats=20)
    if native:
        frames = bench.frames("10 s")
        results["stream in C++, same chunks"] = {"us": native["ns"] / 1000, "frames": frames}
    return results


def call_checks(results, bench):
    """The targets of ``calls``; the kernel's time is that of the same arrays in one batch."""
    frames = bench.frames("3 s") / bench.count("3 s")
    extra = (results["call, 3 s"]["us"] - results["batch, 3 s"]["us"]) * frames
    whole = "call, 10 s"
    clips, stream = "batch, 2000 clips of 0.3-0.6 s", "stream(), 100-ms chunks of 10 s"
    rows = [
        at_most("2000 clips, .batch: per frame of 10 s", ratio(results, clips, "batch, 10 s"), 1.6),
        at_most("frontend(x), 3 s: over the same in a batch", extra, 8, " us"),
        at_most(".stream(), 100 ms: per frame of whole", ratio(results, stream, whole), 1.5),
    ]
    native = ratio(results, "stream in C++, same chunks", whole)
    return [*rows, at_most("stream in C++, 100 ms: per frame of whole", native, 1.5)]


def stages(bench):
    """Dict of level to nanoseconds per frame of each stage; {} where the kernel cannot tell."""
    results = {}
    for level in bench.levels:
        try:
            worker = bench.workers[f"ours {level}"]
            found = worker.stages(case=DEFAULT, set_name="60 s", repeats=20)
        except WorkerError as error:
            bench.say(f"stages of {level}: {error}")
            continue
        if found:
            results[level] = found
    return results
