"""The table ``utt2words``: when each word of an utterance is spoken.

A line is ``<utterance> <start> <end> <word> <start> <end> <word> ...``; times are in seconds from
the start of the utterance, with a segment from the start of that.
"""

import math

from pyser.errors import InputError

_FORM = "<start> <end> <word>, again and again, in seconds"


def write_words(words):
    """The value of a line: str, empty without words.

    Args:
        words: (start in seconds, end in seconds, word) of each, in order.
    """
    return " ".join(f"{start_s:.4f} {end_s:.4f} {word}" for start_s, end_s, word in words)


def read_words(value, where=None):
    """A list of (start in seconds, end in seconds, word) from the value of a line.

    Raises:
        InputError: no whole triples, or times that are no numbers or not in order.
    """
    pieces = value.split()
    if len(pieces) % 3:
        raise InputError(f"{len(pieces)} pieces are no whole triples", where, _FORM)
    words, last_s = [], 0.0
    for start, end, word in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        start_s, end_s = _seconds(start), _seconds(end)
        if not start_s < end_s < math.inf:
            raise InputError(f"{word} from {start} to {end} has no length", where, _FORM)
        if start_s < last_s:
            found = f"{word} begins at {start}, before {last_s:g}, the end of the word before"
            raise InputError(found if words else f"{word} begins at {start}", where, "in order")
        words.append((start_s, end_s, word))
        last_s = end_s
    return words


def _seconds(text):
    try:
        return float(text)
    except ValueError:
        return math.nan
