"""pyser audit: each kind of planted leak is found, and nothing else is."""

import numpy as np
import pytest
import soxr
from audit_builder import RATE, edit, make_sounds, sound, write_lists, write_sound
from data_builder import leave_one_out, write_feats

from pyser.audit.findings import CLAIMS, CODES
from pyser.audit.statistics import of_run
from pyser.cli import main
from pyser.data.normalise import TRAIN_STATS
from pyser.data.protocols import write_protocol
from pyser.data.split import split
from pyser.data.splitdir import AUDIT_FILE
from pyser.data.tables import read_list, write_list, write_table
from pyser.files import read_json


@pytest.fixture
def data(tmp_path):
    return make_sounds(tmp_path / "data")


@pytest.fixture
def lists(tmp_path):
    return write_lists(tmp_path, train=["s1", "s2"], dev=["s3"], test=["s4"])


def audit(data, *options):
    """(exit status, code -> finding) of an audit of ``data``."""
    target = data.path.parent / "found.json"
    status = main(["audit", str(data.path), *options, f"--json={target}"])
    found = read_json(target)
    assert status == (1 if found["verdict"] == "invalid" else 0)
    return status, {finding["code"]: finding for finding in found["findings"]}


def codes(data, options):
    return set(audit(data, *options)[1])


# Sessions: s1 and s2, s3 and s4. What normalises the features is not known of lists.
HONEST = {"session-dev-test", "unchecked-statistics"}


def test_a_clean_split_has_only_honest_remarks(data, lists):
    status, found = audit(data, *lists)
    assert (status, set(found)) == (0, HONEST)
    assert found["session-dev-test"]["count"] == 4


@pytest.mark.parametrize(
    "parts, code",
    [
        ({"train": ["s1", "s2", "s4-u1"]}, "utterance-train-test"),
        ({"dev": ["s3", "s4-u1"]}, "utterance-dev-test"),
        ({"dev": ["s4"]}, "dev-is-test"),
    ],
)
def test_the_same_utterance(data, tmp_path, parts, code):
    usual = {"train": ["s1", "s2"], "dev": ["s3"], "test": ["s4"]}
    for claim in CLAIMS:
        options = write_lists(tmp_path, **(usual | parts))
        status, found = audit(data, *options, f"--claim={claim}")
        assert status == 1 and found[code]["severity"] == "invalidates"


@pytest.mark.parametrize(
    "parts, code, independent, dependent",
    [
        ({"train": ["s1", "s4-u0"]}, "speaker-train-test", 1, 0),
        ({"dev": ["s3", "s4-u0"]}, "speaker-dev-test", 1, 0),
        ({"train": ["s1", "s3-u0"], "dev": ["s3-u1"]}, "speaker-train-dev", 0, 0),
    ],
)
def test_a_speaker_in_two_parts(data, tmp_path, parts, code, independent, dependent):
    usual = {"train": ["s1", "s2"], "dev": ["s3"], "test": ["s4-u1", "s4-u2"]}
    options = write_lists(tmp_path, **(usual | parts))
    assert audit(data, *options)[0] == independent
    status, found = audit(data, *options, "--claim=speaker-dependent")
    assert status == dependent and found[code]["severity"] == "remark"
    assert "of the same speaker in 1 of 1 folds: s" in found[code]["message"]


def test_a_session_and_a_dialog_in_two_parts(data, tmp_path):
    edit(data, "utt2dialog", {u: u[-2:] for u in data.utterances})
    options = write_lists(tmp_path, train=["s1"], dev=["s3"], test=["s2"])
    assert codes(data, options) - HONEST == {
        "session-train-test",
        "dialog-train-test",
        "dialog-dev-test",
    }


def test_segments_of_one_recording(data, lists):
    """s4-u0 is cut from the recording of s1-u0, behind its segment; then they overlap."""
    write_sound(data.table("wav.scp")["s1-u0"], sound(99, 4.0))
    own = {u: f"{u} 0.00 1.50" for u in data.utterances}
    write_table(data.path / "segments", own | {"s4-u0": "s1-u0 2.00 3.50"})
    status, found = audit(data, *lists)
    assert status == 1 and set(found) == HONEST | {"recording-train-test"}
    assert found["recording-train-test"]["utterances"] == ["s4-u0"]
    assert audit(data, *lists, "--claim=speaker-dependent")[0] == 0
    edit(data, "segments", {"s4-u0": "s1-u0 0.50 2.00"})
    status, found = audit(data, *lists, "--claim=speaker-dependent")
    assert status == 1 and found["overlap-train-test"]["utterances"] == ["s4-u0"]


