"""MSP-IMPROV: its naming scheme and evaluation list, on generated files in the release's layout."""

import wave

import pytest

from pyser.cli import main
from pyser.corpora import mspimprov
from pyser.data.datadir import DataDir
from pyser.errors import FileError, InputError

LIST = """\
UTD-IMPROV-S01A-F01-S-FM01.avi; A; A:3.200000; V:1.800000; D:3.400000; N:3.600000;
RATER1; Angry; Angry,Frustrated; A:3.000000; V:2.000000; D:3.000000; N:4.000000;
RATER2; Angry; Angry; A:3.400000; V:1.600000; D:3.800000; N:3.200000;

UTD-IMPROV-S01A-M01-T-MF02.avi; N; A:2.000000; V:3.000000; D:2.500000;

UTD-IMPROV-S12H-F06-R-FM01.avi; H; A:3.000000; V:4.500000; D:3.000000;
UTD-IMPROV-S12H-M06-P-MM10.avi; X; A:NaN; V:NaN; D:NaN;
"""
NAMES = ["S01A-F01-S-FM01", "S01A-M01-T-MF02", "S12H-F06-R-FM01", "S12H-M06-P-MM10"]


def write_wav(path, num_samples=1600):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\x01\x02" * num_samples)


def write_release(root, text=LIST, names=NAMES, audio="Audio", evaluations="Evalution.txt"):
    root.mkdir(parents=True, exist_ok=True)
    (root / evaluations).write_text(text)
    for name in names:
        scenario, speaker, kind, _ = name.split("-")
        folder = root / audio / f"session{int(speaker[1:])}" / scenario / kind
        write_wav(folder / f"MSP-IMPROV-{name}.wav")
    return root


@pytest.fixture
def release(tmp_path):
    return write_release(tmp_path / "release")


def test_what_name_and_list_tell(release):
    remarks = []
    first, second, third, fourth = mspimprov.parse(release, remarks.append)
    assert remarks == []
    assert first.id == "F01-MSP-IMPROV-S01A-F01-S-FM01"
    assert (first.speaker, first.gender, first.session) == ("F01", "f", "session1")
    assert (first.raw_emotion, first.style) == ("A", "improvised")
    assert first.vad == (1.8, 3.2, 3.4)  # valence, activation, dominance
    assert first.duration_s == pytest.approx(0.1)
    assert (second.speaker, second.style) == ("F06", "read")
    assert (third.speaker, third.gender, third.style) == ("M01", "m", "target")
    assert (fourth.raw_emotion, fourth.style, fourth.vad) == ("X", "natural", None)


@pytest.mark.parametrize("audio, evaluations", [("", "Evalution.txt"), ("Audio", "Evaluation.txt")])
def test_variants_of_the_layout(tmp_path, audio, evaluations):
    root = write_release(tmp_path / "r", audio=audio, evaluations=evaluations)
    assert len(mspimprov.parse(root)) == 4


def test_prepare_has_the_labels_of_the_policy(release, tmp_path, capsys):
    arguments = ["prepare", "mspimprov", f"--root={release}", f"--out={tmp_path / 'data'}"]
    assert main(arguments) == 0
    data = DataDir(tmp_path / "data")
    assert sorted(data.table("utt2emo").values()) == ["ang", "hap", "neu"]
    assert set(data.table("utt2session").values()) == {"session1", "session6"}
    assert data.table("spk2gender") == {"F01": "f", "F06": "f", "M01": "m"}
    assert "totals are not; is it a part of the corpus" in capsys.readouterr().err


def test_totals_add_up():
    expected = mspimprov.EXPECTED
    styles = sum(expected[style]["utterances"] for style in mspimprov.STYLES.values())
    assert styles == expected["all"]["utterances"]
    assert sum(expected["all"][label] for label in "AHNS") == expected["all"]["labelled"]


def test_what_is_missing_is_told(tmp_path):
    names = [*NAMES[1:], "S02N-F02-S-FM03"]
    remarks = []
    found = mspimprov.parse(write_release(tmp_path / "r", names=names), remarks.append)
    assert len(found) == 3
    assert remarks == [
        "1 turns evaluated but not recorded, left out, such as IMPROV-S01A-F01-S-FM01",
        "1 turns recorded but not evaluated, such as IMPROV-S02N-F02-S-FM03",
    ]


@pytest.mark.parametrize(
    "line, message",
    [
        ("UTD-IMPROV-S01A-F01-S-FM01.avi; Q; A:3; V:1; D:3;", "found 'UTD-IMPROV.* Q;"),
        ("UTD-IMPROV-S01A-F01-S-FM01.avi; A; V:3; A:1; D:3;", "expected 'UTD-IMPROV-S01A"),
        ("UTD-IMPROV-S01A-F07-S-FM01.avi; A; A:3; V:1; D:3;", "found 'UTD-IMPROV-S01A-F07"),
        (LIST.splitlines()[0], "turn IMPROV-S01A-F01-S-FM01 was evaluated before"),
    ],
)
def test_lines_of_another_form_are_named(tmp_path, line, message):
    root = write_release(tmp_path / "r", text=f"{LIST}{line}\n")
    with pytest.raises(InputError, match=message) as caught:
        mspimprov.parse(root)
    assert "Evalution.txt:9" in str(caught.value)


def test_releases_that_are_none(tmp_path, release):
    with pytest.raises(InputError, match="is no MSP-IMPROV release"):
        mspimprov.locate(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        mspimprov.locate(tmp_path / "nowhere")
    with pytest.raises(InputError, match="no turn in it"):
        mspimprov.parse(write_release(tmp_path / "empty", text="nothing\n"))
    write_wav(release / "Audio/session1/S01A/S/noise.wav")
    with pytest.raises(InputError, match=r"noise.wav.*has another form"):
        mspimprov.parse(release)


def test_a_recording_twice_or_broken(release):
    copy = release / "session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav"
    write_wav(copy)
    with pytest.raises(InputError, match="was also recorded in"):
        mspimprov.parse(release)
    copy.unlink()
    (release / "Audio/session1/S01A/S/MSP-IMPROV-S01A-F01-S-FM01.wav").write_bytes(b"RIFF")
    with pytest.raises(FileError, match="no usable WAV header"):
        mspimprov.parse(release)
