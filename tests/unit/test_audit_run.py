"""pyser audit as a command: protocols, splits, exit statuses; our own protocols on real speech."""

import time

import numpy as np
import pytest
from audit_builder import edit, make_sounds, sound, write_lists
from data_builder import leave_one_out, write_feats

from pyser.audit.facts import Audio
from pyser.audit.sounds import Reader, listen, sample_names
from pyser.audit.waveforms import waveform_likeness
from pyser.cli import main
from pyser.data.protocols import Fold, Protocol, write_protocol
from pyser.data.split import split
from pyser.data.tables import write_table
from pyser.files import read_json


@pytest.fixture
def data(tmp_path):
    return make_sounds(tmp_path / "data")


def findings(path, *arguments):
    """(exit status, code -> finding), written to ``path``."""
    status = main(["audit", *map(str, arguments), f"--json={path}"])
    return status, {finding["code"]: finding for finding in read_json(path)["findings"]}


def prepare(corpus, root, out):
    assert main(["prepare", corpus, f"--root={root}", f"--out={out}"]) == 0


@pytest.mark.parametrize("protocol", ["loso5", "loso10", "impro10"])
def test_our_protocols_on_the_standin(standin_tiny, tmp_path, repository, protocol):
    prepare("iemocap", standin_tiny, tmp_path / "data")
    file = repository / f"egs/iemocap/protocols/{protocol}.tsv"
    status, found = findings(tmp_path / "found", tmp_path / "data", file)
    assert status == 0
    allowed = {"session-dev-test", "dialog-dev-test", "unchecked-statistics", "text-train-test"}
    assert set(found) <= allowed | {"class-absent-dev", "class-absent-test", "class-absent-train"}
    assert ("session-dev-test" in found) == (protocol != "loso5")
    assert ("text-train-test" in found) == (protocol != "impro10")


def test_our_protocol_on_real_speech(emodb_root, tmp_path, repository):
    """Ten speakers say the same ten sentences, some of them several times: no two are copies."""
    prepare("emodb", emodb_root, tmp_path / "data")
    protocol = repository / "egs/emodb/protocols/loso10.tsv"
    start = time.process_time()
    status, found = findings(tmp_path / "found", tmp_path / "data", protocol)
    assert time.process_time() - start < 20  # 4 s on a quiet core
    assert status == 0
    assert set(found) == {
        "text-train-test",
        "class-absent-dev",
        "class-absent-test",
        "unchecked-session",
        "unchecked-statistics",
    }
    assert read_json(tmp_path / "found")["audio"] == {"compared_by_sound": 535, "utterances": 535}
    assert found["text-train-test"]["count"] == 535


def test_the_remarks_of_a_split_are_those_of_its_audit(data, tmp_path):
    write_feats(data)
    edit(data, "text", {"s1-u0": "same", "s3-u0": "same"})
    edit(data, "wav.scp", {"s2-u0": "gone.wav"})
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, data.path / "split/loso", tmp_path / "loso.tsv")
    assert main(["audit", str(data.path), "loso"]) == 0
    told = read_json(data.path / "split/loso/protocol.json")["remarks"]
    audited = read_json(data.path / "split/loso/audit.json")["findings"]
    assert set(told) < {finding["message"] for finding in audited}
    assert len(told) == 4


def test_a_protocol_that_leaks(data, tmp_path):
    fold = Fold(("s1", "s2"), ("s3",), ("s2", "s4"))
    write_protocol(tmp_path / "p.tsv", Protocol("p", (fold,)))
    status, found = findings(tmp_path / "found", data.path, tmp_path / "p.tsv")
    assert status == 1 and found["speaker-train-test"]["count"] == 4
    assert found["untested"]["count"] == 8
    write_protocol(tmp_path / "p.tsv", Protocol("p", (fold,), untested=True))
    assert "untested" not in findings(tmp_path / "found", data.path, tmp_path / "p.tsv")[1]


def test_conditions_and_folds_that_test_twice(data, tmp_path):
    folds = (Fold(("s1",), ("s2",), ("s3",)), Fold(("s1",), ("s2",), ("s3",)))
    where = {"utt2style": ("improvised",)}
    write_protocol(tmp_path / "p.tsv", Protocol("p", folds, where))
    found = findings(tmp_path / "found", data.path, tmp_path / "p.tsv")[1]
    assert found["tested-twice"]["count"] == 3
    assert found["left-out"]["utterances"] == ["s4-u0", "s4-u1", "s4-u2"]


