"""MSP-IMPROV, acted dyadic interactions (Busso et al., IEEE Trans. Affective Computing 8(1), 2017).

Audio lies in ``[Audio/]session<k>/<scenario>/<kind>/<name>.wav``; a name such as
``MSP-IMPROV-S01A-F01-P-FM01`` tells the scenario (a sentence, and the emotion it is made for), the
speaker (whose number is the session's), how it came about (R: the sentence read, T: the sentence
improvised, S: other turns of the improvisation, P: spoken between the takes), and the turn. The
evaluation list (``Evalution.txt`` in the release) has for each turn a line ::

    UTD-IMPROV-S01A-F01-P-FM01.avi; N; A:2.857143; V:3.285714; D:2.857143; ...

with the majority's label and the mean activation, valence and dominance, then the single ratings.
"""

import re
from pathlib import Path

from pyser.corpora.textlines import numbered_lines
from pyser.corpora.utterance import Utterance, visible, wav_duration_s
from pyser.errors import InputError
from pyser.log import warn

TITLE = "MSP-IMPROV"
EVALUATIONS = ("Evalution.txt", "Evaluation.txt")

_FOUR = {"A": "ang", "H": "hap", "N": "neu", "S": "sad"}
LABEL_POLICIES = {"four": _FOUR, "all": _FOUR | {"O": "oth", "X": "xxx"}}
STYLES = {"R": "read", "T": "target", "S": "improvised", "P": "natural"}

# Sizes as the article tells them.
EXPECTED = {
    "all": {"utterances": 8438, "labelled": 7798, "A": 792, "H": 2644, "N": 3477, "S": 885},
    "read": {"utterances": 620},
    "target": {"utterances": 652},
    "improvised": {"utterances": 4381},
    "natural": {"utterances": 2785},
}

_TURN = r"IMPROV-S\d\d[AHNS]-(?P<speaker>[FM]0[1-6])-(?P<style>[RTSP])-[FM]{2}\d\d[A-Z]?"
_NAME = re.compile(f"MSP-{_TURN}")
_NUMBER = r"(?:\d+(?:\.\d+)?|NaN)"
_HEAD = re.compile(
    rf"(?:UTD|MSP)-(?P<turn>{_TURN})\.\w+\s*;\s*(?P<label>[{''.join(LABEL_POLICIES['all'])}])\s*;"
    rf"\s*A:(?P<activation>{_NUMBER})\s*;\s*V:(?P<valence>{_NUMBER})\s*;"
    rf"\s*D:(?P<dominance>{_NUMBER})\s*(?:;.*)?"
)
_FORM = "'UTD-IMPROV-S01A-F01-P-FM01.avi; label; A:number; V:number; D:number; ...'"


def locate(root):
    """The release folder: ``root``, when it has the evaluation list; InputError otherwise."""
    root = Path(root)
    if _evaluation(root) is None:
        found = "is no MSP-IMPROV release" if root.is_dir() else "is no folder"
        remedy = f"give --root=FOLDER, where FOLDER/{EVALUATIONS[0]} exists"
        raise InputError(found, root, f"the file {' or '.join(EVALUATIONS)} in it", remedy)
    return root


def parse(root, remark=warn):
    """Read the release at ``root``; list of Utterance sorted by id.

    ``remark(text)`` is called for evaluated turns without a recording (left out) and for recordings
    that were not evaluated.

    Raises:
        InputError: a line or a file name of another form, a turn twice; named with its place.
        FileError: a file without a usable WAV header.
    """
    root = locate(root)
    turns, recordings = _read_evaluation(_evaluation(root)), _recordings(root)
    for what, missing in (
        ("evaluated but not recorded, left out", turns.keys() - recordings.keys()),
        ("recorded but not evaluated", recordings.keys() - turns.keys()),
    ):
        if missing:
            remark(f"{len(missing)} turns {what}, such as {min(missing)}")
    found = [_utterance(turns[turn], recordings[turn]) for turn in turns if turn in recordings]
    return sorted(found, key=lambda one: one.id)


def groups(utterance):
    """All, and its style."""
    return ["all", utterance.style]


def _evaluation(root):
    """The evaluation list (Path), or None."""
    return next((root / name for name in EVALUATIONS if (root / name).is_file()), None)


def _read_evaluation(path):
    """Turn -> match of its line, in the order of the file; single ratings are passed over."""
    turns = {}
    for where, line in numbered_lines(path):
        if not line.startswith(("UTD-", "MSP-")):
            continue
        match = _HEAD.fullmatch(line)
        if not match:
            raise InputError(f"found {line!r}", where, _FORM)
        if match["turn"] in turns:
            raise InputError(f"turn {match['turn']} was evaluated before", where)
        turns[match["turn"]] = match
    if not turns:
        raise InputError("no turn in it", path, f"lines {_FORM}")
    return turns


def _recordings(root):
    """Turn -> file of its audio."""
    found = {}
    for folder in sorted([*root.glob("session*/*/*"), *root.glob("Audio/session*/*/*")]):
        for path in visible(folder, ".wav"):
            if not _NAME.fullmatch(path.stem):
                remedy = "move what is no recording out of the session folders"
                expected = "MSP-IMPROV-S01A-F01-P-FM01.wav"
                raise InputError("the name has another form", path, expected, remedy)
            turn = path.stem.removeprefix("MSP-")
            if turn in found:
                raise InputError(f"turn {turn} was also recorded in {found[turn]}", path)
            found[turn] = path
    return found


def _utterance(evaluation, path):
    """The utterance of one evaluated turn (a match of _HEAD) with the audio in ``path``."""
    speaker = evaluation["speaker"]
    ratings = [evaluation[name] for name in ("valence", "activation", "dominance")]
    return Utterance(
        id=f"{speaker}-{path.stem}",
        wav=path,
        speaker=speaker,
        raw_emotion=evaluation["label"],
        duration_s=wav_duration_s(path),
        gender=speaker[0].lower(),
        session=f"session{int(speaker[1:])}",
        style=STYLES[evaluation["style"]],
        vad=None if "NaN" in ratings else tuple(map(float, ratings)),
    )
