"""The IEMOCAP parser: traps of the release tree, label policies, published totals.

Every trap is in the generated stand-in; where it matters, a test shows that the naive way fails
on it, so that it cannot be there without being noticed.
"""

import itertools
import shutil

import pytest
from iemocap_builder import write_alignment, write_release

from pyser.corpora import iemocap, iemocap_files
from pyser.corpora.totals import compare, count
from pyser.corpora.utterance import label
from pyser.errors import FileError, InputError

MERGED = iemocap.LABEL_POLICIES["merged"]


@pytest.fixture(scope="module")
def parsed(standin_tiny):
    remarks = []
    utterances = iemocap.parse(standin_tiny, remarks.append)
    assert remarks == []
    return {one.id.partition("-")[2]: one for one in utterances}


def test_speaker_is_who_speaks_not_who_wears_the_markers(parsed):
    assert {one.speaker for one in parsed.values()} == {
        f"Ses0{session}{gender}" for session in range(1, 6) for gender in "FM"
    }
    for turn, one in parsed.items():
        assert one.speaker == one.session + turn[-4]
        assert one.gender == turn[-4].lower()
        assert one.id == f"{one.speaker}-{turn}"
    assert any(turn.split("_")[0] != one.speaker for turn, one in parsed.items())


def test_dialogs_with_letters_break_fixed_offsets(parsed):
    def by_offset(turn):
        return turn[:5] + turn[15 if "impro" in turn else 18]

    wrong = {turn[:-5] for turn, one in parsed.items() if by_offset(turn) != one.speaker}
    assert wrong == {"Ses03M_impro05a", "Ses03M_impro05b", "Ses05M_script01_1b"}


def test_a_dialog_whose_name_begins_with_another_keeps_its_own_turns(parsed):
    first = [one for one in parsed.values() if one.dialog == "Ses05M_script01_1"]
    second = [one for one in parsed.values() if one.dialog == "Ses05M_script01_1b"]
    by_prefix = [turn for turn in parsed if turn.startswith("Ses05M_script01_1")]
    assert first and second and len(by_prefix) == len(first) + len(second)
    for one in first + second:
        assert one.wav.parent.name == one.dialog and one.wav.stem.startswith(one.dialog + "_")


def test_hidden_files_are_skipped(parsed, standin_tiny):
    evaluations = standin_tiny / "Session1/dialog/EmoEvaluation"
    hidden = [path for path in evaluations.glob("*.txt") if path.name.startswith(".")]
    assert hidden, "the stand-in has lost its junk files"
    with pytest.raises(InputError):
        iemocap_files.read_evaluation(hidden[0])
    assert list(standin_tiny.glob("Session*/sentences/wav/*/._*.wav"))
    assert not any(one.wav.name.startswith(".") for one in parsed.values())


def test_files_of_single_raters_are_not_dialogs(parsed, standin_tiny):
    evaluations = standin_tiny / "Session1/dialog/EmoEvaluation"
    top = [path for path in evaluations.glob("*.txt") if not path.name.startswith(".")]
    everywhere = [path for path in evaluations.rglob("*.txt") if not path.name.startswith(".")]
    assert len(everywhere) > len(top)
    assert {one.dialog for one in parsed.values() if one.session == "Ses01"} == {
        path.stem for path in top
    }


def test_turns_without_label_and_interjections_are_left_out(parsed, standin_tiny):
    path = standin_tiny / "Session1/dialog/transcriptions/Ses01F_impro01.txt"
    content = path.read_bytes().decode("cp1252")
    assert "_MXX0 [" in content and "\nM: " in content and "\nF: [LAUGHTER]" in content
    assert not any("XX" in turn for turn in parsed)


def test_text_survives_colons_tags_and_encodings(parsed, standin_tiny):
    texts = [one.text for one in parsed.values()]
    assert any(":" in text.rstrip(".!?…") for text in texts)
    assert any("é" in text for text in texts) and any("…" in text for text in texts)
    assert not any("[" in text or "\r" in text or "\x85" in text for text in texts)
    raw = [p.read_bytes() for p in standin_tiny.glob("Session*/dialog/transcriptions/Ses*.txt")]
    assert any(b"\r\n" in content for content in raw)
    assert any(b"[LAUGHTER] " in content for content in raw)
    with pytest.raises(UnicodeDecodeError):
        b"".join(raw).decode("utf-8")


def test_two_turns_have_no_alignment(parsed, standin_tiny):
    missing = [turn for turn in parsed if iemocap.alignment_file(standin_tiny, turn) is None]
    assert sorted(turn[:-3] for turn in missing) == ["Ses03F_impro07_M", "Ses03M_impro03_M"]