def test_shared_text(data, lists):
    edit(data, "text", {"s4-u0": "The  Same words", "s1-u3": "the same words", "s4-u1": ""})
    status, found = audit(data, *lists)
    assert status == 0 and set(found) == HONEST | {"text-train-test"}
    assert "25.0 % of the test utterances" in found["text-train-test"]["message"]
    assert found["text-train-test"]["utterances"] == ["s4-u0"]


def plant(data, utterance, samples, rate=RATE, suffix=".wav", **how):
    path = data.path.parent / f"planted{suffix}"
    write_sound(path, samples, rate, **how)
    edit(data, "wav.scp", {utterance: str(path)})


@pytest.mark.parametrize(
    "change, suffix, how",
    [
        (lambda x: x, ".wav", {}),
        (lambda x: x, ".flac", {"subtype": "PCM_24"}),
        (lambda x: x, ".wav", {"subtype": "FLOAT"}),
        (lambda x: x, ".wav", {"rate": 8000}),
        (lambda x: np.stack([0.3 * x[::-1], x], axis=1), ".wav", {}),
        (lambda x: np.r_[np.zeros(777, np.float32), x, np.zeros(50, np.float32)], ".wav", {}),
    ],
)
def test_the_same_samples(data, lists, change, suffix, how):
    plant(data, "s4-u2", change(sound(0)), suffix=suffix, **how)
    status, found = audit(data, *lists, "--claim=speaker-dependent")
    assert status == 1 and "s4-u2 = s1-u0" in found["same-audio-train-test"]["message"]
    assert not [code for code in found if code.startswith("near")]


CHANGES = {
    "gain": lambda x: 0.3 * x,
    "inverted": lambda x: -x,
    "noise": lambda x: x + 0.01 * np.random.default_rng(1).standard_normal(len(x)),
    "trimmed": lambda x: x[3210:-4321],
    "slower": lambda x: soxr.resample(x, 9, 10),
    "faster": lambda x: soxr.resample(x, 11, 10),
}


@pytest.mark.parametrize("name", [*CHANGES, "resampled"])
def test_changed_copies(data, lists, name):
    original = sound(0)
    if name == "resampled":
        plant(data, "s4-u2", soxr.resample(original, RATE, 11025), 11025)
    else:
        plant(data, "s4-u2", CHANGES[name](original))
    status, found = audit(data, *lists)
    assert status == 1 and set(found) == HONEST | {"near-audio-train-test"}
    assert found["near-audio-train-test"]["utterances"] == ["s4-u2"]


def test_copies_elsewhere_are_remarks(data, tmp_path):
    plant(data, "s4-u2", 0.5 * sound(0))
    found = audit(data, *write_lists(tmp_path, train=["s2"], dev=["s1"], test=["s4"]))[1]
    assert found["near-audio-dev-test"]["severity"] == "remark"
    found = audit(data, *write_lists(tmp_path, train=["s2"], dev=["s3"], test=["s1", "s4"]))[1]
    assert found["near-audio-test"]["utterances"] == ["s1-u0", "s4-u2"]


@pytest.mark.parametrize("name", ["sp0.9-s4-u1", "s4-u1-noise", "rvb2_s4-u1", "s4-u1_aug3"])
def test_augmented_names(data, tmp_path, name):
    """The speaker's own id is changed too, as Kaldi does, so that only the name tells."""
    for table in ("wav.scp", "utt2spk", "utt2emo"):
        value = data.table(table)["s1-u0"] if table == "wav.scp" else "ang"
        edit(data, table, {name: value if table != "utt2spk" else "other"})
    options = write_lists(tmp_path, train=["s1-u1", "s2", name], dev=["s3"], test=["s4"])
    status, found = audit(data, *options, "--claim=speaker-dependent")
    assert status == 1 and found["variant-train-test"]["utterances"] == ["s4-u1"]


