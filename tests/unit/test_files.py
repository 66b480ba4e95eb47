"""Files that exist only when complete, and what is said while working."""

import errno
import os
import signal
import subprocess
import sys

import pytest

from pyser import files, log


def test_atomic_path_leaves_nothing_when_the_block_fails(tmp_path):
    target = tmp_path / "new" / "file"
    with pytest.raises(RuntimeError), files.atomic_path(target) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert list(target.parent.iterdir()) == []


def test_atomic_path_keeps_the_old_content_until_the_end(tmp_path):
    target = tmp_path / "file"
    target.write_text("old")
    with files.atomic_path(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"


WRITER = """
import os, pathlib, sys, time
from pyser import files
write = getattr(files, sys.argv[1])
with write(sys.argv[2]) as temporary:
    inside = temporary / "part" if temporary.is_dir() else temporary
    inside.write_text("half of it, by another process")
    print(temporary.name, flush=True)
    time.sleep(60)
"""


@pytest.fixture(params=["atomic_path", "atomic_folder"])
def kind(request):
    return request.param


def write_into(temporary, text):
    (temporary / "part" if temporary.is_dir() else temporary).write_text(text)


def read_back(path):
    return (path / "part" if path.is_dir() else path).read_text()


@pytest.fixture
def other_writer(kind, tmp_path):
    """Another process half-way through writing ``tmp_path / "target"``."""
    command = [sys.executable, "-c", WRITER, kind, str(tmp_path / "target")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == ".target.tmp\n"
        yield process
        process.kill()


def test_what_a_killed_process_left_is_taken_over(kind, other_writer, tmp_path):
    other_writer.send_signal(signal.SIGKILL)
    other_writer.wait()
    assert os.listdir(tmp_path) == [".target.tmp"]
    with getattr(files, kind)(tmp_path / "target") as temporary:
        assert temporary.name == ".target.tmp"
        if temporary.is_dir():
            assert os.listdir(temporary) == []
        else:
            assert temporary.read_bytes() == b""
        write_into(temporary, "whole")
    assert os.listdir(tmp_path) == ["target"]
    assert read_back(tmp_path / "target") == "whole"


def test_two_that_write_the_same_do_not_meet(kind, other_writer, tmp_path):
    with getattr(files, kind)(tmp_path / "target") as temporary:
        assert temporary.name == f".target.{os.getpid()}.tmp"
        write_into(temporary, "whole")
    assert sorted(os.listdir(tmp_path)) == [".target.tmp", "target"]
    assert read_back(tmp_path / "target") == "whole"
    assert read_back(tmp_path / ".target.tmp") == "half of it, by another process"


def test_a_name_that_another_took_meanwhile_is_not_taken(tmp_path, monkeypatch):
    """Between opening and locking, the file of a writer that ended got its final name."""
    flock, calls = files.fcntl.flock, []

    def renamed_first(descriptor, flags):
        calls.append(flags & files.fcntl.LOCK_EX)
        if sum(map(bool, calls)) == 1 and calls[-1]:
            os.replace(tmp_path / ".target.tmp", tmp_path / "target")
            (tmp_path / "target").write_text("of the other")
        flock(descriptor, flags)

    monkeypatch.setattr(files.fcntl, "flock", renamed_first)
    with files.atomic_path(tmp_path / "target"):
        assert (tmp_path / "target").read_text() == "of the other"
    assert sum(map(bool, calls)) == 2


def test_without_locks_names_have_the_process_number(kind, tmp_path, monkeypatch):
    def fail(descriptor, flags):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(files.fcntl, "flock", fail)
    with getattr(files, kind)(tmp_path / "target") as temporary:
        assert temporary.name == f".target.{os.getpid()}.tmp"
        assert os.listdir(tmp_path) == [temporary.name]
        write_into(temporary, "whole")
    assert read_back(tmp_path / "target") == "whole"


def test_atomic_folder_replaces_the_old_one(tmp_path):
    for text in ("old", "new"):
        with files.atomic_folder(tmp_path / "folder") as temporary:
            (temporary / text).touch()
    assert os.listdir(tmp_path / "folder") == ["new"]
    with pytest.raises(RuntimeError), files.atomic_folder(tmp_path / "folder"):
        raise RuntimeError
    assert os.listdir(tmp_path) == ["folder"]
    assert os.listdir(tmp_path / "folder") == ["new"]


def test_json_round_trip_and_digest(tmp_path):
    value = {"b": [1, 2.5, "ü"], "a": None}
    files.write_json(tmp_path / "x.json", value)
    assert files.read_json(tmp_path / "x.json") == value
    assert files.digest(value) == files.digest({"a": None, "b": [1, 2.5, "ü"]})
    assert files.digest(value) != files.digest({"a": None, "b": [1, 2.5, "u"]})
    files.write_text(tmp_path / "y", "abc")
    assert files.file_digest(tmp_path / "y").startswith("ba7816bf8f01cfea")


def test_progress_in_a_log(capsys, monkeypatch):
    monkeypatch.setattr(log, "_LOG_INTERVAL_S", 0.0)
    assert list(log.progress([1, 2], what="features")) == [1, 2]
    assert capsys.readouterr().err == "features: 1 of 2\nfeatures: 2 of 2\n"


def test_progress_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(log.sys.stderr, "isatty", lambda: True, raising=False)
    assert list(log.progress(iter([1, 2]), total=2, what="train")) == [1, 2]
    assert "train" in capsys.readouterr().err
