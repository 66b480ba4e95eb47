"""Statistics kept beside an archive: the bytes of those of its features, and never another's."""

import os
import shutil

import kaldiio
import numpy as np
import pytest
from data_builder import leave_one_out, make_data, write_feats

from pyser.data.keptstats import kept_stats, remove_stats, stats_file, tie_to_archive
from pyser.data.protocols import write_protocol
from pyser.data.reader import FeatureReader
from pyser.data.split import split
from pyser.files import write_json
from pyser.frontend.cmvn import compute_cmvn_stats


def tie(reader):
    tie_to_archive(reader.path.parent, *reader.archives(), reader.places())


def keep(folder, change=lambda stats: stats):
    """Write what ``pyser features`` would; with ``change``, to be told from the features' own."""
    reader = FeatureReader(folder / "feats.scp")
    with stats_file(folder) as file:
        matrices = {u: change(compute_cmvn_stats(rows)) for u, rows in reader.items()}
        kaldiio.save_ark(file, matrices)
    tie(reader)


@pytest.fixture
def data(tmp_path):
    data = make_data(tmp_path / "data")
    write_feats(data)
    keep(data.path)
    return data


def test_features_are_not_read_where_statistics_are_kept(data):
    keep(data.path, change=lambda stats: stats + 1)  # no statistics of anything
    reader = FeatureReader(data.path / "feats.scp")
    for utterance, stats in compute_cmvn_stats(reader).items():
        np.testing.assert_array_equal(stats, compute_cmvn_stats(reader[utterance]) + 1)


def tree(folder):
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.suffix in (".ark", ".json")}


def test_splits_have_the_same_bytes_with_and_without(data, tmp_path):
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, tmp_path / "kept", tmp_path / "loso.tsv")
    remove_stats(data.path)
    split(data.path, tmp_path / "pass", tmp_path / "loso.tsv")
    assert tree(tmp_path / "kept") == tree(tmp_path / "pass")


def touched(data):
    os.utime(data.path / "feats.ark")


def other_features(data):
    write_feats(data, change=lambda u, m: m + 1)


def other_features_of_the_same_time(data):
    times = os.stat(data.path / "feats.ark")
    write_feats(data, frames=21)
    os.utime(data.path / "feats.ark", ns=(times.st_atime_ns, times.st_mtime_ns))


def other_places(data):
    scp = data.path / "feats.scp"
    lines = scp.read_text().splitlines()
    lines[0], lines[1] = (f"{a.split()[0]} {b.split()[1]}" for a, b in (lines[:2], lines[1::-1]))
    scp.write_text("\n".join(lines) + "\n")


def fewer_utterances(data):
    scp = data.path / "feats.scp"
    scp.write_text("".join(scp.read_text().splitlines(keepends=True)[1:]))


def other_statistics(data):
    path = data.path / "utt2cmvn.ark"
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def no_statistics(data):
    (data.path / "utt2cmvn.ark").unlink()


def no_tie(data):
    (data.path / "utt2cmvn.json").unlink()


def broken_tie(data):
    (data.path / "utt2cmvn.json").write_text("{")


def no_json_object(data):
    write_json(data.path / "utt2cmvn.json", [1])


def moved_archive(data):
    (data.path / "feats.ark").rename(data.path / "moved.ark")


def broken_statistics(data):
    """Of the right digest, as a writer with a fault would leave them."""
    path = data.path / "utt2cmvn.ark"
    path.write_bytes(path.read_bytes()[:-9])
    tie(FeatureReader(data.path / "feats.scp"))


CHANGES = [
    touched,
    other_features,
    other_features_of_the_same_time,
    other_places,
    fewer_utterances,
    other_statistics,
    no_statistics,
    no_tie,
    broken_tie,
    no_json_object,
    moved_archive,
    broken_statistics,
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_in_doubt_none_are_used(data, change):
    assert kept_stats(FeatureReader(data.path / "feats.scp"))
    change(data)
    reader = FeatureReader(data.path / "feats.scp")
    assert kept_stats(reader) == {}
    if change is not moved_archive:
        for utterance, stats in compute_cmvn_stats(reader).items():
            assert stats.tobytes() == compute_cmvn_stats(reader[utterance]).tobytes()


def test_a_copy_that_keeps_times_keeps_them(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scp = data.path / "feats.scp"
    scp.write_text(scp.read_text().replace(f"{tmp_path}/data", "copy"))  # places have no folder
    shutil.copytree(data.path, "copy")
    assert list(kept_stats(FeatureReader("copy/feats.scp"))) == data.utterances


def test_a_writer_that_fails_changes_nothing(data):
    with pytest.raises(KeyboardInterrupt), stats_file(data.path) as file:
        file.write(b"a ")
        raise KeyboardInterrupt
    assert sorted(p.name for p in data.path.glob("*utt2cmvn*")) == ["utt2cmvn.ark", "utt2cmvn.json"]
    assert kept_stats(FeatureReader(data.path / "feats.scp"))