def test_alignments_cover_the_recordings(parsed, standin_tiny):
    for turn in list(parsed)[::10]:
        words = iemocap_files.read_alignment(iemocap.alignment_file(standin_tiny, turn))
        assert words[-1].end_s == pytest.approx(parsed[turn].duration_s)
        spoken = [word.token for word in words if word.is_word]
        assert len(spoken) == len(parsed[turn].text.split())


def test_words_have_the_times_of_their_alignment(parsed, standin_tiny):
    unknown = {turn for turn, one in parsed.items() if one.words is None}
    assert unknown == {t for t in parsed if iemocap.alignment_file(standin_tiny, t) is None}
    noisy = [one for one in parsed.values() if one.words and one.words[0][0] > 0.02]
    assert noisy, "every turn of the stand-in begins with silence"
    for turn, one in parsed.items():
        if turn in unknown:
            continue
        letters = str.maketrans("é", "e", ".,:?!…")
        spoken = [word.lower().translate(letters) for word in one.text.split()]
        assert [word.lower() for _, _, word in one.words] == spoken
        times = [time for start_s, end_s, _ in one.words for time in (start_s, end_s)]
        assert times == sorted(times) and times[0] > 0 and times[-1] < one.duration_s


def test_words_of_a_release_with_alignments(tmp_path):
    write_release(tmp_path)  # turns of 0.1 s
    turn = "Ses01F_impro01_F000"
    spoken = [(0, 0, "<s>"), (1, 2, "++LAUGHTER++"), (3, 5, "LA(2)"), (6, 6, "<sil>")]
    write_alignment(tmp_path, turn, [*spoken, (7, 10, "JA")])
    one, other = iemocap.parse(tmp_path)
    assert other.words is None
    assert [word for _, _, word in one.words] == ["LA", "JA"]
    assert one.words[0][:2] == pytest.approx((0.03, 0.06))
    assert one.words[1][:2] == pytest.approx((0.07, 0.1))  # where the recording ends
    write_alignment(tmp_path, turn, [(0, 1, "<s>"), (2, 9, "<sil>")])
    assert iemocap.parse(tmp_path)[0].words == ()


@pytest.mark.parametrize(
    "words, total, message",
    [
        ([(0, 1, "<s>"), (3, 9, "LA")], " Total score: -1\n", "row from frame 3 to 9"),
        ([(0, 9, "LA")], "", "no line 'Total score:'"),
        ([(0, 9, "LA"), (10, 12, "JA")], " Total score: -1\n", "JA begins at 0.1 s, the recording"),
    ],
)
def test_a_malformed_alignment_is_named_and_left_out(tmp_path, words, total, message):
    write_release(tmp_path)
    path, told = write_alignment(tmp_path, "Ses01F_impro01_M000", words, total), []
    parsed = iemocap.parse(tmp_path, told.append)
    assert all(one.words is None for one in parsed)
    (remark,) = [text for text in told if "no times of words" in text]
    assert message in remark and str(path) in remark


def test_incomplete_and_multiple_ratings_are_there(standin_tiny):
    turns = [
        turn
        for path in iemocap._evaluation_files(standin_tiny)
        for turn in iemocap_files.read_evaluation(path)
    ]
    ratings = [one for turn in turns for one in turn.attributes.values()]
    assert any(one["dom"] is None for one in ratings)
    assert any(len(names) > 1 for turn in turns for names in turn.categories.values())
    assert len({len(turn.categories) for turn in turns}) > 1
    assert len({len(turn.attributes) for turn in turns}) > 1
    assert {"xxx", "dis", "oth", "exc", "hap"} <= {turn.emotion for turn in turns}
    for first, second in itertools.pairwise(turns):
        if first.turn[:-5] == second.turn[:-5] and second.start_s < first.end_s:
            break
    else:
        pytest.fail("no turns overlap")


def test_policies(parsed):
    utterances = list(parsed.values())
    sizes = dict.fromkeys(iemocap_files.EMOTIONS, 0)
    for one in utterances:
        sizes[one.raw_emotion] += 1
    four = sizes["ang"] + sizes["neu"] + sizes["sad"]
    expected = {
        "merged": (four + sizes["hap"] + sizes["exc"], "ang hap neu sad"),
        "replaced": (four + sizes["exc"], "ang hap neu sad"),
        "kept": (four + sizes["hap"] + sizes["exc"], "ang exc hap neu sad"),
        "hap": (four + sizes["hap"], "ang hap neu sad"),
        "all": (len(utterances), " ".join(sorted(c for c, n in sizes.items() if n))),
    }
    assert list(iemocap.LABEL_POLICIES) == list(expected)
    for name, (number, classes) in expected.items():
        kept, labels = label(utterances, iemocap.LABEL_POLICIES[name])
        assert (len(kept), " ".join(sorted(set(labels.values())))) == (number, classes), name
    replaced = label(utterances, iemocap.LABEL_POLICIES["replaced"])[0]
    assert "hap" not in {one.raw_emotion for one in replaced}


