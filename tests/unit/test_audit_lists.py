"""pyser audit on what others publish: JSON as EmoBox has it, lists of ids and of paths."""

import json

import pytest
from audit_builder import edit, make_sounds, sound, write_sound

from pyser.audit.facts import data_facts
from pyser.audit.lists import Entry, Matcher, list_facts, read_entries
from pyser.audit.variants import originals, plain_name, variants
from pyser.cli import main
from pyser.errors import InputError
from pyser.files import read_json

# As the published folds are: no speaker, and a class under another name than the corpus has.
NAMES = {"anger": "anger", "bored": "boredem"}
TRAIN = [("03a01", "anger"), ("03a02", "bored"), ("08a01", "anger"), ("08b01", "bored")]
TEST = [("03b01", "anger"), ("08a02", "bored")]


def emobox(path, utterances, **more):
    """One fold of a corpus "mini", in the form of EmoBox's data/<corpus>/fold_<k>/*.jsonl."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {
            "key": f"mini-{name}",
            "dataset": "mini",
            "wav": f"downloads/mini/wav/{name}.wav",
            "type": "raw",
            "sample_rate": 16000,
            "num_frame": 25600.0,
            "task": "category",
            "length": 1.6,
            "emo": NAMES[label],
            "channel": 1,
        }
        | more
        for name, label in utterances
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.fixture
def fold(tmp_path):
    folder = tmp_path / "mini/fold_1"
    train = emobox(folder / "mini_train_fold_1.jsonl", TRAIN)
    return [f"--train={train}", f"--test={emobox(folder / 'mini_test_fold_1.jsonl', TEST)}"]


def audit(tmp_path, *options):
    target = tmp_path / "found.json"
    status = main(["audit", *map(str, options), f"--json={target}"])
    found = read_json(target)["findings"]
    return status, {finding["code"]: finding for finding in found}


def test_a_published_fold_by_itself(fold, tmp_path, capsys):
    status, found = audit(tmp_path, *fold)
    assert status == 0
    assert set(found) == {
        "no-dev",
        "unchecked-speaker",
        "unchecked-session",
        "unchecked-text",
        "unchecked-audio",
        "unchecked-statistics",
    }
    assert "no --speaker-pattern" in found["unchecked-speaker"]["message"]
    assert found["unchecked-audio"]["count"] == 6
    shown = capsys.readouterr().out
    assert "6 utterances, 1 folds; samples compared of 0" in shown
    assert "[remark] unchecked-speaker: the speaker of any utterance is not known" in shown


def test_a_speaker_that_the_names_tell(fold, tmp_path):
    status, found = audit(tmp_path, *fold, "--speaker-pattern=^mini-(..)")
    assert status == 1
    assert found["speaker-train-test"]["utterances"] == ["mini-03b01", "mini-08a02"]
    assert audit(tmp_path, *fold, "--speaker-pattern=mini/wav/..")[0] == 1
    status, found = audit(tmp_path, *fold, "--speaker-pattern=.{5}$", "--text-pattern=...$")
    assert status == 0 and found["text-train-test"]["count"] == 2


@pytest.mark.parametrize("key", ["spk", "speaker", "speaker_id"])
def test_a_speaker_that_the_lines_tell(tmp_path, key):
    train = emobox(tmp_path / "a.jsonl", TRAIN, **{key: "x"})
    test = emobox(tmp_path / "b.jsonl", TEST, **{key: 7})
    assert audit(tmp_path, f"--train={train}", f"--test={test}")[0] == 0
    test = emobox(tmp_path / "b.jsonl", TEST, **{key: "x"})
    status, found = audit(tmp_path, f"--train={train}", f"--test={test}")
    assert status == 1 and found["speaker-train-test"]["count"] == 2


def test_a_published_fold_of_data_at_hand(tmp_path, fold):
    """Found by file name; what the lists call boredem is bored, but for one utterance."""
    data = make_sounds(tmp_path / "data")
    utterances = dict(zip(data.utterances, TRAIN + TEST, strict=False))
    for utterance, (name, label) in utterances.items():
        path = tmp_path / "wav" / f"{name}.wav"
        path.write_bytes((tmp_path / "wav" / f"{utterance}.wav").read_bytes())
        edit(data, "wav.scp", {utterance: str(path)})
        edit(data, "utt2emo", {utterance: label})
    status, found = audit(tmp_path, data.path, *fold)
    remarks = {"session-train-test", "no-dev", "unchecked-statistics"}
    assert status == 0 and set(found) == remarks  # TRAIN is of s1, TEST of s2
    edit(data, "utt2emo", {"s2-u0": "bored"})
    status, found = audit(tmp_path, data.path, *fold)
    assert status == 0 and found["label-conflict"]["utterances"] == ["s2-u0"]
    assert "(s2-u0: anger, bored)" in found["label-conflict"]["message"]


def test_audio_that_is_at_hand(tmp_path, monkeypatch, fold):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "downloads/mini/wav").mkdir(parents=True)
    for number, (name, _) in enumerate(TRAIN + TEST):
        seed = 0 if name == "08a02" else number
        write_sound(tmp_path / f"downloads/mini/wav/{name}.wav", sound(seed))
    status, found = audit(tmp_path, *fold)
    assert status == 1 and "unchecked-audio" not in found
    assert found["same-audio-train-test"]["utterances"] == ["mini-08a02"]


def test_times_of_a_long_recording(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_sound(tmp_path / "long.wav", sound(1, 5.0))
    for name, start, end in (("train", 0.0, 2.0), ("test", 1.5, 3.0)):
        line = {"key": name, "wav": "long.wav", "start_time": start, "end_time": end, "spk": name}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(line))
    found = audit(tmp_path, "--train=train.jsonl", "--test=test.jsonl")[1]
    assert {"recording-train-test", "overlap-train-test"} <= set(found)


@pytest.mark.parametrize(
    "content, names",
    [
        ("a\nb c d\n\n# comment\n", ["a", "b"]),
        ("x/a b.wav\ny.wav|1\r\n", ["x/a b.wav", "y.wav"]),
        ('[{"utt_id": "a"}, {"audio": "x/b.flac"}]', ["a", "b"]),
        ('{"a": {"wav": "x.wav"}, "b": {"wav": "y.wav"}}', ["a", "b"]),
        ('{"id": "a"}', ["a"]),
    ],
)
def test_forms_of_lists(tmp_path, content, names):
    (tmp_path / "list").write_bytes(content.encode())
    assert [entry.name for entry in read_entries(tmp_path / "list")] == names


@pytest.mark.parametrize(
    "content, words",
    [
        ("", "no utterances"),
        ('{"key": "a"}\n{"key" "b"}\n', "list:2.*no JSON"),
        ('{"key": "a"}\n["b"]\n', "list:2.*found a list"),
        ('{"emo": "sad"}\n', "list:1.*without id and path"),
        ('[{"key": "a"}, 3]', "item 2.*found a int"),
    ],
)
def test_lists_that_are_none(tmp_path, content, words):
    (tmp_path / "list").write_text(content)
    with pytest.raises(InputError, match=words):
        read_entries(tmp_path / "list")


@pytest.mark.parametrize("pattern", ["(", "nobody"])
def test_patterns_that_do_not_fit(pattern):
    with pytest.raises(InputError, match="--speaker-pattern"):
        list_facts([Entry("a1")], {"speaker": pattern})


def test_utterances_under_other_names(tmp_path):
    data = make_sounds(tmp_path / "data")
    edit(data, "wav.scp", {"s1-u0": "/old/x/1.wav", "s1-u1": "/old/y/1.wav", "s2-u0": "cat a|"})
    matcher = Matcher(data_facts(data))
    found = [
        matcher.find(Entry(*names))
        for names in (
            ("s1-u3",),
            ("mini-1", "new/x/1.flac"),
            ("y/1.wav", "y/1.wav"),
            ("1.wav", "1.wav"),
            ("s3-u1.wav", "s3-u1.wav"),
            ("nobody", "new/nobody.wav"),
        )
    ]
    assert found == ["s1-u3", "s1-u0", "s1-u1", None, "s3-u1", None]


def test_lists_of_other_data(tmp_path, capsys):
    data = make_sounds(tmp_path / "data")
    (tmp_path / "train").write_text("s1-u0\ns1-u1\nzz\n")
    (tmp_path / "test").write_text("s2-u0\n")
    options = [str(data.path), f"--train={tmp_path}/train", f"--test={tmp_path}/test"]
    found = audit(tmp_path, *options)[1]
    assert found["unchecked-utterance"]["utterances"] == ["zz"]
    (tmp_path / "test").write_text("yy\n")
    assert main(["audit", *options]) == 1
    assert "none of its 1 utterances is in the data" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name, plain, sure",
    [
        ("sp0.9-a-1", "a-1", True),
        ("a-sp1.1-1", "a-1", True),
        ("a-1_aug", "a-1", True),
        ("a-1-noise", "a-1", False),
        ("rev1_a-1", "a-1", False),
        ("sp09-1", "sp09-1", False),
        ("noise", "noise", False),
        ("noises-1", "noises-1", False),
    ],
)
def test_names_of_copies(name, plain, sure):
    assert plain_name(name) == (plain, sure)


def test_words_are_marks_only_beside_the_original():
    assert originals({"a-noise-1", "a-music-1"}) == {}
    assert variants({"a-noise-1", "a-music-1"}) == []
    assert variants({"a-noise-1", "a-music-1"}, known=["a-1"]) == [["a-music-1", "a-noise-1"]]
    assert variants({"sp0.9-a", "sp1.1-a", "b"}) == [["sp0.9-a", "sp1.1-a"]]
    assert variants({"a", "b", "c"}, table={"a": "c"}) == [["a", "c"]]
