"""EMO-DB: totals against the published ones, labels and texts against the release's own files."""

import csv
from collections import Counter

import pytest

from pyser.corpora import emodb
from pyser.corpora.totals import compare, count
from pyser.corpora.utterance import label
from pyser.errors import FileError, InputError

POLICY = emodb.LABEL_POLICIES["all"]


@pytest.fixture(scope="module")
def utterances(emodb_root):
    return emodb.parse(emodb_root)


@pytest.fixture
def release(tmp_path, emodb_root):
    """A small release: links to a few recordings."""
    (tmp_path / "wav").mkdir()
    for name in ("03a01Fa", "16b10Wb"):
        (tmp_path / "wav" / f"{name}.wav").symlink_to(emodb_root / "wav" / f"{name}.wav")
    return tmp_path


def test_totals_are_the_published_ones(utterances):
    differences, compared = compare(emodb.EXPECTED, count(utterances, emodb.groups, POLICY))
    assert differences == []
    assert compared == 19
    assert sum(emodb.EXPECTED[speaker]["utterances"] for speaker in emodb.GENDERS) == 535
    classes = Counter(label(utterances, POLICY)[1].values())
    assert classes == {
        "anger": 127,
        "boredom": 81,
        "disgust": 46,
        "fear": 69,
        "happiness": 71,
        "neutral": 79,
        "sadness": 62,
    }
    assert sum(one.duration_s for one in utterances) == pytest.approx(1487.1, abs=0.05)


def test_every_row_of_the_manifest(utterances, emodb_root):
    with open(emodb_root / "manifest.tsv", encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file, delimiter="\t")}
    assert len(rows) == len(utterances)
    for one in utterances:
        row = rows[f"wav/{one.wav.name}"]
        assert one.speaker == row["speaker"] and one.gender == row["gender"].lower()
        assert POLICY[one.raw_emotion] == row["emotion"]
        # The documentation has another word here; what was said is tested below.
        assert one.text.replace("Blatt", "Stück") == row["text"]
        assert one.duration_s == pytest.approx(float(row["duration"]), abs=1e-3)


def test_texts_are_what_the_syllable_labels_spell(utterances, emodb_root):
    """The release writes each recording's syllables; they spell the sentence (umlauts aside)."""
    spelt = {}
    for one in utterances:
        path = emodb_root / "silb" / f"{one.wav.stem}.silb"
        lines = path.read_text(encoding="latin-1").splitlines()
        syllables = [line.split()[1] for line in lines if len(line.split()) == 2]
        letters = "".join(c for c in "".join(syllables).lower() if c.isascii() and c.isalpha())
        spelt.setdefault(one.text, Counter())[letters] += 1
    assert len(spelt) == 10
    for text, versions in spelt.items():
        ours = "".join(c for c in text.lower() if c.isascii() and c.isalpha())
        assert ours in versions, (ours, versions.most_common(2))


def test_ids_begin_with_the_speaker_and_keep_the_version(release):
    first, second = emodb.parse(release)
    assert (first.id, second.id) == ("03-03a01Fa", "16-16b10Wb")
    assert (second.raw_emotion, second.gender) == ("W", "f")
    assert second.text == "Die wird auf dem Platz sein, wo wir sie immer hinlegen."
    assert (first.session, first.dialog, first.style, first.vad) == (None,) * 4


def test_a_version_letter_may_be_missing_and_hidden_files_are_skipped(release):
    (release / "wav/03a01Fa.wav").rename(release / "wav/03a01F.wav")
    (release / "wav/._16b10Wb.wav").write_bytes(b"\0\5\26\7")
    assert [one.id for one in emodb.parse(release)] == ["03-03a01F", "16-16b10Wb"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("17a01Fa", "speaker '17' is unknown"),
        ("03a03Fa", "text 'a03' is unknown"),
        ("03a01Xa", "emotion 'X' is unknown"),
        ("readme", "name has another form"),
    ],
)
def test_unknown_names_are_refused(release, name, message):
    (release / "wav/03a01Fa.wav").rename(release / f"wav/{name}.wav")
    with pytest.raises(InputError, match=f"{name}.wav: {message}"):
        emodb.parse(release)


def test_wrong_roots_and_broken_files(tmp_path, release):
    with pytest.raises(InputError, match=r"is no folder.*03a01Fa\.wav"):
        emodb.locate(tmp_path / "nothing")
    with pytest.raises(InputError, match="is no EMO-DB release"):
        emodb.locate(release / "wav")
    (release / "wav/03a01Fa.wav").unlink()
    (release / "wav/03a01Fa.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    with pytest.raises(FileError, match=r"03a01Fa\.wav: no usable WAV header"):
        emodb.parse(release)
