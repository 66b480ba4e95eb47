"""pyser split: folds and statistics are right, a rerun does nothing, a leak stops it."""

import json
import os

import kaldiio
import numpy as np
import pytest
from data_builder import SPEAKERS, leave_one_out, make_data, write_feats

from pyser.cli import main
from pyser.data.datadir import DataDir
from pyser.data.normalise import load_stats
from pyser.data.protocols import PARTS, generate_folds, read_protocol, write_protocol
from pyser.data.split import split
from pyser.data.splitdir import write_fold
from pyser.data.tables import read_list, read_table, write_table
from pyser.errors import InputError
from pyser.files import read_json, write_json


@pytest.fixture
def case(tmp_path):
    data = make_data(tmp_path / "data")
    feats = write_feats(data)
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    return data, feats, tmp_path / "loso.tsv", tmp_path / "split"


def tree(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def edit(data, name, key, value):
    table = read_table(data.path / name)
    write_table(data.path / name, table | {key: value})


def test_files(case):
    data, _, protocol, out = case
    assert main(["split", str(data.path), "--protocol", str(protocol), "--out", str(out)]) == 0
    expected = {"protocol.json", "utt2spk", "cmvn_speaker.ark", "cmvn_speaker.scp"}
    names = (*PARTS, "cmvn_train.ark")
    expected |= {f"fold{k}/{name}" for k in range(1, 5) for name in names}
    assert set(tree(out)) == expected
    assert read_list(out / "fold1" / "test") == [f"s1-u{k}" for k in range(4)]
    assert read_list(out / "fold4" / "dev") == [f"s1-u{k}" for k in range(4)]
    assert read_table(out / "utt2spk") == data.table("utt2spk")
    found = read_json(out / "protocol.json")
    assert (found["id"], found["folds"], found["classes"]) == ("loso", 4, ["ang", "neu"])
    assert found["data"].items() >= {"name": "tiny", "standin": False, "labels": "all"}.items()
    assert found["sizes"][0] == {"train": 8, "dev": 4, "test": 4}
    assert str(data.path.parent) not in json.dumps(found)


def test_statistics(case):
    data, feats, protocol, out = case
    split(data.path, out, protocol)
    for key, stats in kaldiio.load_scp(str(out / "cmvn_speaker.scp")).items():
        frames = np.vstack([feats[u] for u in data.utterances if u.startswith(key)])
        assert stats.dtype == np.float64 and stats.shape == (2, 4)
        np.testing.assert_allclose(stats[0], [*frames.astype(float).sum(axis=0), len(frames)])
        np.testing.assert_allclose(stats[1], [*np.square(frames.astype(float)).sum(axis=0), 0])
    for fold in range(1, 5):
        train = read_list(out / f"fold{fold}" / "train")
        frames = np.vstack([feats[u] for u in train]).astype(float)
        (stats,) = load_stats(out, fold, "train").stats.values()
        np.testing.assert_allclose(stats[0], [*frames.sum(axis=0), len(frames)])
    scaled = np.vstack(
        [
            load_stats(out, 1, "speaker").apply(u, feats[u])
            for u in read_list(out / "fold1" / "test")
        ]
    )
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-5)


def test_training_statistics_know_nothing_of_the_rest(case):
    """Changing every feature of the dev and test speakers leaves them as they are."""
    data, _, protocol, out = case
    split(data.path, out, protocol)
    before = (out / "fold1" / "cmvn_train.ark").read_bytes()
    write_feats(data, change=lambda u, m: m if u[:2] in ("s3", "s4") else m * 7 + 100)
    split(data.path, out, protocol)
    assert (out / "fold1" / "cmvn_train.ark").read_bytes() == before


def test_a_rerun_does_nothing(case, capsys):
    data, _, protocol, out = case
    assert split(data.path, out, protocol)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    assert not split(data.path, out, protocol)
    assert "nothing to do" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_equal_splits_in_two_places_are_equal(tmp_path):
    for place in "ab":
        data = make_data(tmp_path / place / "data")
        write_feats(data)
        write_json(data.path / "frontend.json", {"dim": 3, "input": f"digest of paths in {place}"})
        split(data.path, tmp_path / place / "split", num_folds=4)
        (tmp_path / place / "split" / "cmvn_speaker.scp").unlink()  # names its archive
    assert tree(tmp_path / "a" / "split") == tree(tmp_path / "b" / "split")