def test_utt2uniq_and_speeds_of_speakers(data, tmp_path):
    options = write_lists(tmp_path, train=["s1", "s2"], dev=["s3"], test=["s4"])
    write_table(data.path / "utt2uniq", {"s2-u3": "s4-u0", "s4-u0": "s4-u0"})
    assert "variant-train-test" in codes(data, options)
    (data.path / "utt2uniq").unlink()
    edit(data, "utt2spk", dict.fromkeys(["s1-u0", "s1-u1"], "sp1.1-s4"))
    assert audit(data, *options)[1]["speaker-train-test"]["count"] == 4


def test_statistics_of_other_utterances(data, tmp_path):
    write_feats(data, frames=20)
    write_table(data.path / "utt2num_frames", dict.fromkeys(data.utterances, "20"))
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    where = str(tmp_path / "split")
    sessions = {"session-train-test", "session-dev-test"}
    assert set(audit(data, where)[1]) == sessions | {"speaker-statistics"}
    write_list(tmp_path / "split/fold2/train", read_list(tmp_path / "split/fold2/train")[1:])
    status, found = audit(data, where)
    assert status == 1 and "counts 160 frames" in found["statistics-not-of-train"]["message"]
    (tmp_path / f"split/fold3/{TRAIN_STATS}.ark").unlink()
    assert "fold 3 has no cmvn_train" in audit(data, where)[1]["unchecked-statistics"]["message"]
    edit(data, "utt2num_frames", {"s1-u0": "many"})
    assert main(["audit", str(data.path), where]) == 1


def test_statistics_that_count_the_test_too(data, tmp_path):
    write_feats(data, frames=20)
    write_table(data.path / "utt2num_frames", dict.fromkeys(data.utterances, "20"))
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    for part, count in (("train", 8), ("dev", 4), ("test", 4)):
        assert len(read_list(tmp_path / "split/fold1" / part)) == count
    folder = tmp_path / "split/fold1"
    write_list(folder / "train", read_list(folder / "train")[:4])  # as many are dev and test
    message = audit(data, str(tmp_path / "split"))[1]["statistics-not-of-train"]["message"]
    assert message.endswith("(as many as train and test have) (as many as train and dev have)")


def test_transductive_only_where_the_run_is(data, tmp_path):
    write_feats(data)
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    assert main(["audit", str(data.path), str(tmp_path / "split")]) == 0
    found = read_json(tmp_path / "split" / AUDIT_FILE)
    kept = {kind: of_run(found, kind) for kind in ("speaker", "train")}
    assert kept["speaker"] == found
    codes = {finding["code"] for finding in found["findings"]}
    assert {finding["code"] for finding in kept["train"]["findings"]} == codes - {
        "speaker-statistics"
    }
    only = {"verdict": "valid with remarks", "findings": [{"code": "speaker-statistics"}]}
    assert of_run(only, "none") == {"verdict": "valid", "findings": []}


def test_a_new_split_has_no_old_audit(data, tmp_path):
    write_feats(data)
    write_protocol(tmp_path / "loso.tsv", leave_one_out())
    split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    main(["audit", str(data.path), str(tmp_path / "split")])
    assert (tmp_path / "split" / AUDIT_FILE).is_file()
    assert not split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    assert (tmp_path / "split" / AUDIT_FILE).is_file()
    edit(data, "utt2emo", {"s1-u0": "neu"})
    assert split(data.path, tmp_path / "split", tmp_path / "loso.tsv")
    assert not (tmp_path / "split" / AUDIT_FILE).exists()


def test_labels_and_classes(data, tmp_path):
    edit(data, "utt2emo", {"s4-u0": "sad"} | {f"s3-u{k}": "neu" for k in range(4)})
    options = write_lists(tmp_path, train=["s1", "s2"], dev=["s3"], test=["s4-u0", "s4-u1"])
    found = audit(data, *options)[1]
    assert found["class-absent-train"]["message"] == "class sad does not occur in train of fold 1"
    assert {"class-absent-dev", "class-absent-test"} <= set(found)


def test_every_code_says_what_it_does():
    for code, (claims, effect) in CODES.items():
        assert set(claims) <= set(CLAIMS) and len(effect) > 20, code