def test_a_split_of_fewer_utterances(data, tmp_path):
    write_feats(data, skip=["s1-u0"])
    write_protocol(tmp_path / "p.tsv", leave_one_out(where={"utt2style": ("improvised",)}))
    split(data.path, tmp_path / "split", tmp_path / "p.tsv")
    found = findings(tmp_path / "found", data.path, tmp_path / "split")[1]
    assert found["left-out"]["utterances"] == ["s1-u0"]  # not the scripted ones
    assert "unchecked-statistics" in found  # nothing tells the numbers of frames


def test_splits_that_are_none(data, tmp_path, capsys):
    assert main(["audit", str(data.path), "nothing"]) == 1
    assert "pyser split writes" in capsys.readouterr().err
    (tmp_path / "split/fold1").mkdir(parents=True)
    for part in ("train", "dev", "test"):
        (tmp_path / "split/fold1" / part).write_text("zz\n")
    assert main(["audit", str(data.path), str(tmp_path / "split")]) == 1
    assert "utterances that the data do not have (first: zz)" in capsys.readouterr().err
    assert main(["audit", str(data.path), str(data.path)]) == 1
    assert "no folders fold<k>" in capsys.readouterr().err
    write_protocol(tmp_path / "p.tsv", Protocol("p", (Fold(("x",), ("y",), ("z",)),)))
    assert main(["audit", str(data.path), str(tmp_path / "p.tsv")]) == 1
    assert "no utterance is of a speaker it names" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [[], ["DATA"], ["--train=a"], ["DATA", "p", "--train=a", "--test=b"], ["--claim=best"]],
)
def test_usage(arguments):
    assert main(["audit", *arguments]) == 2


def test_help_and_what_is_printed(data, tmp_path, capsys):
    assert main(["audit", "--help"]) == 0
    assert "--speaker-pattern" in capsys.readouterr().out
    options = write_lists(tmp_path, train=["s1", "s4-u0", "s4-u0"], dev=["s3"], test=["s4"])[1:]
    (tmp_path / "train.list").write_text("s1-u0\ns4-u0\ns4-u0\n")
    assert main(["audit", str(data.path), f"--train={tmp_path}/train.list", *options]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[0].endswith("test.list: invalid")
    assert shown[1] == "claim: speaker-independent; 2 findings invalidate it, 6 remarks"
    assert shown[4].startswith("[invalidates] utterance-train-test: 1 utterances are in train and")
    assert shown[5].startswith("    claim: the model is tested on what it was fitted to")
    assert "[remark] listed-twice: train of fold 1 lists 1 utterances more than once" in shown


def test_audio_that_cannot_be_heard(data, tmp_path):
    (tmp_path / "text.wav").write_text("no audio")
    audio = {"a": "gone.wav", "b": "touch x|", "c": str(tmp_path / "text.wav")}
    audio = {utterance: Audio(path) for utterance, path in audio.items()}
    audio["d"] = Audio(data.table("wav.scp")["s1-u0"], 9.0, 9.5)  # behind its end
    assert listen(audio, [*audio, "e"]).not_there == ["e", "c", "d", "a", "b"]
    write_table(data.path / "segments", {u: f"{u} zero one" for u in data.utterances})
    write_protocol(tmp_path / "p.tsv", leave_one_out())
    assert main(["audit", str(data.path), str(tmp_path / "p.tsv")]) == 1


def test_short_and_silent_audio(data, tmp_path):
    import soundfile

    soundfile.write(tmp_path / "short.wav", sound(0, 0.3), 16000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16000), 16000)
    edit(data, "wav.scp", {"s1-u0": f"{tmp_path}/short.wav", "s1-u1": f"{tmp_path}/silent.wav"})
    write_protocol(tmp_path / "p.tsv", leave_one_out())
    found = findings(tmp_path / "found", data.path, tmp_path / "p.tsv")[1]["unchecked-audio"]
    assert found["utterances"] == ["s1-u0", "s1-u1"]
    assert "2 utterances are silent or too short" in found["message"]


def test_names_of_samples():
    samples = np.float32([0, 0, 0.5, 0, -0.25, 0])
    assert sample_names(np.stack([samples, samples[:6]])) == sample_names(samples[None, 1:5])
    assert sample_names(np.zeros((2, 5), np.float32)) == set()
    assert len(sample_names(np.stack([samples, -samples]))) == 2


def test_waveforms():
    one, other = sound(1), sound(2)
    assert waveform_likeness(one, 16000, one[4000:], 16000, 0.25) > 0.95
    assert waveform_likeness(one, 16000, -one, 16000, 0.03) > 0.95
    assert waveform_likeness(one, 16000, one[4000:], 16000, 0.0) < 0.4
    assert waveform_likeness(one, 16000, other, 16000, 0.0) < 0.4
    assert waveform_likeness(one, 16000, other, 16000, 99.0) == 0.0
    assert Reader().read(Audio("gone.wav")) is None
