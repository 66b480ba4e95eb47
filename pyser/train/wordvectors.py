"""Word vectors of a file: text, one ``<word> <number> ...`` a line, as word2vec and GloVe write it.

That of word2vec begins with a line ``<words> <numbers of each>``.
"""

import numpy as np

from pyser.errors import FileError, InputError
from pyser.log import log

_FORM = "lines `<word> <number> ...`, as word2vec and GloVe write text"


def know_vectors(words, others, path):
    """The words that have a vector in a file, and their vectors.

    Args:
        words: those of training, the most frequent first.
        others: further words, which prediction may meet.
        path: the file.

    Returns:
        A dict of ``text`` (the words, in the same order) and ``word_vectors`` (float32 [V, d]).

    Raises:
        FileError, InputError: it cannot be read, is malformed, or has none of the words.
    """
    asked = list(dict.fromkeys([*words, *others]))
    found = read_word_vectors(path, asked)
    if not found:
        remedy = "take vectors of the language of the transcripts"
        raise InputError(f"has none of {len(asked)} words", path, "some of them", remedy)
    log(f"{path}: vectors of {sum(word in found for word in words)} of {len(words)} training words")
    kept = [word for word in asked if word in found]
    return {"text": kept, "word_vectors": np.stack([found[word] for word in kept])}


def read_word_vectors(path, words):
    """The vectors of ``words`` that the file has: dict word -> float32 [d]; the first of a word.

    Lines of other words are counted, not parsed: files of a million words are common.
    """
    asked = {word.encode(): word for word in words}
    found, width, promised, number = {}, None, None, 0
    try:
        with open(path, "rb") as file:
            for number, line in enumerate(file, 1):
                word, _, rest = line.rstrip().partition(b" ")
                if number == 1 and word.isdigit() and rest.isdigit():
                    promised, width = int(word), int(rest)
                    continue
                width = width or _width(rest, f"{path}:{number}")
                if rest.count(b" ") + 1 != width:
                    _check_spaced(rest, width, f"{path}:{number}")
                elif word in asked and asked[word] not in found:
                    found[asked[word]] = _parse(rest, width, f"{path}:{number}")
    except OSError as error:
        remedy = "correct data.word_vectors"
        raise FileError(f"cannot be read ({error.strerror})", path, _FORM, remedy) from error
    _check_count(path, number, promised)
    return found


def _width(rest, where):
    """How many numbers the first line has."""
    if not rest:
        raise InputError("a word without numbers", where, _FORM)
    return rest.count(b" ") + 1


def _check_spaced(rest, width, where):
    """Refuse a line of another width, unless its word has several parts, as a few of GloVe's have.

    No word of a transcript has, so these lines are left out.
    """
    parts = rest.split(b" ")
    if len(parts) <= width or _is_number(parts[-width - 1]):
        remedy = "the file is damaged, or binary: get it again, as text"
        expected = f"{width}, as in the lines before"
        raise InputError(f"{len(rest.split())} numbers", where, expected, remedy)


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parse(rest, width, where):
    parts = rest.split(b" ")
    vector = np.array([float(part) if _is_number(part) else np.nan for part in parts], np.float32)
    if len(vector) != width or not np.isfinite(vector).all():
        raise InputError("found what is no finite number", where, _FORM, "get the file again")
    return vector


def _check_count(path, number, promised):
    if not number:
        raise InputError("is empty", path, _FORM, "get the file again")
    if promised is not None and number - 1 != promised:
        found, expected = f"{number - 1} words", f"{promised}, as its first line says"
        raise InputError(found, path, expected, "the file is not whole: get it again")
