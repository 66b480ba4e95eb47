"""Files that exist only when complete, and what is said while working."""

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