def new_label(data, out, protocol):
    edit(data, "utt2emo", "s1-u0", "neu")


def new_protocol(data, out, protocol):
    write_protocol(protocol, leave_one_out(where={"utt2style": ("improvised",)}))


def new_description(data, out, protocol):
    write_protocol(protocol, leave_one_out(description="another"))


def new_features(data, out, protocol):
    write_feats(data, change=lambda utterance, matrix: matrix + 1)
    newer = (out / "protocol.json").stat().st_mtime_ns + 1
    os.utime(data.path / "feats.ark", ns=(newer, newer))


def new_frontend(data, out, protocol):
    write_json(data.path / "frontend.json", {"dim": 3})


def no_statistics(data, out, protocol):
    (out / "fold2" / "cmvn_train.ark").unlink()


def another_list(data, out, protocol):
    (out / "fold2" / "train").write_text("s2-u0\n")


def no_speakers(data, out, protocol):
    (out / "cmvn_speaker.scp").unlink()


def broken_json(data, out, protocol):
    (out / "protocol.json").write_text("{")


CHANGES = [new_label, new_protocol, new_description, new_features, new_frontend]
DAMAGES = [no_statistics, another_list, no_speakers, broken_json]


@pytest.mark.parametrize("change", CHANGES + DAMAGES)
def test_what_changed_is_written_again(case, tmp_path, change):
    data, _, protocol, out = case
    split(data.path, out, protocol)
    change(data, out, protocol)
    assert split(data.path, out, protocol)
    split(data.path, tmp_path / "fresh", protocol)
    expected, found = tree(tmp_path / "fresh"), tree(out)
    assert expected.pop("cmvn_speaker.scp") != found.pop("cmvn_speaker.scp")  # names its archive
    assert found == expected
    assert not split(data.path, out, protocol)


def test_generated_folds(case):
    data, _, protocol, out = case
    assert main(["split", str(data.path), "--num-folds=4", "--out", str(out)]) == 0
    generated = read_protocol(out / "protocol.tsv")
    assert generated.folds == generate_folds(data.table("utt2spk"), 4).folds
    assert read_json(out / "protocol.json")["id"] == "folds4"
    split(data.path, out, num_folds=3)
    assert not (out / "fold4").exists() and (out / "fold3").exists()
    split(data.path, out, protocol)
    assert not (out / "protocol.tsv").exists()


def test_the_id_names_an_unusual_label_policy(tmp_path):
    info = {"labels": "replaced", "labels_default": False, "standin": True}
    data = make_data(tmp_path / "data", info=info)
    write_feats(data)
    split(data.path, tmp_path / "split", num_folds=3)
    found = read_json(tmp_path / "split" / "protocol.json")
    assert found["id"] == "folds3-replaced" and found["data"]["standin"] is True


def test_utterances_without_features_are_left_out_and_told(case, capsys):
    data, _, protocol, out = case
    write_feats(data, skip=["s1-u0", "s3-u3"])
    split(data.path, out, protocol)
    remark = "2 utterances without features are left out: s1-u0 s3-u3"
    assert remark in read_json(out / "protocol.json")["remarks"]
    assert "WARNING: 2 utterances have no features" in capsys.readouterr().err
    assert read_list(out / "fold1" / "test") == ["s1-u1", "s1-u2", "s1-u3"]
    write_protocol(protocol, leave_one_out(where={"utt2style": ("improvised",)}))
    split(data.path, out, protocol)  # s3-u3 is scripted: not missed here
    assert "1 utterances without features are left out: s1-u0" in str(
        read_json(out / "protocol.json")["remarks"]
    )


def remarks(data, protocol, out):
    split(DataDir(data.path).path, out, protocol)
    return "\n".join(read_json(out / "protocol.json")["remarks"])


