"""End to end: ``pyser features`` and the peers' loops over kaldiio, from wav to archive; memory."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from corpus import RATE_HZ, write_ark, write_scp, write_wav
from measure import (
    ONE_THREAD,
    Task,
    Worker,
    WorkerError,
    at_least,
    at_most,
    interleaved,
    ratio,
    task,
)
from peers import PEERS

_LAUNCH = Path(__file__).with_name("launch.py")
_ROUNDS = 3
# Slower peers extract this part of the frames; their times are per frame.
_PARTS = {"scipy": 10}
_SLOW_PART = 100
_KALDI = ("compute-fbank-feats", "add-deltas")
_HOUR_S = 3600


def pyser_features(bench, rspecifier, cpus, kernel="real"):
    """Run ``pyser features`` once; {"wall", "cpu", "peak_kib"}."""
    output, report = _empty_output(bench), bench.work / "report.json"
    archive = f"ark,scp:{output / 'feats.ark'},{output / 'feats.scp'}"
    command = [sys.executable, str(_LAUNCH), str(report), ",".join(map(str, cpus)), kernel]
    environment = os.environ | ONE_THREAD | bench.best_environment
    start = time.perf_counter()
    done = subprocess.run(
        [*command, "features", rspecifier, archive], env=environment, stderr=subprocess.PIPE
    )
    wall = time.perf_counter() - start
    if done.returncode != 0:
        raise WorkerError(done.stderr.decode()[-400:])
    return {"wall": wall} | json.loads(report.read_text())


def _empty_output(bench):
    output = bench.work / "output"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    return output


class Inputs:
    """A wav.scp and a wav archive of ``frames`` frames."""

    def __init__(self, bench, part=1):
        name = f"part{part}"
        scp, ark = bench.work / f"{name}.scp", bench.work / f"{name}.ark"
        self.frames = write_scp(scp, bench.files, bench.args.frames // part)
        write_ark(ark, bench.files, bench.args.frames // part)
        self.rspecifiers = {"wav files": f"scp:{scp}", "wav ark": f"ark:{ark}"}


def end_to_end(bench):
    """Dict of 'who, from what' to the results, all in one interleaved run."""
    tasks = {}
    whole = Inputs(bench)
    for source, rspecifier in whole.rspecifiers.items():
        runs = {"pyser features": (bench.cpus[:1], "real")}
        if bench.has_copy_kernel:
            runs["copy kernel"] = (bench.cpus[:1], "copy")
        if len(bench.cpus) > 1:
            runs["pyser features, 2 cores"] = (bench.cpus[:2], "real")
        for who, (cpus, kernel) in runs.items():
            tasks[f"{who}, {source}"] = Task(_runner(bench, rspecifier, cpus, kernel), whole.frames)
    tasks |= _peer_tasks(bench)
    worker = bench.workers[bench.best]
    request = {"case": {}, "set_name": "files", "clock": "wall"}
    tasks["compute only"] = task(worker, bench.frames("files"), **request)
    return interleaved(tasks, _ROUNDS)


def _runner(bench, rspecifier, cpus, kernel):
    return lambda: pyser_features(bench, rspecifier, cpus, kernel)


def _peer_tasks(bench):
    """The loops over kaldiio of every peer, and Kaldi's binaries, on a part of the frames."""
    tasks, parts = {}, {}
    for label in bench.workers:
        if label not in PEERS:
            continue
        part = _PARTS.get(label, _SLOW_PART)
        inputs = parts.setdefault(part, Inputs(bench, part))
        for source, rspecifier in inputs.rspecifiers.items():
            tasks[f"{label}, {source}"] = Task(_loop(bench, label, rspecifier), inputs.frames)
    if all(map(shutil.which, _KALDI)):
        inputs = parts.setdefault(10, Inputs(bench, 10))
        rspecifier = inputs.rspecifiers["wav files"]
        tasks["kaldi, wav files"] = Task(lambda: _kaldi(bench, rspecifier), inputs.frames)
    else:
        bench.say("Kaldi's binaries are not on the PATH: left out")
    return tasks


def _loop(bench, label, rspecifier):
    def run():
        output = _empty_output(bench)
        target = f"ark,scp:{output / 'feats.ark'},{output / 'feats.scp'}"
        return bench.workers[label].loop(case={}, rspecifier=rspecifier, wspecifier=target)

    return run


def _kaldi(bench, rspecifier):
    output = _empty_output(bench)
    options = "--window-type=hamming --num-mel-bins=26 --dither=0"
    pipe = f"{_KALDI[0]} {options} {rspecifier} ark:- | {_KALDI[1]} ark:- ark:{output}/feats.ark"
    pin = f"taskset -c {bench.cpus[0]} sh -c '{pipe}'"
    wall, before = time.perf_counter(), os.times()
    subprocess.run(pin, shell=True, check=True, stderr=subprocess.DEVNULL)
    after = os.times()
    cpu = after.children_user + after.children_system
    cpu -= before.children_user + before.children_system
    return {"wall": time.perf_counter() - wall, "cpu": cpu}


def end_to_end_checks(results):
    """The targets of ``end_to_end``, from wav files and from a wav archive."""
    rows = []
    for source in ("wav files", "wav ark"):
        ours, two = f"pyser features, {source}", f"pyser features, 2 cores, {source}"
        peer, copy = f"scipy, {source}", results.get(f"copy kernel, {source}")
        floor = copy and results[ours]["us"] / (copy["us"] + results["compute only"]["us"])
        rows += [
            at_most(f"{source}: over compute + copy", floor, 1.5),
            at_least(f"{source}: x scipy over kaldiio", ratio(results, peer, ours), 6),
            at_least(f"{source}, 2 cores: x scipy over kaldiio", ratio(results, peer, two), 8),
        ]
    return rows


def memory(bench):
    """Peak memory (MiB over the idle process) of an hour of audio, as a file and as a stream."""
    hour, second = bench.work / "hour.wav", bench.work / "second.wav"
    minute = bench.sets["60 s"][0]
    write_wav(hour, minute, _HOUR_S // 60)
    write_wav(second, minute[:RATE_HZ])
    peaks = {}
    for path in (hour, second):
        scp = path.with_suffix(".scp")
        scp.write_text(f"{path.stem} {path}\n")
        peaks[path.stem] = pyser_features(bench, f"scp:{scp}", bench.cpus[:1])["peak_kib"]
    worker = Worker("ours", bench.cpus[:1], environment=bench.best_environment)
    stream = worker.stream_file(path=str(hour), chunk=RATE_HZ // 10)
    worker.close()
    hour.unlink()
    return {
        "pyser features": {"idle": peaks["second"] / 1024, "peak": peaks["hour"] / 1024},
        ".stream()": {"idle": stream["before_kib"] / 1024, "peak": stream["after_kib"] / 1024},
    }


def memory_checks(results):
    return [
        at_most(f"1-hour WAV, {who}: peak over idle", r["peak"] - r["idle"], 80, " MiB")
        for who, r in results.items()
    ]
