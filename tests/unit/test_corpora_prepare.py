"""``pyser prepare``: releases and directories of one's own to validated data directories."""

import os
import re
import shutil

import pytest
from data_builder import write_wav
from iemocap_builder import write_release

from pyser.cli import main
from pyser.corpora import iemocap, own, prepare
from pyser.data.datadir import DataDir
from pyser.data.findings import count_errors
from pyser.data.spoken import read_words
from pyser.data.validate import validate
from pyser.errors import InputError

MERGED = iemocap.LABEL_POLICIES["merged"]


def test_iemocap_standin(standin_tiny, tmp_path, capsys):
    out = tmp_path / "data"
    command = ["prepare", "iemocap", f"--root={standin_tiny}", f"--out={out}"]
    assert main(command) == 0
    report = capsys.readouterr().err
    assert "synthetic stand-in, not IEMOCAP" in report
    data = DataDir(out)
    assert validate(out) == []
    assert data.standin and data.info["name"] == "iemocap" and data.info["labels"] == "merged"
    assert data.info["labels_default"] and data.info["differences"] == []
    assert data.info["classes"] == ["ang", "hap", "neu", "sad"]
    assert "totals are as the stand-in's own" in report
    expected = [one for one in iemocap.parse(standin_tiny) if one.raw_emotion in MERGED]
    assert data.utterances == sorted(one.id for one in expected)
    assert set(data.table("utt2emo").values()) == {"ang", "hap", "neu", "sad"}
    assert set(data.table("utt2style").values()) == {"improvised", "scripted"}
    assert len(data.table("spk2gender")) == 10
    for one in expected[::20]:
        assert data.table("utt2dialog")[one.id] == one.dialog
        assert data.table("utt2session")[one.id] == one.session
        assert data.table("utt2rawemo")[one.id] == one.raw_emotion
        assert data.table("text")[one.id] == one.text
        assert [word for *_, word in read_words(data.table("utt2words")[one.id])] == [
            word for *_, word in one.words
        ]
        assert os.path.isabs(data.table("wav.scp")[one.id])

    before = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert main(command) == 0
    assert "nothing to do" in capsys.readouterr().err
    assert before == {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "text").unlink()
    assert main(command) == 0
    assert DataDir(out).table("text") == data.table("text")

    assert main([*command, "--labels=kept"]) == 1
    assert "holds data with labels 'merged', not 'kept'" in capsys.readouterr().err


def test_policies_reach_the_data_directory(standin_tiny, tmp_path):
    out = tmp_path / "data"
    argv = ["iemocap", "--root", str(standin_tiny), "--out", str(out), "--labels", "replaced"]
    assert prepare.main(argv) == 0
    data = DataDir(out)
    assert (data.info["labels"], data.info["labels_default"]) == ("replaced", False)
    raw, emotions = data.table("utt2rawemo"), data.table("utt2emo")
    assert {raw[u] for u in data.utterances if emotions[u] == "hap"} == {"exc"}


def test_a_part_of_the_corpus_is_reported_not_refused(standin_tiny, tmp_path, capsys):
    part = tmp_path / "IEMOCAP_full_release"
    shutil.copytree(standin_tiny / "Session1", part / "Session1")
    shutil.copyfile(standin_tiny / prepare.STANDIN_FILE, part / prepare.STANDIN_FILE)
    victim = next(part.glob("Session1/sentences/wav/Ses01F_impro01/Ses*_F000.wav"))
    victim.unlink()
    argv = ["prepare", "iemocap", f"--root={tmp_path}", f"--out={tmp_path / 'data'}"]
    assert main(argv) == 0
    report = capsys.readouterr().err
    assert "is it a part of the corpus, or a bad copy?" in report
    assert "1 turns evaluated but not recorded, left out, such as Ses01F_impro01_F000" in report
    info = DataDir(tmp_path / "data").info
    rows = {(row["group"], row["count"]): row for row in info["differences"]}
    assert rows["Ses01F", "utterances"]["expected"] == rows["Ses01F", "utterances"]["found"] + 1
    assert rows["Ses02", "dialogs"]["found"] == 0
    assert ("Ses01M", "utterances") not in rows
    assert len(info["remarks"]) == 1


def test_without_its_marker_a_release_is_compared_with_the_published_totals(
    standin_tiny, tmp_path, capsys
):
    (tmp_path / "release").mkdir()
    for number in range(1, 6):
        name = f"Session{number}"
        (tmp_path / "release" / name).symlink_to(standin_tiny / name)
    out = tmp_path / "data"
    assert main(["prepare", "iemocap", f"--root={tmp_path / 'release'}", f"--out={out}"]) == 0
    assert "totals are as published" in capsys.readouterr().err
    info = DataDir(out).info
    assert not info["standin"]
    assert {"group": "all", "count": "dialogs", "expected": 151, "found": 23} in info["differences"]