def test_shared_text_is_told(case):
    data, _, protocol, out = case
    assert "text" not in remarks(data, protocol, out)
    edit(data, "text", "s1-u0", "The  Same words")
    edit(data, "text", "s3-u0", "the same words")
    found = remarks(data, protocol, out)
    assert "12.5 % of the test utterances have a text that also occurs in training" in found
    assert "(by fold: 25.0 0.0 25.0 0.0 %)" in found


def test_empty_transcripts_are_not_the_same_text(case):
    data, _, protocol, out = case
    write_table(data.path / "text", dict.fromkeys(data.utterances, ""), empty_values=True)
    assert "text" not in remarks(data, protocol, out)


def test_shared_sessions_are_told(case):
    data, _, protocol, out = case
    found = remarks(data, protocol, out)
    assert "dev and test have utterances of the same session in 2 of 4 folds" in found
    write_table(data.path / "utt2session", {u: u[:2] for u in data.utterances})
    assert "session" not in remarks(data, protocol, out)
    (data.path / "utt2session").unlink()
    (data.path / "text").unlink()
    assert remarks(data, protocol, out) == ""


def test_absent_classes_are_told(case):
    data, _, protocol, out = case
    for k in range(4):
        edit(data, "utt2emo", f"s1-u{k}", "neu")
    found = remarks(data, protocol, out)
    assert "class ang does not occur in test of fold 1" in found
    assert "class ang does not occur in dev of fold 4" in found


def test_audio_that_cannot_be_compared_is_told(case):
    data, _, protocol, out = case
    edit(data, "wav.scp", "s1-u0", "gone.wav")
    assert "the audio of 1 recordings could not be compared" in remarks(data, protocol, out)


def test_a_leak_writes_nothing(case):
    data, _, protocol, out = case
    edit(data, "wav.scp", "s3-u2", data.table("wav.scp")["s1-u0"])
    with pytest.raises(InputError, match="share audio file"):
        split(data.path, out, protocol)
    assert not out.exists()
    assert main(["split", str(data.path), "--num-folds=4", "--out", str(out)]) == 1


def test_a_leak_stops_a_rerun_too(case):
    data, _, protocol, out = case
    split(data.path, out, protocol)
    edit(data, "wav.scp", "s3-u2", data.table("wav.scp")["s1-u0"])
    with pytest.raises(InputError, match="share audio file"):
        split(data.path, out, protocol)


def test_a_single_class_is_refused(case, capsys):
    data, _, protocol, out = case
    write_table(data.path / "utt2emo", dict.fromkeys(data.utterances, "x"))
    for folds in ("--num-folds=0", f"--protocol={protocol}"):
        assert main(["split", str(data.path), folds, "--out", str(out)]) == 1
        found = "utt2emo has the one class x; at least two are needed"
        assert f"{data.path}: {found}" in capsys.readouterr().err
    assert not out.exists()


def test_broken_features_leave_no_complete_split(case):
    data, _, protocol, out = case
    write_feats(data, change=lambda u, m: m * np.nan if u == "s2-u1" else m)
    with pytest.raises(InputError, match="s2-u1: features are not finite"):
        split(data.path, out, protocol)
    assert not (out / "protocol.json").exists()


def test_a_failure_while_writing_leaves_the_old_fold(case):
    data, _, protocol, out = case
    split(data.path, out, protocol)
    before = tree(out / "fold1")
    with pytest.raises(KeyError):
        write_fold(out / "fold1", {"train": ["s1-u0"], "dev": [], "test": []}, {})
    assert tree(out / "fold1") == before
    assert not [path for path in out.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("more", [[], ["--protocol=p.tsv", "--num-folds=3"], ["--num-folds=x"]])
def test_usage(tmp_path, more):
    assert main(["split", str(tmp_path), "--out", str(tmp_path / "split"), *more]) == 2


def test_help_and_missing_data(tmp_path, capsys):
    assert main(["split", "--help"]) == 0
    assert "--num-folds" in capsys.readouterr().out
    assert main(["split", str(tmp_path / "no"), "--num-folds=3", "--out", str(tmp_path)]) == 1
    assert "no such directory" in capsys.readouterr().err
    assert len(SPEAKERS) == 4
