"""EMO-DB, the Berlin database of emotional speech (Burkhardt et al., Interspeech 2005).

Release tree: ``wav/<name>.wav``, 16 kHz mono. A name such as ``03a01Fa`` tells all there is to
know: speaker 03, sentence a01, emotion F, version a.
"""

import re
from pathlib import Path

from pyser.corpora.utterance import Utterance, visible, wav_duration_s
from pyser.errors import InputError

TITLE = "EMO-DB"

# The release's documentation lists the speakers with their sex.
GENDERS = {
    "03": "m",
    "08": "f",
    "09": "f",
    "10": "m",
    "11": "m",
    "12": "m",
    "13": "f",
    "14": "f",
    "15": "m",
    "16": "f",
}

# The ten sentences, as the database's documentation prints them, but for one word of a05: it prints
# "Stück Papier", and the release's own phone and syllable labels have "Blatt" in every recording.
SENTENCES = {
    "a01": "Der Lappen liegt auf dem Eisschrank.",
    "a02": "Das will sie am Mittwoch abgeben.",
    "a04": "Heute abend könnte ich es ihm sagen.",
    "a05": "Das schwarze Blatt Papier befindet sich da oben neben dem Holzstück.",
    "a07": "In sieben Stunden wird es soweit sein.",
    "b01": "Was sind denn das für Tüten, die da unter dem Tisch stehen?",
    "b02": "Sie haben es gerade hochgetragen und jetzt gehen sie wieder runter.",
    "b03": "An den Wochenenden bin ich jetzt immer nach Hause gefahren und habe Agnes besucht.",
    "b09": "Ich will das eben wegbringen und dann mit Karl was trinken gehen.",
    "b10": "Die wird auf dem Platz sein, wo wir sie immer hinlegen.",
}

# First letters of the German names: Wut, Langeweile, Ekel, Angst, Freude, neutral, Trauer.
EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "N": "neutral",
    "T": "sadness",
}

LABEL_POLICIES = {"all": EMOTIONS}

EXPECTED = {
    "all": {"utterances": 535, "labelled_seconds": 1487}
    | {"W": 127, "L": 81, "E": 46, "A": 69, "F": 71, "N": 79, "T": 62},
    "03": {"utterances": 49},
    "08": {"utterances": 58},
    "09": {"utterances": 43},
    "10": {"utterances": 38},
    "11": {"utterances": 55},
    "12": {"utterances": 35},
    "13": {"utterances": 61},
    "14": {"utterances": 69},
    "15": {"utterances": 56},
    "16": {"utterances": 71},
}

_NAME = re.compile(r"(?P<speaker>\d\d)(?P<text>[ab]\d\d)(?P<emotion>[A-Z])(?P<version>[a-z]?)")


def locate(root):
    """The release folder: ``root``, when it has ``wav/*.wav``; InputError otherwise."""
    root = Path(root)
    if not visible(root / "wav", ".wav"):
        found = "is no EMO-DB release" if root.is_dir() else "is no folder"
        remedy = "give --root=FOLDER, where FOLDER/wav/03a01Fa.wav exists"
        raise InputError(found, root, "WAV files in its folder wav/", remedy)
    return root


def parse(root, remark=None):
    """Read the release at ``root``; list of Utterance sorted by id.

    Raises:
        InputError: a file name that does not follow the release's scheme.
        FileError: a file without a usable WAV header.
    """
    return [_utterance(path) for path in visible(locate(root) / "wav", ".wav")]


def groups(utterance):
    """All, and its speaker."""
    return ["all", utterance.speaker]


def _utterance(path):
    """The utterance in the file ``path``, whose name tells speaker, sentence and emotion."""
    name = _NAME.fullmatch(path.stem)
    parts = name.groupdict() if name else {}
    tables = {"speaker": GENDERS, "text": SENTENCES, "emotion": EMOTIONS}
    for part, table in tables.items():
        if parts.get(part) not in table:
            found = f"{part} {parts[part]!r} is unknown" if name else "name has another form"
            expected = "speaker(2) sentence(3) emotion(1) version, such as 03a01Fa.wav"
            raise InputError(found, path, expected, "move what is no recording out of wav/")
    return Utterance(
        id=f"{parts['speaker']}-{path.stem}",
        wav=path,
        speaker=parts["speaker"],
        raw_emotion=parts["emotion"],
        duration_s=wav_duration_s(path),
        gender=GENDERS[parts["speaker"]],
        text=SENTENCES[parts["text"]],
    )
