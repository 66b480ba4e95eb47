"""Parsers of IEMOCAP's text files, one function per kind of file.

A malformed line is an InputError that names ``file:line``; what the release is known to leave out
(ratings, transcripts, alignments) is None or absent, never an error. Transcriptions, whose times
are not used, are read less strictly.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from pyser.corpora.textlines import numbered_lines
from pyser.errors import InputError
from pyser.log import warn

EMOTIONS = ("neu", "hap", "sad", "ang", "exc", "fru", "fea", "sur", "dis", "oth", "xxx")

# Sessions, a marked actor, improvised or scripted, a part (1, 1b, a, b), then speaker and number.
TURN = re.compile(r"Ses0[1-5][MF]_(?:impro|script)\d\d[ab]?(?:_\d[ab]?)?_[MF]\d{3}")

_NUMBER = r"\d+(?:\.\d+)?"
_HEAD = re.compile(
    rf"\[({_NUMBER}) - ({_NUMBER})\]\s+(\w+)\s+(\w+)\s+\[({_NUMBER}), *({_NUMBER}), *({_NUMBER})\]"
)
_RATING = re.compile(r"([CA])-(\w+):\s*(.*)")
_ALIGNED = re.compile(r"\s*(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s*")
_VARIANT = re.compile(r"\(\d+\)$")

ALIGNMENT_SHIFT_S = 0.01  # one frame of the aligner


@dataclass(frozen=True)
class Evaluation:
    """The consolidated evaluation of one turn.

    Args:
        turn: turn name.
        start_s, end_s: where it lies in the recording of the dialog.
        emotion: majority code, one of EMOTIONS.
        vad: mean valence, activation and dominance, 1 to 5, self ratings left out.
        categories: dict from rater to the list of category names given.
        attributes: dict from rater to {"val", "act", "dom"}; None where not rated.
        where: ``file:line``.
    """

    turn: str
    start_s: float
    end_s: float
    emotion: str
    vad: tuple[float, float, float]
    categories: dict[str, list[str]]
    attributes: dict[str, dict[str, float | None]]
    where: str


@dataclass(frozen=True)
class AlignedWord:
    """A word, silence (``<s> <sil> </s>``) or noise (``++NAME++``), in seconds from the start."""

    start_s: float
    end_s: float
    token: str

    @property
    def is_word(self):
        """Whether this is a word, not a silence or noise."""
        return not self.token.startswith(("<", "++"))


def read_evaluation(path):
    """Read ``EmoEvaluation/<dialog>.txt``; list of Evaluation in the order of the file.

    Raises:
        InputError: no turn in the file, a malformed line, an unknown code, a turn twice or a turn
            of another dialog.
    """
    turns = []
    for where, line in numbered_lines(path):
        line = line.strip()
        if line.startswith("["):
            turns.append(_evaluation_head(line, where, Path(path).stem))
        elif line.startswith(("C-", "A-")):
            if not turns:
                raise InputError("a rating before the first turn", where)
            _add_rating(turns[-1], line, where)
    if not turns:
        raise InputError("no turn in it", path, "lines '[start - end] turn code [V, A, D]'")
    _refuse_twice(turns)
    return turns


def _evaluation_head(line, where, dialog):
    """The first line of a block: times, turn, code and mean attributes."""
    found = _HEAD.fullmatch(line)
    if not found:
        raise InputError(f"found {line!r}", where, "'[start - end] turn code [V, A, D]'")
    start, end, turn, emotion, *vad = found.groups()
    if not TURN.fullmatch(turn) or turn[:-5] != dialog:
        raise InputError(f"turn {turn!r} is none of dialog {dialog}", where)
    if emotion not in EMOTIONS:
        raise InputError(f"unknown emotion code {emotion!r}", where, " ".join(EMOTIONS))
    if float(end) < float(start):
        raise InputError(f"turn {turn} ends at {end} s, before its start at {start} s", where)
    vad = tuple(float(value) for value in vad)
    return Evaluation(turn, float(start), float(end), emotion, vad, {}, {}, where)


def _add_rating(turn, line, where):
    """Add a line ``C-E1: Neutral; (comment)`` or ``A-E1: val 3; act 2; dom  ; ()``."""
    found = _RATING.fullmatch(line)
    if not found:
        raise InputError(f"found {line!r}", where, "'C-rater: ...' or 'A-rater: ...'")
    kind, rater, rest = found.groups()
    fields = [field.strip() for field in rest.partition("(")[0].split(";")]
    if kind == "C":
        turn.categories[rater] = [field for field in fields if field]
        return
    ratings = dict.fromkeys(("val", "act", "dom"))
    for field in fields:
        name, _, value = field.partition(" ")
        if name in ratings and re.fullmatch(_NUMBER, value.strip()):
            ratings[name] = float(value)
    turn.attributes[rater] = ratings


def _refuse_twice(turns):
    seen = {}
    for one in turns:
        if one.turn in seen:
            found = f"turn {one.turn} was evaluated before, at {seen[one.turn]}"
            raise InputError(found, one.where)
        seen[one.turn] = one.where


def read_transcription(path, remark=warn):
    """Read ``transcriptions/<dialog>.txt``; dict from turn to text as written, tags included.

    The text of a turn is what follows the first ``]:``. Left out, as in the release's own lists:
    interjections without times (``M: ...``) and turns numbered XX, which have neither a label nor a
    recording. ``remark(text)`` is called for lines that begin with ``Ses`` but with no turn.

    Raises:
        InputError: a turn without ``]:``, a turn twice or a turn of another dialog.
    """
    texts = {}
    for where, line in numbered_lines(path):
        if not line.startswith("Ses"):
            continue
        turn = re.match(r"\w+", line)[0]
        if turn[-3:-1] == "XX":
            continue
        if not TURN.fullmatch(turn):
            remark(f"transcriptions/{Path(where).name}: {turn!r} is no turn, the line is left out")
            continue
        _, closed, text = line.partition("]:")
        if not closed:
            raise InputError(f"found {line!r}", where, "'turn [start-end]: text'")
        if turn[:-5] != Path(path).stem:
            raise InputError(f"turn {turn} is none of dialog {Path(path).stem}", where)
        if turn in texts:
            raise InputError(f"turn {turn} was transcribed before", where)
        texts[turn] = text.strip()
    return texts


def words_only(text):
    """Text without ``[TAGS]``: they mark noises, which no recogniser would write."""
    return " ".join(re.sub(r"\[[^\]]*\]", " ", text).split())


def read_alignment(path):
    """Read a word alignment, ``ForcedAlignment/<dialog>/<turn>.wdseg``; list of AlignedWord.

    Frames are 10 ms long and ends inclusive, so a word ends at ``(EFrm + 1) * 0.01`` s.
    Pronunciation variants, such as ``(2)``, are cut off.

    Raises:
        InputError: a malformed line, rows that do not join, or no closing line (the file was cut).
    """
    words, next_frame = [], 0
    for where, line in numbered_lines(path):
        if not line.strip() or line.split()[0] == "SFrm":
            continue
        if line.strip().startswith("Total score:"):
            return words
        found = _ALIGNED.fullmatch(line)
        if not found:
            raise InputError(f"found {line!r}", where, "first frame, last frame, score, word")
        first, last = int(found[1]), int(found[2])
        if first != next_frame or last < first:
            row = f"row from frame {first} to {last}"
            raise InputError(row, where, f"a row from frame {next_frame} on")
        next_frame = last + 1
        token = _VARIANT.sub("", found[4])
        words.append(AlignedWord(first * ALIGNMENT_SHIFT_S, next_frame * ALIGNMENT_SHIFT_S, token))
    raise InputError("no line 'Total score:'", path, remedy="copy the file again")
