"""Parsers of IEMOCAP's single files, on hand-made files with invented content."""

import pytest

from pyser.corpora import iemocap_files as files
from pyser.corpora.textlines import decode
from pyser.errors import FileError, InputError

DIALOG = "Ses01F_impro99"
HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n"
BLOCK = f"""\
[1.2345 - 3.4567]\t{DIALOG}_F000\tneu\t[2.5000, 2.5000, 3.0000]
C-E2:\tNeutral;\t()
C-E3:\tAnger; Frustration;\t()
C-E4:\tNeutral;\t(free; comment)
C-F1:\tNeutral;;\t()
A-E3:\tval 3; act 2; dom  2; sur 5;\t()
A-F1:\tval 3; act 2; dom  ;\t()

"""


@pytest.fixture
def written(tmp_path):
    """A function that writes bytes or text to a file named like the dialog."""

    def write(content, name=f"{DIALOG}.txt"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_evaluation_block(written):
    (turn,) = files.read_evaluation(written(HEADER + BLOCK))
    assert (turn.turn, turn.emotion) == (f"{DIALOG}_F000", "neu")
    assert (turn.start_s, turn.end_s) == (1.2345, 3.4567)
    assert turn.vad == (2.5, 2.5, 3.0)


def test_several_labels_stray_semicolons_and_comments(written):
    (turn,) = files.read_evaluation(written(HEADER + BLOCK))
    assert turn.categories == {
        "E2": ["Neutral"],
        "E3": ["Anger", "Frustration"],
        "E4": ["Neutral"],
        "F1": ["Neutral"],
    }


def test_missing_dominance_is_none_and_not_the_next_number(written):
    (turn,) = files.read_evaluation(written(HEADER + BLOCK))
    assert turn.attributes["E3"] == {"val": 3, "act": 2, "dom": 2}
    assert turn.attributes["F1"] == {"val": 3, "act": 2, "dom": None}


def test_blocks_of_any_length_in_dos_and_western_encoding(written):
    short = f"[4.0000 - 5.0000]\t{DIALOG}_M000\txxx\t[2.0000, 2.5000, 3.3333]\n\n"
    comment = BLOCK.replace("free", "g\xeane").replace("F000", "F001")
    content = (HEADER + short + comment).replace("\n", "\r\n").encode("latin-1")
    turns = files.read_evaluation(written(content))
    assert [turn.turn[-4:] for turn in turns] == ["M000", "F001"]
    assert turns[0].categories == {} and len(turns[1].categories) == 4
    assert turns[1].where.endswith(":5")


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("[1.2345 - 3.4567]", "[1.2345 3.4567]", 3, "start - end"),
        ("[2.5000, 2.5000, 3.0000]", "[2.5000, 2.5000]", 3, "V, A, D"),
        ("\tneu\t", "\tcalm\t", 3, "unknown emotion code 'calm'"),
        ("3.4567", "0.5", 3, "before its start"),
        (f"{DIALOG}_F000", "Ses01F_impro98_F000", 3, f"none of dialog {DIALOG}"),
        (f"{DIALOG}_F000", f"{DIALOG}_FXX0", 3, f"none of dialog {DIALOG}"),
        ("C-E3:", "C-E3", 5, "C-rater"),
    ],
)
def test_malformed_evaluations_name_the_line(written, old, new, line, message):
    path = written(HEADER + BLOCK.replace(old, new))
    with pytest.raises(InputError, match=message) as caught:
        files.read_evaluation(path)
    assert caught.value.where == f"{path}:{line}"


def test_evaluations_that_are_none(written):
    with pytest.raises(InputError, match="before the first turn"):
        files.read_evaluation(written("C-E1:\tNeutral;\t()\n"))
    with pytest.raises(InputError, match="no turn in it"):
        files.read_evaluation(written(HEADER))
    with pytest.raises(InputError, match=r"evaluated before, at .*:3"):
        files.read_evaluation(written(HEADER + BLOCK + BLOCK))
    with pytest.raises(FileError, match="cannot be read"):
        files.read_evaluation("nowhere.txt")


TRANSCRIPTION = f"""\
{DIALOG}_F000 [001.2345-003.4567]: Lana: tiko]: sefa.
{DIALOG}_M000 [003.6000-005.1000]: [LAUGHTER] Budu  maro.
{DIALOG}_MXX0 [010.0000-011.0000]: Ja.
M: untimed
F: [LAUGHTER]
"""


def test_transcription_keeps_what_follows_the_first_bracket(written):
    texts = files.read_transcription(written(TRANSCRIPTION))
    assert texts == {
        f"{DIALOG}_F000": "Lana: tiko]: sefa.",
        f"{DIALOG}_M000": "[LAUGHTER] Budu  maro.",
    }


