"""The text files of the stand-in, in the release's formats and with its irregularities."""

from pyser.corpora.standin_plan import FRAME_S, stream
from pyser.corpora.standin_ratings import NAMES, is_self
from pyser.corpora.synth import VOWELS

HEADER = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n"
# What a Mac leaves beside each file on foreign disks: binary, but with the file's own suffix.
APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        " + bytes(58)
_COMMENTS = ("", "", "", "", "", "pas s\u00fbr", "laughs: twice", "ironic; a little")


def evaluation(dialog):
    """``EmoEvaluation/<dialog>.txt``: one block a turn, its label first, then every rating."""
    random = stream("comments", dialog.name)
    blocks = [HEADER]
    for turn in dialog.turns:
        vad = ", ".join(f"{value:.4f}" for value in turn.vad)
        lines = [f"[{_seconds(turn)}]\t{turn.name}\t{turn.emotion}\t[{vad}]"]
        for rater, names in turn.categories.items():
            lines.append(f"C-{rater}:\t{'; '.join(names)};\t({random.choice(_COMMENTS)})")
        for rater, one in turn.attributes.items():
            val, act, dom = (_number(one[name]) for name in ("val", "act", "dom"))
            lines.append(f"A-{rater}:\tval {val}; act {act}; dom  {dom};\t()")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks) + "\n"


def rater_files(dialog):
    """Files of single raters: dict from path below EmoEvaluation to text."""
    files = {}
    for turn in dialog.turns:
        for rater, names in turn.categories.items():
            names = [name + " state" * (name == NAMES["neu"]) for name in names]
            text = " ".join(f":{name};" for name in names)
            path = f"{_folder(rater, 'Categorical')}/{dialog.name}_{rater.lower()}_cat.txt"
            files.setdefault(path, []).append(f"{turn.name} {text} ()\n")
        for rater, one in turn.attributes.items():
            text = " ".join(f":{name} {_number(one[name])};" for name in ("act", "val", "dom"))
            path = f"{_folder(rater, 'Attribute')}/{dialog.name}_{rater.lower()}_atr.txt"
            files.setdefault(path, []).append(f"{turn.name} {text} ()\n")
    return {path: "".join(lines) for path, lines in files.items()}


def transcription(dialog):
    """``transcriptions/<dialog>.txt``: the turns, one more without a label, and interjections."""
    lines = []
    for number, turn in enumerate(dialog.turns):
        start, end = turn.start_frame * FRAME_S, turn.end_frame * FRAME_S
        lines.append(f"{turn.name} [{start:08.4f}-{end:08.4f}]: {turn.text}\n")
        if number == 1:
            lines.append(f"{dialog.name}_MXX0 [{end:08.4f}-{end + 0.2:08.4f}]: Ja.\n")
            lines += ["M: Ja, ja.\n", "F: [LAUGHTER]\n"]
    return "".join(lines)


def lab(dialog, gender):
    """``lab/<speaker>/<dialog>.lab``: the times of one speaker's turns."""
    turns = [turn for turn in dialog.turns if turn.name[-4] == gender]
    times = [(turn.start_frame * FRAME_S, turn.end_frame * FRAME_S, turn.name) for turn in turns]
    return "#\n" + "".join(f"{start:.4f} {end:.4f} {name}\n" for start, end, name in times)


def alignments(turn):
    """The forced alignment of a turn: dict from suffix to text."""
    words, phones, syllables = [], [], []
    sequence = [_phone(name) for name in turn.phones]
    place, frame = 0, 0
    for token in turn.tokens:
        starts = place + len(token.phones)
        spoken = turn.frames[place:starts]
        words.append((frame, frame + int(spoken.sum()), token.name))
        for syllable in token.syllables:
            first = frame
            for _ in syllable:
                end = frame + int(turn.frames[place])
                phones.append((frame, end, _triphone(sequence, place, starts)))
                place, frame = place + 1, end
            syllables.append((first, frame, "_".join(sequence[place - len(syllable) : place])))
    return {
        ".wdseg": _aligned("\t%5s %5s %10s %s\n", "Word", words),
        ".phseg": _aligned("\t%5s %5s %9s %s\n", "Phone", phones),
        ".syseg": "".join(
            f"\t{a:>5} {b:>5} {name}\n"
            for a, b, name in [("SFrm", "EFrm", "Syl")] + [(a, b - 1, s) for a, b, s in syllables]
        ),
    }


def _aligned(form, unit, rows):
    """A table of the aligner; scores fall with length, as its log likelihoods do."""
    lines = [form % ("SFrm", "EFrm", "SegAScr", unit)]
    total = 0
    for start, end, name in rows:
        score = -1500 * (end - start) - 37 * (start % 29)
        total += score
        lines.append(form % (start, end - 1, score, name))
    return "".join([*lines, f" Total score: {total:11d}\n"])


def _triphone(sequence, place, word_end):
    """A phone with its neighbours and its position in the word (begin or end)."""
    left = sequence[place - 1] if place else "SIL"
    right = sequence[place + 1] if place + 1 < len(sequence) else "SIL"
    return f"{sequence[place]} {left} {right} {'e' if place + 1 == word_end else 'b'}"


def _phone(name):
    return "SIL" if name == "_" else name.upper() + ("H" if name in VOWELS else "")


def _seconds(turn):
    return f"{turn.start_frame * FRAME_S:.4f} - {turn.end_frame * FRAME_S:.4f}"


def _folder(rater, kind):
    return "Self-evaluation" if is_self(rater) else kind


def _number(value):
    return "" if value is None else str(value)
