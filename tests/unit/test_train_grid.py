"""Child processes: logs, failures, no more at once than asked, none left behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pyser.train import grid

WATCHING = "from pyser.train import grid; grid.exit_with_parent(); import time; "


def job(tmp_path, name, code):
    return grid.Job(name, (sys.executable, "-c", code), tmp_path / name / "log", (("WORD", name),))


def alive(pid):
    """Whether a process runs (one that ended and waits to be collected does not)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.01)


def test_outputs_go_to_logs_and_failures_are_told(tmp_path):
    jobs = [
        job(tmp_path, "good", "import os; print(os.environ['WORD'])"),
        job(tmp_path, "bad", "import sys; print('oh', file=sys.stderr); sys.exit(3)"),
        job(tmp_path, "killed", "import os; os.kill(os.getpid(), 9)"),
    ]
    outcomes = {outcome.job.name: outcome for outcome in grid.run_jobs(jobs, 2)}
    assert {name: outcome.ok for name, outcome in outcomes.items()} == {
        "good": True,
        "bad": False,
        "killed": False,
    }
    assert str(outcomes["bad"]) == "bad ended with status 3"
    assert str(outcomes["killed"]).startswith("killed was killed by signal 9")
    assert jobs[0].log.read_text() == "good\n"
    assert grid.tail(jobs[1].log) == "    oh"


def test_logs_grow(tmp_path):
    for _ in range(2):
        assert all(outcome.ok for outcome in grid.run_jobs([job(tmp_path, "a", "print(1)")], 1))
    assert (tmp_path / "a" / "log").read_text() == "1\n1\n"


MEETING = """
import os, pathlib, time
folder = pathlib.Path(os.environ["MEETING"])
me, met = folder / f"{os.getpid()}.here", folder / "met"
me.touch()
for _ in range(2000):  # the first wait for company, as long as ten seconds
    together = len(list(folder.glob("*.here")))
    if together > 1:
        met.touch()
    if met.exists():
        break
    time.sleep(0.005)
print(together)
me.unlink()
"""


def test_as_many_at_once_as_asked_and_no_more(tmp_path):
    environment = (("MEETING", str(tmp_path)),)
    jobs = [
        grid.Job(name, (sys.executable, "-c", MEETING), tmp_path / f"{name}.log", environment)
        for name in "abcdef"
    ]
    assert all(outcome.ok for outcome in grid.run_jobs(jobs, 2))
    assert max(int(job.log.read_text()) for job in jobs) == 2


def test_an_interruption_stops_the_children(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    jobs = [job(tmp_path, name, code) for name in "ab"] + [job(tmp_path, "c", "pass")]
    running = grid.run_jobs(jobs, 3)
    assert next(running).job.name == "c"
    wait_for(lambda: all(item.log.read_text() for item in jobs[:2]))
    with pytest.raises(KeyboardInterrupt):
        running.throw(KeyboardInterrupt())
    assert not any(alive(int(item.log.read_text())) for item in jobs[:2])


def test_a_child_that_ignores_termination_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(grid, "_GRACE_S", 0.2)
    code = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print(os.getpid(), flush=True); time.sleep(60)"
    )
    stubborn = job(tmp_path, "a", code)
    running = grid.run_jobs([stubborn, job(tmp_path, "b", "pass")], 2)
    assert next(running).job.name == "b"
    wait_for(lambda: stubborn.log.read_text())
    running.close()
    assert not alive(int(stubborn.log.read_text()))


def test_children_end_with_a_parent_that_was_killed(tmp_path):
    child = WATCHING + "import os; print(os.getpid(), flush=True); time.sleep(60)"
    log = tmp_path / "log"
    parent_code = (
        "import sys, pathlib; from pyser.train import grid;"
        f"job = grid.Job('a', (sys.executable, '-c', {child!r}), pathlib.Path({str(log)!r}), ());"
        "list(grid.run_jobs([job], 1))"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code])
    wait_for(lambda: log.exists() and log.read_text())
    pid = int(log.read_text())
    assert alive(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    wait_for(lambda: not alive(pid))


def test_tail_keeps_the_end(tmp_path):
    path = tmp_path / "log"
    path.write_bytes(b"\xff\n" + b"".join(b"%d\n" % number for number in range(40)))
    assert grid.tail(path, 3).split() == ["37", "38", "39"]
