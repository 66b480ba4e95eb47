"""What ``pyser features`` refuses to replace: its own inputs, and files of others."""

import os
from pathlib import Path

import kaldiio
import pytest
import soundfile

from pyser.cli import main


def contents():
    """Name -> bytes of every file in the working folder and below."""
    return {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}


def refused(features, status, text, *argv):
    """``pyser features`` with ``argv`` exits with ``status``, says ``text`` and changes nothing."""
    before = contents()
    assert main(["features", *argv]) == status
    error = features.log()
    assert text in error, error
    assert contents() == before


@pytest.fixture
def inputs(features):
    """A wav.scp, segments, options, an archive, links to some of them; and ``features``."""
    Path("wav.scp").write_text("a good.wav\n")
    Path("segments").write_text("s a 0 0.2\n")
    Path("f.conf").write_text("--num-mel-bins=30\n")
    Path("g.conf").write_text("--low-freq=30\n")
    kaldiio.save_ark("w.ark", {"a": (16000, features.samples)}, scp="w.scp")
    os.symlink("wav.scp", "link.scp")
    os.mkdir("folder")
    Path("folder/failed.tsv").write_text("a good.wav\n")
    return features


@pytest.mark.parametrize(
    ("argv", "path"),
    [
        (["scp:wav.scp", "ark:wav.scp"], "wav.scp"),
        (["scp:wav.scp", "ark:./folder/../wav.scp"], "wav.scp"),
        (["scp:link.scp", "ark:wav.scp"], "wav.scp"),
        (["scp:wav.scp", "ark:link.scp"], "link.scp"),
        (["scp:wav.scp", "ark,scp:new.ark,wav.scp"], "wav.scp"),
        (["scp:wav.scp", "ark:good.wav"], "good.wav"),
        (["ark:w.ark", "ark:w.ark"], "w.ark"),
        (["scp:w.scp", "ark:w.ark"], "w.ark"),
        (["--segments=segments", "scp:wav.scp", "ark:segments"], "segments"),
        (["--segments=segments", "scp:wav.scp", "ark:good.wav"], "good.wav"),
        (["--config=f.conf", "--config=g.conf", "scp:wav.scp", "ark:f.conf"], "f.conf"),
        (["scp:folder/failed.tsv", "ark:folder/new.ark"], "failed.tsv"),
    ],
)
@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_inputs_are_not_overwritten(inputs, argv, path, flags):
    refused(inputs, 2, f"{path}: would be overwritten", *flags, *argv)


@pytest.mark.parametrize("output", ["x.ark,x.ark", "x.ark,./x.ark"])
def test_archive_and_table_are_two_files(inputs, output):
    refused(inputs, 2, "two files", "scp:wav.scp", f"ark,scp:{output}")


OTHER = ["ark,scp:o/g.ark,o/g.scp", "ark:o/g.ark", "ark:o/f.ark"]


@pytest.mark.parametrize("output", OTHER)
@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
def test_one_output_in_a_folder(features, output, flags):
    assert features({"a": "good.wav", "b": "none.wav"}, "--max-failed=1")[0] == 0
    refused(features, 1, "o/frontend.json: belongs to f.scp", *flags, "scp:wav.scp", output)
    refused(features, 1, "another folder for each part", *flags, "scp:wav.scp", output)


def test_the_record_of_a_table_that_is_gone_is_replaced(features):
    assert features({"a": "good.wav"})[0] == 0
    os.unlink("o/f.scp")
    assert features({"a": "good.wav"}, output=OTHER[0])[0] == 0


def test_a_part_that_ended_meanwhile_is_kept(features, monkeypatch):
    """The other part writes its record while this one computes."""
    table, run = {"a": "good.wav"}, features.frontend.__class__.__call__
    soundfile.write("good.wav", features.samples.astype("float32") / 32768, 16000, subtype="FLOAT")

    def other_part_first(*args):
        os.makedirs("o", exist_ok=True)
        Path("o/f.scp").write_text("")
        Path("o/frontend.json").write_text('{"scp": "f.scp"}')
        return run(*args)

    monkeypatch.setattr("pyser.frontend.archive.probe", lambda frontend: "")
    monkeypatch.setattr("pyser.Frontend.__call__", other_part_first)
    status, log = features(table, output=OTHER[0])
    assert status == 1
    assert "belongs to f.scp" in log[-1]
    assert sorted(os.listdir("o")) == ["f.scp", "frontend.json"]


@pytest.mark.parametrize("output", ["ark,scp:o/f.ark,o/f.scp", "ark:o/f.ark"])
@pytest.mark.parametrize("text", ["", "my notes\n", "utterance\treason\n"])
def test_a_failed_tsv_of_somebody_else(features, output, text):
    os.mkdir("o")
    Path("o/failed.tsv").write_text(text)
    Path("wav.scp").write_text("a good.wav\n")
    refused(features, 1, "o/failed.tsv: would be replaced", "scp:wav.scp", output)
    assert features({"a": "good.wav"}, output="ark:other.ark")[0] == 0
