"""The stand-in: deterministic, consistent with itself, and balanced as experiments need it."""

import os
import subprocess
import sys
import wave
from collections import Counter

import numpy as np
import pytest

from pyser.corpora import iemocap, iemocap_files, standin, standin_ratings, synth
from pyser.corpora.standin_plan import SIZES, plan, stream
from pyser.corpora.standin_text import pronounce, sentence
from pyser.errors import FileError, UsageError
from pyser.files import file_digest

RATE = synth.SAMPLE_RATE_HZ


@pytest.fixture(scope="module")
def evaluations(standin_tiny):
    return [
        turn
        for path in iemocap._evaluation_files(standin_tiny)
        for turn in iemocap_files.read_evaluation(path)
    ]


def read_wav(path):
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getsampwidth()) == (RATE, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples.reshape(-1, file.getnchannels())


def tree(root):
    return {str(path.relative_to(root)): path for path in root.rglob("*") if path.is_file()}


def test_two_generations_are_equal_byte_for_byte(standin_tiny, tmp_path):
    command = ["-m", "pyser", "prepare", "standin", "--size=tiny", "--out"]
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    out = str(tmp_path / "again")
    subprocess.run([sys.executable, *command, out], env=environment, check=True)
    first, second = tree(standin_tiny), tree(tmp_path / "again")
    assert first.keys() == second.keys()
    for name, path in first.items():
        assert file_digest(path) == file_digest(second[name]), name


def test_it_says_what_it_is(standin_tiny):
    text = (standin_tiny / standin.MARKER).read_text()
    assert text.startswith("This is a SYNTHETIC STAND-IN, not IEMOCAP")
    assert "says anything about speech" in text


def test_a_complete_one_is_left_alone_and_anything_else_is_not_touched(
    standin_tiny, tmp_path, capsys
):
    standin.generate(standin_tiny, "tiny")
    assert "nothing to do" in capsys.readouterr().err
    with pytest.raises(FileError, match="is in the way"):
        standin.generate(standin_tiny, "small")
    (tmp_path / "mine").mkdir()
    with pytest.raises(FileError, match="is in the way"):
        standin.generate(tmp_path / "mine", "tiny")
    with pytest.raises(UsageError, match=r"--size=huge.*tiny"):
        standin.generate(tmp_path / "new", "huge")


def test_nothing_is_left_of_an_interrupted_generation(tmp_path, monkeypatch):
    def interrupt(dialog):
        raise KeyboardInterrupt

    monkeypatch.setattr(standin, "_record", interrupt)
    with pytest.raises(KeyboardInterrupt):
        standin.generate(tmp_path / "new", "tiny")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", SIZES)
def test_every_speaker_has_every_class_in_both_styles(size):
    counts = Counter()
    for dialog in plan(SIZES[size]):
        for turn in dialog.turns:
            emotion = iemocap.LABEL_POLICIES["merged"].get(turn.emotion)
            counts[turn.speaker, "impro" in dialog.name, emotion] += 1
    speakers = {speaker for speaker, _, _ in counts}
    assert len(speakers) == 10
    for speaker in speakers:
        for improvised in (True, False):
            for emotion in ("ang", "hap", "neu", "sad"):
                assert counts[speaker, improvised, emotion] >= 1, (speaker, improvised, emotion)


def test_small_is_as_large_as_recipes_want_it():
    turns = [turn for dialog in plan(SIZES["small"]) for turn in dialog.turns]
    labelled = [turn for turn in turns if turn.emotion in iemocap.LABEL_POLICIES["merged"]]
    seconds = [0.01 * turn.frames.sum() for turn in labelled]
    assert 400 <= len(labelled) <= 500
    assert 12 * 60 <= sum(seconds) <= 15 * 60
    assert min(seconds) > 0.5 and max(seconds) < 5


def test_ratings_agree_with_labels(evaluations):
    """Independent of how they were drawn: recomputed from the files."""
    names = {name: code for code, name in standin_ratings.NAMES.items()}
    for turn in evaluations:
        outside = [v for rater, v in turn.categories.items() if not standin_ratings.is_self(rater)]
        votes = Counter(names[name] for vote in outside for name in vote)
        best = max(votes.values())
        winners = [code for code, number in votes.items() if number == best]
        majority = winners[0] if len(winners) == 1 and best > len(outside) / 2 else "xxx"
        assert majority == turn.emotion, turn.turn
        for place, name in enumerate(("val", "act", "dom")):
            given = [
                one[name]
                for rater, one in turn.attributes.items()
                if not standin_ratings.is_self(rater) and one[name] is not None
            ]
            assert turn.vad[place] == pytest.approx(np.mean(given), abs=1e-4)


def test_files_of_single_raters_repeat_the_consolidated_one(evaluations, standin_tiny):
    folder = standin_tiny / "Session1/dialog/EmoEvaluation"
    by_turn = {turn.turn: turn for turn in evaluations}
    files = sorted(folder.glob("*/*_cat.txt"))
    assert {path.parent.name for path in files} == {"Categorical", "Self-evaluation"}
    for path in files:
        rater = path.stem.split("_")[-2].upper()
        for line in path.read_text().splitlines():
            turn, _, rest = line.partition(" ")
            votes = [vote.strip(" :;()").removesuffix(" state") for vote in rest.split(";")]
            assert [vote for vote in votes if vote] == by_turn[turn].categories[rater]


def test_sentences_are_cut_from_the_dialog(evaluations, standin_tiny):
    for turn in evaluations[::7]:
        session = standin_tiny / f"Session{turn.turn[4]}"
        dialog = read_wav(session / "dialog/wav" / f"{turn.turn[:-5]}.wav")
        cut = read_wav(session / "sentences/wav" / turn.turn[:-5] / f"{turn.turn}.wav")
        start, end = round(turn.start_s * RATE), round(turn.end_s * RATE)
        channel = 0 if turn.turn[-4] == "F" else 1
        assert dialog.shape[1] == 2 and cut.shape[1] == 1
        np.testing.assert_array_equal(cut[:, 0], dialog[start:end, channel])


def test_nobody_interrupts_himself(evaluations):
    ends = {}
    for turn in evaluations:
        key = turn.turn[:-3]
        assert turn.start_s > ends.get(key, 0.0)
        ends[key] = turn.end_s


def test_times_agree_in_all_files(evaluations, standin_tiny):
    dialog = "Ses03F_impro07"
    folder = standin_tiny / "Session3/dialog"
    turns = {t.turn: (t.start_s, t.end_s) for t in evaluations if t.turn[:-5] == dialog}
    lines = []
    for gender in "FM":
        path = folder / f"lab/Ses03_{gender}/{dialog}.lab"
        lines += path.read_text(encoding="latin-1").splitlines()[1:]
    lab = {name: (float(start), float(end)) for start, end, name in map(str.split, lines)}
    text = (folder / f"transcriptions/{dialog}.txt").read_text(encoding="cp1252")
    rows = [line.split(" ")[:2] for line in text.splitlines() if line.startswith("Ses")]
    spans = {name: tuple(map(float, span.strip("[]:").split("-"))) for name, span in rows}
    assert lab == turns == {name: span for name, span in spans.items() if "XX" not in name}


def test_recordings_are_neither_clipped_nor_silent(standin_tiny):
    for path in standin_tiny.glob("Session*/sentences/wav/*/Ses*.wav"):
        samples = read_wav(path).astype(float)
        assert np.abs(samples).max() < 32767
        assert samples.std() > 60


def test_scripts_repeat_their_words_in_every_session(standin_tiny):
    texts = {}
    for one in iemocap.parse(standin_tiny):
        script = one.dialog.partition("_")[2].removesuffix("b") + one.id[-4:]
        texts.setdefault((one.style, script), set()).add(one.text)
    scripted = [words for (style, _), words in texts.items() if style == "scripted"]
    assert scripted and all(len(words) == 1 for words in scripted)


def test_spoken_words_are_the_written_ones():
    random = stream("test")
    for _ in range(50):
        text = sentence("hap", 8, random)
        tokens = pronounce(text, random)
        assert (tokens[0].name, tokens[-1].name) == ("<s>", "</s>")
        words = [t.name.split("(")[0].lower() for t in tokens if t.name[0] not in "<+"]
        plain = iemocap_files.words_only(text).lower().replace("é", "e")
        assert words == ["".join(c for c in word if c.isalpha()) for word in plain.split()]
        for token in tokens:
            assert sum(token.syllables, ()) == token.phones


def test_letters_that_nobody_can_say_are_an_error():
    with pytest.raises(KeyError, match="'x'"):
        pronounce("xylo", stream("test"))


def pulse_train(f0_hz, seconds=1.0, phone="a", tract=1.0):
    frames = np.array([round(100 * seconds)])
    source = synth.Source(
        f0_hz=np.full(frames[0], f0_hz),
        loudness=np.ones(frames[0]),
        open_quotient=0.6,
        breath=0.0,
        jitter=0.0,
        shimmer=0.0,
        tilt_db=0.0,
        tract=tract,
    )
    samples = synth.synthesise([phone], frames, source, stream("test"))
    assert len(samples) == round(seconds * RATE)
    return samples


@pytest.mark.parametrize("f0_hz", [100.0, 220.0])
def test_synthesis_has_the_pitch_it_was_asked_for(f0_hz):
    samples = pulse_train(f0_hz)[RATE // 4 : 3 * RATE // 4]
    power = np.correlate(samples, samples, "full")[len(samples) - 1 :]
    shortest = int(RATE / 400)
    period = shortest + np.argmax(power[shortest : int(RATE / 60)])
    assert RATE / period == pytest.approx(f0_hz, rel=0.02)


def test_synthesis_has_the_formants_it_was_asked_for():
    """Whispered, so that no harmonic hides a peak: white noise through the tract of an i."""
    source = synth.Source(np.full(400, 1e-3), np.ones(400), 0.6, 0.0, 0.0, 0.0, 0.0, 1.0)
    response = synth._tract_response(np.tile(synth.PHONES["i"].formants_hz, (400, 1)), source)
    gain = np.abs(response[200])
    peaks = np.flatnonzero((gain[1:-1] > gain[:-2]) & (gain[1:-1] > gain[2:])) + 1
    found_hz = peaks[:3] * RATE / 640
    np.testing.assert_allclose(found_hz, synth.PHONES["i"].formants_hz, atol=50)


def test_cut_and_add_up_give_the_samples_back():
    samples = stream("test").standard_normal(160 * 50)
    np.testing.assert_allclose(
        synth._add_up(synth._cut(samples), len(samples)), samples, atol=1e-12
    )
