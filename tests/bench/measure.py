"""Interleaved rounds, their statistics, and the targets."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_HERE = Path(__file__).parent
_TASK_S = 0.04
# Before NumPy is imported anywhere: one thread in every library.
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}


class WorkerError(Exception):
    """What a worker could not do, in its words."""


class Worker:
    """A worker.py process; ``worker.op(...)`` asks and waits for the answer.

    Args:
        name: ``ours`` or the name of a peer.
        cpus: list of CPU numbers that it may use.
        folder: where the peer is installed, or None.
        environment: dict added to this process's environment.
    """

    def __init__(self, name, cpus, folder=None, environment=None):
        command = [sys.executable, str(_HERE / "worker.py"), name, ",".join(map(str, cpus))]
        command += [str(folder)] if folder else []
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ONE_THREAD | (environment or {}),
        )

    def __getattr__(self, op):
        if op.startswith("_"):
            raise AttributeError(op)
        return lambda **request: self._ask(op, request)

    def _ask(self, op, request):
        self._process.stdin.write(json.dumps({"op": op} | request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process ended"}
        if "error" in answer:
            raise WorkerError(answer["error"])
        return answer

    def close(self):
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


@dataclass(frozen=True)
class Task:
    """``run()`` gives {"wall": s, "cpu": s} for ``frames`` frames; ``clock`` is what counts.

    On a quiet core both are the same for one thread that computes; CPU time does not suffer from
    what else the machine does.
    """

    run: Callable
    frames: int
    clock: str = "wall"


def task(worker, frames, clock="cpu", **request):
    """A Task that lets a worker extract a set as often as it takes to fill a measurable time."""
    once = worker.time(**request)["wall"]
    repeats = int(min(max(1, _TASK_S / once), 1000))
    return Task(lambda: worker.time(repeats=repeats, **request), frames * repeats, clock)


def interleaved(tasks, rounds):
    """Run every task once per round, after a round that does not count.

    Args:
        tasks: dict of label to Task.

    Returns:
        dict of label to summary.
    """
    for one in tasks.values():
        one.run()
    times = {label: [] for label in tasks}
    for _ in range(rounds):
        for label, one in tasks.items():
            times[label].append(one.run())
    return {label: summary(times[label], one) for label, one in tasks.items()}


def summary(times, task):
    """Median and spread (half the distance of the quartiles, relative) per frame.

    Args:
        times: list of {"wall": s, "cpu": s}, one of each round.
        task: Task that gave them.

    Returns:
        dict: ``us`` per frame, ``rounds`` (the same, of each), ``spread``, ``frames``, ``clock``,
        and ``waited``: the share of the wall time in which the process did not run (another one
        had the core, or it waited for a disk).
    """
    rounds = np.array([t[task.clock] for t in times]) / task.frames * 1e6
    low, median, high = np.percentile(rounds, (25, 50, 75))
    busy = sum(t["cpu"] for t in times) / sum(t["wall"] for t in times)
    return {
        "us": float(median),
        "rounds": rounds.tolist(),
        "spread": float((high - low) / 2 / median),
        "waited": float(max(0, 1 - busy)),
        "frames": task.frames,
        "clock": task.clock,
    }


def ratio(results, slow, fast):
    """How many times ``slow`` takes the time of ``fast`` per frame; None if one is missing.

    The median of the rounds' ratios: what slows a whole round down cancels.
    """
    if slow not in results or fast not in results:
        return None
    slow, fast = results[slow], results[fast]
    if "rounds" in slow and "rounds" in fast:
        return float(np.median(np.divide(slow["rounds"], fast["rounds"])))
    return slow["us"] / fast["us"]


def at_least(name, measured, limit, unit="x"):
    """A row of the table of targets; ``measured`` is None where it could not be measured."""
    good = measured is not None and measured >= limit
    return _verdict(name, measured, f">= {limit}{unit}", unit, good)


def at_most(name, measured, limit, unit="x"):
    """As ``at_least``, for what should be small."""
    good = measured is not None and measured <= limit
    return _verdict(name, measured, f"<= {limit}{unit}", unit, good)


def _verdict(name, measured, target, unit, good):
    if measured is None:
        return {"name": name, "target": target, "measured": None, "verdict": "not measured"}
    verdict = "PASS" if good else "FAIL"
    return {"name": name, "target": target, "measured": f"{measured:.3g}{unit}", "verdict": verdict}