def test_transcription_in_western_bytes_with_dos_line_ends(written):
    # 0x85 is an ellipsis in Windows' encoding; as Latin-1 it is a line end to str.splitlines.
    content = TRANSCRIPTION.replace("sefa.", "s\xe9fa\x85 ka").replace("\n", "\r\n")
    texts = files.read_transcription(written(content.encode("latin-1")))
    assert texts[f"{DIALOG}_F000"] == "Lana: tiko]: séfa… ka"
    assert len(texts) == 2


def test_only_line_ends_end_lines(written):
    # 0x81 is no Windows character, so this is read as Latin-1, where 0x85 is NEL.
    content = TRANSCRIPTION.replace("sefa.", "s\x81fa\x85 ka").encode("latin-1")
    texts = files.read_transcription(written(content))
    assert texts[f"{DIALOG}_F000"] == "Lana: tiko]: s\x81fa\x85 ka"
    old_mac = TRANSCRIPTION.replace("\n", "\r").encode()
    assert len(files.read_transcription(written(old_mac))) == 2


def test_encodings():
    assert decode(b"\xe9\x81") == "\xe9\x81"
    assert decode("né".encode()) == "né"


def test_malformed_transcriptions_name_the_line(written):
    for old, new, line, message in (
        ("]: [LAUGHTER]", " [LAUGHTER]", 2, "turn \\[start-end\\]"),
        (f"{DIALOG}_M000", "Ses01F_impro98_M000", 2, "none of dialog"),
        (f"{DIALOG}_M000", f"{DIALOG}_F000", 2, "transcribed before"),
    ):
        path = written(TRANSCRIPTION.replace(old, new))
        with pytest.raises(InputError, match=message) as caught:
            files.read_transcription(path)
        assert caught.value.where == f"{path}:{line}"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[003.6000-005.1000]", "[-001.0000--001.0000]"),
        ("[003.6000-005.1000]", "[003.6000 - ]"),
        ("M000 [", "M000["),
        ("[010.0000-011.0000]: Ja.", "[-001.0000--001.0000]: Ja."),
        ("MXX0 [010.0000-011.0000]: Ja.", "MXX0[010.0000-011.0000] Ja."),
        ("MXX0 [010.0000-011.0000]: Ja.", "MXX0"),
    ],
)
def test_times_of_transcriptions_are_not_read(written, old, new):
    changed = TRANSCRIPTION.replace(old, new)
    assert changed != TRANSCRIPTION
    remarks = []
    texts = files.read_transcription(written(changed), remarks.append)
    assert texts == files.read_transcription(written(TRANSCRIPTION))
    assert remarks == []


def test_transcribed_lines_of_no_turn_are_remarked(written):
    more = f"Session 1 ends]: here\n{DIALOG}_Q000 [1-2]: Ja.\nSes\n"
    remarks = []
    texts = files.read_transcription(written(more + TRANSCRIPTION), remarks.append)
    assert texts == files.read_transcription(written(TRANSCRIPTION))
    what = "is no turn, the line is left out"
    assert remarks == [
        f"transcriptions/{DIALOG}.txt:1: 'Session' {what}",
        f"transcriptions/{DIALOG}.txt:2: '{DIALOG}_Q000' {what}",
        f"transcriptions/{DIALOG}.txt:3: 'Ses' {what}",
    ]


def test_words_only_drops_tags():
    assert files.words_only("[LAUGHTER] Lana: tiko [BREATHING]sefa.") == "Lana: tiko sefa."
    assert files.words_only("[LAUGHTER]") == ""


ALIGNMENT = """\
\t SFrm  EFrm   SegAScr Word
\t    0    40     -63210 <s>
\t   41    67     -20500 HELLO(2)
\t   68    68        -50 ++LAUGHTER++
\t   69    99     -12000 </s>
 Total score:     -981234
"""


def test_alignment_ends_are_inclusive_frames_of_10_ms(written):
    words = files.read_alignment(written(ALIGNMENT))
    assert [word.token for word in words] == ["<s>", "HELLO", "++LAUGHTER++", "</s>"]
    assert [word.token for word in words if word.is_word] == ["HELLO"]
    assert words[1].start_s == pytest.approx(0.41) and words[1].end_s == pytest.approx(0.68)
    assert words[2].end_s - words[2].start_s == pytest.approx(0.01)
    assert words[-1].end_s == pytest.approx(1.0)


def test_malformed_alignments(written):
    for old, new, message in (
        ("   68    68", "   69    68", r":4: row from frame 69.*from frame 68 on"),
        ("-50 ++", "++", ":4: found"),
        (" Total score:     -981234\n", "", "no line 'Total score:'"),
    ):
        with pytest.raises(InputError, match=message):
            files.read_alignment(written(ALIGNMENT.replace(old, new)))
