"""A grid that is killed again and again ends with the bytes of one that never was."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import train_builder
from train_builder import num_epochs, read_records, run_here, write_data, write_experiment_file

import pyser.files
from pyser.cli import main
from pyser.train import grid

NUM_KILLS = 5
EPOCHS = 16
ROWS = {
    "full": {"config": "model.yaml", "train.epochs": EPOCHS},
    "early": {"config": "model.yaml", "train.epochs": EPOCHS, "model.streams": "early"},
}
FOLDS = "--folds=1,3"
NUM_EPOCHS = 2 * len(ROWS) * EPOCHS


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    write_data(folder)
    write_experiment_file(folder / "e.yaml", protocol="folds4", seeds=1, rows=ROWS)
    return folder


def arguments(place, exp):
    more = (FOLDS, "--nj=2", "--command=none")
    return train_builder.arguments(place, *more, exp=exp, experiment="e.yaml")


def score(place, exp):
    paths = (f"--experiment={place / 'e.yaml'}", f"--exp={place / exp}")
    return main(["score", *paths, FOLDS])


def outputs(folder):
    """The bytes of all tables of answers below ``folder``, of runs and merged."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*scores.tsv"))
    }


@pytest.fixture(scope="module")
def undisturbed(place):
    """What a grid gives that nothing happens to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid, "run_jobs", run_here)
        assert main(arguments(place, "whole")) == 0
    assert score(place, "whole") == 0
    found = outputs(place / "whole")
    assert len(found) == len(ROWS) * (2 * 2 + 1)
    return found


def start(place, log):
    command = [sys.executable, "-m", "pyser", *arguments(place, "exp")]
    return subprocess.Popen(command, stdout=log, stderr=log)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def workers(exp):
    """The process numbers of the runs that are being trained."""
    found = [path.read_text() for path in exp.rglob(".lock")]
    return [int(pid) for pid in found if pid and alive(int(pid))]


def wait_until(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.002)


def kill(parent, exp, whole, draw):
    """SIGKILL one worker, or the parent, whose workers must then end by themselves."""
    found = workers(exp)
    if not whole and found:
        os.kill(draw.choice(found), signal.SIGKILL)
        return
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not any(map(alive, found)))


def test_killed_at_random_points_and_resumed_it_gives_the_same_scores(place, undisturbed):
    draw, exp = random.Random(4), place / "exp"
    points = sorted(draw.sample(range(1, NUM_EPOCHS - 1), NUM_KILLS))
    with open(place / "log", "w+") as log:
        parent = start(place, log)
        for number, point in enumerate(points):
            wait_until(lambda: num_epochs(exp) >= point or parent.poll() is not None)  # noqa: B023
            if parent.poll() is not None:  # a worker was killed before, and the others are done
                parent = start(place, log)
                wait_until(lambda: num_epochs(exp) >= point)  # noqa: B023
            time.sleep(draw.uniform(0, 0.05))  # any moment within an epoch
            kill(parent, exp, whole=number % 2 == 0, draw=draw)
            if parent.poll() is not None:
                parent = start(place, log)
        if parent.wait() != 0:
            parent = start(place, log)
            assert parent.wait() == 0, (place / "log").read_text()
    assert len(read_records(exp)) == 2 * len(ROWS)
    assert not list(exp.rglob("checkpoint.pt")) and not list(exp.rglob(".*.tmp"))
    assert score(place, "exp") == 0
    assert outputs(exp) == undisturbed


class Killed(BaseException):
    """Ends a command at one exact point, as a kill would: nothing in the package catches it."""


def test_killed_around_any_write_of_scores_it_gives_the_same(place, undisturbed, monkeypatch):
    exp, replace = place / "whole" / "full" / "folds4", os.replace
    expected = {name: text for name, text in undisturbed.items() if name.startswith("full/")}
    written = [path for path in exp.rglob("*") if path.suffix in (".tsv", ".npz")]
    written.append(exp / "result.json")

    def score_row():
        return main(["score", f"--exp={exp}", FOLDS])

    def kill_at(limit):
        """Score until write number ``limit`` has its name, and no further."""
        names = []

        def rename(source, target):
            if len(names) == limit:
                raise Killed
            names.append(target)
            replace(source, target)

        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(pyser.files.os, "replace", rename)
            score_row()

    assert len(written) >= len(expected) + 1
    for limit in range(len(written)):
        for path in written:
            path.unlink(missing_ok=True)
        kill_at(limit)
        assert score_row() == 0
        assert all(path.exists() for path in written)
        found = outputs(place / "whole")
        assert {name: found[name] for name in expected} == expected
