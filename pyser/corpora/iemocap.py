"""IEMOCAP, the interactive emotional dyadic motion capture database (Busso et al., 2008).

Labels come from the consolidated files ``dialog/EmoEvaluation/<dialog>.txt``, words from
``dialog/transcriptions``, their times from ``sentences/ForcedAlignment`` and audio from
``sentences/wav``. A turn such as ``Ses01F_impro02_M003``
was said by the *second* letter's actor: the first tells who wore the motion-capture markers.
"""

from pathlib import Path

from pyser.corpora import iemocap_files as files
from pyser.corpora.utterance import Utterance, visible, wav_duration_s
from pyser.errors import InputError
from pyser.log import warn

TITLE = "IEMOCAP"
FOLDER = "IEMOCAP_full_release"
EVALUATIONS = "dialog/EmoEvaluation"

_FOUR = {"ang": "ang", "hap": "hap", "neu": "neu", "sad": "sad"}
LABEL_POLICIES = {
    "merged": _FOUR | {"exc": "hap"},
    "replaced": {"ang": "ang", "exc": "hap", "neu": "neu", "sad": "sad"},
    "kept": _FOUR | {"exc": "exc"},
    "hap": _FOUR,
    "all": {code: code for code in files.EMOTIONS},
}

# Counts of the release; "labelled" is the usual 5531 (policy merged).
_COLUMNS = ("dialogs", "utterances", "ang", "hap", "exc", "neu", "sad", "labelled_seconds")
_SESSIONS = {
    "Ses01": (28, 1819, 229, 135, 143, 384, 194, 5133),
    "Ses02": (30, 1811, 137, 117, 210, 362, 197, 4787),
    "Ses03": (32, 2136, 240, 135, 151, 320, 305, 5113),
    "Ses04": (30, 2103, 327, 65, 238, 258, 143, 4563),
    "Ses05": (31, 2170, 170, 143, 299, 384, 245, 5565),
    "all": (151, 10039, 1103, 595, 1041, 1708, 1084, 25160),
}
_SPEAKERS_LABELLED = {
    "Ses01": (528, 557),
    "Ses02": (481, 542),
    "Ses03": (522, 629),
    "Ses04": (528, 503),
    "Ses05": (590, 651),
}
EXPECTED = {group: dict(zip(_COLUMNS, row, strict=True)) for group, row in _SESSIONS.items()}
EXPECTED["all"] |= {"labelled": 5531, "dis": 2, "fea": 40, "fru": 1849, "oth": 3, "sur": 107}
EXPECTED["all"] |= {"xxx": 2507}
EXPECTED |= {
    session + gender: {"labelled": number}
    for session, numbers in _SPEAKERS_LABELLED.items()
    for gender, number in zip("FM", numbers, strict=True)
}
EXPECTED["improvised"] = {"labelled": 2943, "ang": 289, "hap": 284, "exc": 663}
EXPECTED["improvised"] |= {"neu": 1099, "sad": 608}
EXPECTED["scripted"] = {"labelled": 2588, "ang": 814, "hap": 311, "exc": 378}
EXPECTED["scripted"] |= {"neu": 609, "sad": 476}


def locate(root):
    """The release folder: ``root`` or ``root/IEMOCAP_full_release``; InputError otherwise."""
    root = Path(root)
    for folder in (root, root / FOLDER):
        if _evaluation_files(folder):
            return folder
    looked = f"Session1/{EVALUATIONS}/*.txt to Session5/{EVALUATIONS}/*.txt"
    found = "is no IEMOCAP release" if root.is_dir() else "is no folder"
    remedy = f"give --root=FOLDER, the {FOLDER} folder or its parent"
    raise InputError(found, root, f"at least one file {looked}, here or in {FOLDER}/", remedy)


def parse(root, remark=warn):
    """Read the release at ``root``; list of Utterance, one per evaluated turn with a recording.

    ``remark(text)`` is called for evaluated turns without a recording (left out), for those
    without a transcript (empty text), for recordings that were not evaluated and for transcribed
    lines that are of no turn.

    Raises:
        InputError: a malformed file, named with its line.
        FileError: a recording without a usable WAV header.
    """
    utterances = []
    for path in _evaluation_files(locate(root)):
        utterances += _dialog(path, remark)
    return utterances


def groups(utterance):
    """All, its session, speaker and style."""
    return ["all", utterance.session, utterance.speaker, utterance.style]


def alignment_file(root, turn):
    """Where the word alignment of ``turn`` is, or None: the release lacks a few."""
    session = Path(root) / f"Session{turn[4]}"
    path = session / "sentences" / "ForcedAlignment" / turn[:-5] / f"{turn}.wdseg"
    return path if path.is_file() else None


def _evaluation_files(folder):
    """The consolidated files of all sessions, sorted; those of single raters lie further down."""
    return [
        path
        for session in range(1, 6)
        for path in visible(folder / f"Session{session}" / EVALUATIONS, ".txt")
    ]


def _dialog(path, remark):
    """The utterances of the dialog evaluated in ``path``."""
    session_folder, dialog = path.parents[2], path.stem
    transcription = session_folder / "dialog" / "transcriptions" / path.name
    texts = files.read_transcription(transcription, remark) if transcription.is_file() else {}
    recordings = {
        file.stem: file for file in visible(session_folder / "sentences" / "wav" / dialog, ".wav")
    }
    turns = files.read_evaluation(path)
    names = {one.turn for one in turns}
    _remark_missing(remark, dialog, "evaluated but not recorded, left out", names - set(recordings))
    _remark_missing(remark, dialog, "recorded but not evaluated", set(recordings) - names)
    _remark_missing(remark, dialog, "without a transcript", (names & set(recordings)) - set(texts))
    return [
        _utterance(one, recordings[one.turn], texts.get(one.turn, ""), remark)
        for one in turns
        if one.turn in recordings
    ]


def _remark_missing(remark, dialog, what, turns):
    """Report turns, if there are any, by number and first name."""
    if turns:
        remark(f"{dialog}: {len(turns)} turns {what}, such as {min(turns)}")


def _utterance(evaluation, wav, text, remark):
    """The utterance of one evaluated turn."""
    turn = evaluation.turn
    session, dialog, gender = turn[:5], turn[:-5], turn[-4]
    duration_s = wav_duration_s(wav)
    return Utterance(
        id=f"{session}{gender}-{turn}",
        wav=wav,
        speaker=session + gender,
        raw_emotion=evaluation.emotion,
        duration_s=duration_s,
        gender=gender.lower(),
        text=files.words_only(text),
        session=session,
        dialog=dialog,
        style="improvised" if "_impro" in dialog else "scripted",
        vad=evaluation.vad,
        words=_words(alignment_file(wav.parents[4], turn), duration_s, remark),
    )


def _words(path, duration_s, remark):
    """(start, end, word) of each word aligned in the file ``path``; None without one.

    One that cannot be used is told, and counts as none: few systems read the times of words.
    """
    try:
        return None if path is None else _aligned(path, duration_s)
    except InputError as error:
        remark(f"no times of words: {error}")
        return None


def _aligned(path, duration_s):
    """The words; the aligner's last frame may reach beyond the recording, which then ends them."""
    words = [word for word in files.read_alignment(path) if word.is_word]
    duration_s = round(duration_s, 4)  # as it is written
    late = next((word for word in words if word.start_s >= duration_s), None)
    if late:
        found = f"{late.token} begins at {late.start_s:g} s, the recording ends at {duration_s:g} s"
        raise InputError(found, path, "the alignment of this recording", "copy the file again")
    return tuple((word.start_s, min(word.end_s, duration_s), word.token) for word in words)
