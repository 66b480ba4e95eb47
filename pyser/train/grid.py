"""Child processes, some at a time: each with its own log, none left behind, failures reported."""

import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_POLL_S = 0.05
_GRACE_S = 5.0
_TAIL_LINES = 15


@dataclass(frozen=True)
class Job:
    """A command whose output goes to the end of ``log``; ``name`` is for people."""

    name: str
    command: tuple
    log: Path
    environment: tuple


@dataclass(frozen=True)
class Outcome:
    """How a job ended: exit status 0, or what went wrong in words."""

    job: Job
    status: int

    @property
    def ok(self):
        """Whether it ended well."""
        return self.status == 0

    def __str__(self):
        if self.status >= 0:
            return f"{self.job.name} ended with status {self.status}"
        hint = " (by the system, out of memory?)" if self.status == -9 else ""
        return f"{self.job.name} was killed by signal {-self.status}{hint}"


def run_jobs(jobs, num_jobs):
    """Run ``jobs``, ``num_jobs`` at once; yield an Outcome as each ends.

    Children have a session of their own, so that Ctrl-C reaches this process alone, which then
    stops them. They get a pipe as standard input that closes when this process ends in whatever
    way: a child that watches it (``exit_with_parent``) never outlives its parent.
    """
    waiting, running = list(reversed(jobs)), {}
    try:
        while waiting or running:
            while waiting and len(running) < num_jobs:
                job = waiting.pop()
                running[_start(job)] = job
            ended = [process for process in running if process.poll() is not None]
            for process in ended:
                process.stdin.close()
                yield Outcome(running.pop(process), process.returncode)
            if not ended:
                time.sleep(_POLL_S)
    finally:
        _stop(running)


def exit_with_parent():
    """In a child: watch standard input in a thread and exit at once when the parent is gone."""

    def watch():
        while os.read(0, 1):
            pass
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def tail(path, num_lines=_TAIL_LINES):
    """The last lines of a text file, indented."""
    lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(f"    {line}" for line in lines[-num_lines:])


def _start(job):
    job.log.parent.mkdir(parents=True, exist_ok=True)
    with open(job.log, "ab") as log:
        return subprocess.Popen(
            job.command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | dict(job.environment),
            start_new_session=True,
        )


def _stop(processes):
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + _GRACE_S
    for process in processes:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdin.close()