def test_published_totals_add_up():
    """The table of the release, against sums that its documentation gives separately."""
    sessions = [f"Ses0{number}" for number in range(1, 6)]
    table = iemocap.EXPECTED
    for name in ("dialogs", "utterances", "ang", "hap", "exc", "neu", "sad"):
        assert sum(table[session][name] for session in sessions) == table["all"][name]
    codes = [table["all"][code] for code in iemocap_files.EMOTIONS]
    assert sum(codes) == table["all"]["utterances"] == 10039
    assert sum(table["all"][code] for code in MERGED) == table["all"]["labelled"] == 5531
    labelled = [1085, 1023, 1151, 1031, 1241]
    for session, number in zip(sessions, labelled, strict=True):
        assert sum(table[session][code] for code in MERGED) == number
        assert table[session + "F"]["labelled"] + table[session + "M"]["labelled"] == number
    for style, number in (("improvised", 2943), ("scripted", 2588)):
        assert sum(table[style][code] for code in MERGED) == table[style]["labelled"] == number
    assert table["improvised"]["labelled"] - table["improvised"]["exc"] == 2280
    assert table["improvised"]["labelled"] - table["improvised"]["hap"] == 2659


def test_totals_of_a_part_differ_and_are_listed(tmp_path):
    utterances = iemocap.parse(write_release(tmp_path))
    found = count(utterances, iemocap.groups, MERGED)
    assert found["all"] == found["Ses01"] | {}
    assert found["Ses01F"]["labelled"] == 1 and found["improvised"]["utterances"] == 2
    differences, compared = compare(iemocap.EXPECTED, found)
    assert 0 < len(differences) <= compared
    rows = {(row["group"], row["count"]): row for row in differences}
    assert rows["Ses01", "neu"]["expected"] == 384 and rows["Ses01", "neu"]["found"] == 2


def test_root_may_be_the_parent(tmp_path):
    release = write_release(tmp_path / "IEMOCAP_full_release")
    assert iemocap.locate(release) == iemocap.locate(tmp_path) == release
    assert len(iemocap.parse(tmp_path)) == 2


def test_wrong_root_names_what_was_looked_for(tmp_path):
    (tmp_path / "Session1/dialog/EmoEvaluation/Categorical").mkdir(parents=True)
    with pytest.raises(InputError, match=r"dialog/EmoEvaluation/\*\.txt.*IEMOCAP_full_release"):
        iemocap.parse(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        iemocap.locate(tmp_path / "nothing")


def test_what_is_missing_is_remarked_on(tmp_path):
    write_release(tmp_path, turns=("F000", "F001", "M000"))
    wav = tmp_path / "Session1/sentences/wav/Ses01F_impro01"
    shutil.move(wav / "Ses01F_impro01_F001.wav", wav / "Ses01F_impro01_F009.wav")
    (tmp_path / "Session1/dialog/transcriptions/Ses01F_impro01.txt").unlink()
    remarks = []
    utterances = iemocap.parse(tmp_path, remarks.append)
    assert [one.id for one in utterances] == [
        "Ses01F-Ses01F_impro01_F000",
        "Ses01M-Ses01F_impro01_M000",
    ]
    assert [one.text for one in utterances] == ["", ""]
    assert [remark.partition(":")[2].partition(",")[0] for remark in remarks] == [
        " 1 turns evaluated but not recorded",
        " 1 turns recorded but not evaluated",
        " 2 turns without a transcript",
    ]


def test_transcribed_lines_of_no_turn_are_remarked_on(tmp_path):
    write_release(tmp_path)
    path = tmp_path / "Session1/dialog/transcriptions/Ses01F_impro01.txt"
    path.write_text(path.read_text() + "Ses01F_impro01_Q000 [0-1]: Ja.\n")
    remarks = []
    assert [one.text for one in iemocap.parse(tmp_path, remarks.append)] == ["La.", "La."]
    assert len(remarks) == 1 and "transcriptions/Ses01F_impro01.txt:3" in remarks[0]


def test_broken_recording_is_named(tmp_path):
    write_release(tmp_path)
    path = tmp_path / "Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_M000.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(FileError, match=r"M000\.wav: no usable WAV header"):
        iemocap.parse(tmp_path)
