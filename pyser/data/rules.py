"""What each table of a data directory must look like: its keys and its values.

The rules are those of Kaldi's ``utils/validate_data_dir.sh``, and ours for the emotion tables.
"""

import math
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from pyser.data.spoken import read_words
from pyser.errors import InputError

_MARKS = {"<s>", "</s>", "#0"}


def one_word(value):
    """A single word."""
    if len(value.split()) != 1:
        yield "format", f"found {value!r}, not one word"


def choice(value):
    """A single word that a protocol can list: no comma."""
    yield from one_word(value)
    if "," in value or "=" in value:
        yield "format", f"{value!r} has a comma or an equals sign, which protocols cannot name"


def positive(value):
    """A number above 0."""
    if not _number(value) > 0:
        yield "format", f"found {value!r}, not a number above 0"


def positive_whole(value):
    """A whole number above 0."""
    if not (value.isascii() and value.isdecimal() and int(value) > 0):
        yield "format", f"found {value!r}, not a whole number above 0"


def ratings(value):
    """Valence, activation, dominance."""
    numbers = [_number(piece) for piece in value.split()]
    if len(numbers) != 3 or not all(map(math.isfinite, numbers)):
        yield "format", f"found {value!r}, not three numbers: valence activation dominance"


def warp(value):
    """A factor of vocal tract length normalisation."""
    if not 0.5 < _number(value) < 1.5:
        yield "format", f"found {value!r}, not a number between 0.5 and 1.5"


def gender(value):
    """``m`` or ``f``."""
    if value not in ("m", "f"):
        yield "format", f"found {value!r}, not m or f"


def segment(value):
    """``<recording> <start> <end>``, in seconds."""
    pieces = value.split()
    if len(pieces) != 3:
        yield "format", f"found {value!r}, not <recording> <start> <end>"
    elif not 0 <= _number(pieces[1]) < _number(pieces[2]) < math.inf:
        yield "format", f"from {pieces[1]} s to {pieces[2]} s is no segment"


def file_and_channel(value):
    """``<file> A|B``."""
    pieces = value.split()
    if len(pieces) == 2 and pieces[1] == "1":
        yield "old-format", f"found {value!r}: channel 1"
    elif len(pieces) != 2 or pieces[1] not in ("A", "B"):
        yield "format", f"found {value!r}, not <file> A or <file> B"


def transcript(value):
    """Words, without the marks that Kaldi's language models use."""
    for word in sorted(_MARKS & set(value.split())):
        yield "symbol", f"the transcript has the word {word}"


def spoken_words(value):
    """Start, end and word of each word, in order."""
    try:
        read_words(value)
    except InputError as error:
        yield "format", error.what


def audio(value):
    """A file that is there, or a command."""
    if value.startswith("~"):
        yield "tilde", f"the name {value} begins with a tilde"
    elif value.endswith("|"):
        yield "pipe", f"found the command {value!r}"
    else:
        yield from _stored("no-audio", value)


def archive(value):
    """A place in an archive that is there: ``file:offset``."""
    if value.endswith("|"):
        yield "no-archive", f"found the command {value!r}, which is never run"
    else:
        yield from _stored("no-archive", re.sub(r"\[[^]]*\]$", "", value))


@dataclass(frozen=True)
class Rule:
    """Of one table: what its keys are, how a value is checked, whether all keys must be there.

    ``check`` maps a value to pairs of a code of CODES and what was found. A key that has no line is
    an error where the table is to be ``complete``, else remarked, or not even that (``sparse``).
    """

    keys: str
    check: Callable = lambda value: ()
    complete: bool = True
    required: bool = False
    empty_values: bool = False
    sparse: bool = False


# Extraction leaves out what is too short for a frame, hence feats.scp need not be complete.
RULES = {
    "utt2spk": Rule("utterance", one_word, required=True),
    "utt2emo": Rule("utterance", choice, required=True),
    "segments": Rule("utterance", segment),
    "wav.scp": Rule("recording", audio, required=True),
    "spk2utt": Rule("speaker"),
    "spk2gender": Rule("speaker", gender),
    "text": Rule("utterance", transcript, empty_values=True),
    "text_asr": Rule("utterance", transcript, empty_values=True),
    "utt2words": Rule("utterance", spoken_words, empty_values=True, sparse=True),
    "utt2session": Rule("utterance", choice),
    "utt2style": Rule("utterance", choice),
    "utt2dialog": Rule("utterance", choice),
    "utt2corpus": Rule("utterance", choice),
    "utt2rawemo": Rule("utterance"),
    "utt2vad": Rule("utterance", ratings, complete=False),
    "utt2dur": Rule("utterance", positive),
    "feats.scp": Rule("utterance", archive, complete=False),
    "utt2num_frames": Rule("utterance", positive_whole, complete=False),
    "cmvn.scp": Rule("speaker", archive),
    "vad.scp": Rule("utterance", archive),
    "xvector.scp": Rule("utterance", archive),
    "utt2lang": Rule("utterance"),
    "utt2uniq": Rule("utterance"),
    "utt2warp": Rule("utterance", warp),
    "spk2warp": Rule("speaker", warp),
    "reco2file_and_channel": Rule("recording", file_and_channel),
    "reco2dur": Rule("recording", positive),
}


def _number(text):
    try:
        return float(text)
    except ValueError:
        return math.nan


def _stored(code, value):
    """Findings on ``file`` or ``file:offset``: not there, no file, empty, or too short."""
    path, offset = value, 0
    match = re.fullmatch(r"(.+):(\d+)", value)
    if match and not os.path.exists(value):
        path, offset = match[1], int(match[2])
    if not os.path.isfile(path):
        yield code, f"there is no file {path}"
    elif os.path.getsize(path) <= offset:
        yield code, f"file {path} ends before byte {offset + 1}"