def test_malformed_files_stop_with_file_and_line(standin_tiny, tmp_path, capsys):
    shutil.copytree(standin_tiny / "Session2", tmp_path / "release/Session2")
    path = next((tmp_path / "release/Session2/dialog/EmoEvaluation").glob("Ses*.txt"))
    path.write_bytes(path.read_bytes() + b"[1.0 - \n")
    line = path.read_bytes().count(b"\n")
    argv = [f"--root={tmp_path / 'release'}", f"--out={tmp_path / 'data'}"]
    assert main(["prepare", "iemocap", *argv]) == 1
    assert f"{path}:{line}: found" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_a_policy_that_keeps_nothing_is_an_error(tmp_path, capsys):
    root = write_release(tmp_path / "release", code="xxx")
    assert main(["prepare", "iemocap", f"--root={root}", f"--out={tmp_path / 'data'}"]) == 1
    assert "no utterance has a label of policy merged" in capsys.readouterr().err


def test_emodb(emodb_root, tmp_path, capsys):
    out = tmp_path / "data"
    assert main(["prepare", "emodb", f"--root={emodb_root}", f"--out={out}"]) == 0
    assert "EMO-DB: 19 of 19 totals are as published" in capsys.readouterr().err
    data = DataDir(out)
    assert len(data.utterances) == 535 and not data.standin
    assert data.info["labels_default"] and len(data.info["classes"]) == 7
    assert validate(out) == []
    assert data.table("text")["03-03a04Lc"] == "Heute abend könnte ich es ihm sagen."


def test_standin_verb(tmp_path, monkeypatch, capsys):
    calls = []
    monkeypatch.setattr("pyser.corpora.standin.generate", lambda *args: calls.append(args))
    assert main(["prepare", "standin", f"--out={tmp_path}"]) == 0
    assert main(["prepare", "standin", "--out", str(tmp_path), "--size=tiny"]) == 0
    assert calls == [(str(tmp_path), "small"), (str(tmp_path), "tiny")]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["emodbb", "--out=x"], "unknown corpus 'emodbb'"),
        (["emodb", "--out=x"], "--root is not given"),
        (["emodb", "--root=x"], "--out is not given"),
        (["emodb", "--root=x", "--out=y", "--size=tiny"], "--size is given; .* emodb takes none"),
        (["standin", "--root=x", "--out=y"], "--root is given"),
        (["iemocap", "--root=x", "--out=y", "--labels=four"], "expected one of: merged replaced"),
        (["own", "--root=x", "--out=y", "--labels=four"], "utt2emo is taken as it is"),
        ([], "usage: pyser prepare"),
    ],
)
def test_usage_errors(argv, message, capsys):
    assert main(["prepare", *argv]) == 2
    report = capsys.readouterr().err
    assert re.search(message, report), report


def test_help(capsys):
    assert main(["prepare", "--help"]) == 0
    assert "emodb iemocap" in capsys.readouterr().out


def write_own(folder, speaker="anna", **tables):
    """A minimal data directory whose audio lies beside it."""
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"RIFF")
    tables = {
        "wav.scp": "u1 a.wav\nu2 a.wav\n",
        "utt2spk": f"u1 {speaker}\nu2 {speaker}\n",
        "utt2emo": "u1 glad\nu2 cross\n",
    } | tables
    for name, text in tables.items():
        (folder / name).write_text(text)
    return folder


def test_own_data_gets_absolute_paths_and_ids_with_the_speaker(tmp_path, capsys):
    root = write_own(tmp_path / "mine", text="u1 hello\nu2\n", spk2gender="anna f\n")
    out = tmp_path / "data"
    assert main(["prepare", "own", f"--root={root}", f"--out={out}"]) == 0
    data = DataDir(out)
    assert data.table("wav.scp") == {f"anna-u{k}": str(root / "a.wav") for k in (1, 2)}
    assert data.table("utt2emo") == {"anna-u1": "glad", "anna-u2": "cross"}
    assert data.table("text") == {"anna-u1": "hello", "anna-u2": ""}
    assert data.table("spk2gender") == {"anna": "f"}
    assert (data.info["name"], data.standin) == ("mine", False)
    assert "ids have to begin with the speaker" in capsys.readouterr().err


def test_own_tables_that_are_gone_do_not_stay(tmp_path, capsys):
    root = write_own(tmp_path / "mine", speaker="u", utt2style="u1 acted\nu2 acted\n")
    out = tmp_path / "data"
    command = ["prepare", "own", f"--root={root}", f"--out={out}"]
    assert main(command) == 0
    (out / "feats.ark").write_text("")
    (root / "utt2style").unlink()
    capsys.readouterr()
    assert main(command) == 0
    assert "nothing to do" not in capsys.readouterr().err
    assert not DataDir(out).has("utt2style") and DataDir(out).has("feats.ark")
    assert main(command) == 0
    assert "nothing to do" in capsys.readouterr().err


def test_own_segments_keep_their_recordings(tmp_path):
    segments = "u1 r 0 0.5\nu2 r 0.5 1\n"
    tables, _ = own.read(
        write_own(tmp_path / "mine", **{"wav.scp": "r cat a.wav |\n", "segments": segments})
    )
    assert tables["wav.scp"] == {"r": "cat a.wav |"}
    assert tables["segments"] == {"anna-u1": "r 0 0.5", "anna-u2": "r 0.5 1"}


def test_own_ids_that_are_right_stay(tmp_path, monkeypatch):
    root = write_own(tmp_path / "mine", speaker="u")
    monkeypatch.chdir(root)
    tables, _ = own.read(root)
    assert set(tables["utt2spk"]) == {"u1", "u2"}
    assert tables["wav.scp"]["u1"] == str(root / "a.wav")


def test_own_ids_that_do_not_sort_as_their_speakers_are_renamed(tmp_path, capsys):
    """``_`` sorts after the digits, so that s10_00 comes before s1_00."""
    speakers = ("s1", "s2", "s10", "s12")
    ids = {f"{speaker}_{k:02}": speaker for speaker in speakers for k in range(2)}
    root = write_own(
        tmp_path / "mine",
        **{
            "wav.scp": "".join(f"{key} {key}.wav\n" for key in sorted(ids)),
            "utt2spk": "".join(f"{key} {ids[key]}\n" for key in sorted(ids)),
            "utt2emo": "".join(f"{key} {'ab'[int(key[-1])]}\n" for key in sorted(ids)),
        },
    )
    for seed, key in enumerate(ids):
        write_wav(root / f"{key}.wav", seed)
    out = tmp_path / "data"
    assert main(["prepare", "own", f"--root={root}", f"--out={out}"]) == 0
    assert "ids have to sort as their speakers do" in capsys.readouterr().err
    assert count_errors(validate(out)) == 0
    utt2spk = DataDir(out).table("utt2spk")
    assert utt2spk == {f"{speaker}-{key}": speaker for key, speaker in ids.items()}
    assert DataDir(out).table("utt2emo")["s10-s10_01"] == "b"
    assert own.read(out)[0]["utt2spk"] == utt2spk


def test_speakers_that_no_renaming_sorts_are_left_to_the_validation(tmp_path, capsys):
    tables = dict.fromkeys(("wav.scp", "utt2emo"), "a+b-1 x.wav\na-1 x.wav\n")
    root = write_own(tmp_path / "mine", utt2spk="a+b-1 a+b\na-1 a\n", **tables)
    (root / "x.wav").write_bytes(b"RIFF")
    assert main(["prepare", "own", f"--root={root}", f"--out={tmp_path / 'data'}"]) == 1
    report = capsys.readouterr().err
    assert "[speaker-order]" in report and "sorted utterances must have sorted speakers" in report


def test_own_errors(tmp_path, capsys):
    root = write_own(tmp_path / "mine", **{"wav.scp": "u1 a.wav\nu2 b.wav\n"})
    with pytest.raises(InputError, match=r"recording u2: no file b\.wav"):
        own.read(root)
    root = write_own(tmp_path / "other", **{"wav.scp": "u1 a.wav\n"})
    assert main(["prepare", "own", f"--root={root}", f"--out={tmp_path / 'data'}"]) == 1
    assert "error [" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("info", "found"),
    [
        ('{"name": 3}', "name is 3; expected a string"),
        ('{"name": null}', "name is null; expected a string"),
        ('{"standin": "no"}', 'standin is "no"; expected true or false'),
        ('{"standin": 1}', "standin is 1; expected true or false"),
    ],
)
def test_own_info_of_another_type_is_refused(tmp_path, info, found):
    root = write_own(tmp_path / "mine", **{"corpus.json": info})
    with pytest.raises(InputError) as caught:
        own.read(root)
    assert caught.value.where == root / "corpus.json"
    assert found in str(caught.value)


def test_own_info_is_kept(tmp_path):
    root = write_own(tmp_path / "mine", **{"corpus.json": '{"name": "x", "standin": true}'})
    assert own.read(root)[1] == {"name": "x", "standin": True, "labels": "all"}


def test_own_recordings_may_be_relative_to_the_folder_above_data(tmp_path):
    (tmp_path / "data").mkdir()
    root = write_own(tmp_path / "data" / "mine", **{"wav.scp": "u1 wav/a.wav\nu2 wav/a.wav\n"})
    (tmp_path / "wav").mkdir()
    (root / "a.wav").rename(tmp_path / "wav" / "a.wav")
    tables, _ = own.read(root)
    assert set(tables["wav.scp"].values()) == {str(tmp_path / "wav" / "a.wav")}


def test_own_ids_that_would_collide_are_refused(tmp_path):
    tables = {
        "wav.scp": "b-c a.wav\nc a.wav\n",
        "utt2spk": "b-c a\nc a-b\n",
        "utt2emo": "b-c glad\nc cross\n",
    }
    with pytest.raises(InputError, match="b-c and c both become a-b-c"):
        own.read(write_own(tmp_path / "mine", **tables))
