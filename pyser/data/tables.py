"""Kaldi's text tables: one line per key, ``<key> <rest of the line>``, sorted as ``LC_ALL=C sort``.

Sorting by Unicode code points, which is what Python does with strings, gives the same order as
sorting the UTF-8 bytes, which is what ``LC_ALL=C`` asks for.
"""

import re
from pathlib import Path

from pyser.errors import FileError, InputError
from pyser.files import write_text

_FORM = "lines of the form '<key> <value>'"
_BYTE_ORDER_MARK = "\ufeff"
_BREAKS = re.compile("[\r\n]")


def read_text(path):
    """The content of a UTF-8 text file (str).

    Line ends are returned as they are, so that a carriage return is seen and not hidden.

    Raises:
        FileError: the file cannot be read.
        InputError: it is not UTF-8, or begins with a byte order mark; the line is named.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{content[error.start]:02x} is not UTF-8"
        raise InputError(found, f"{path}:{line}", "UTF-8", "convert it with iconv") from None
    if text.startswith(_BYTE_ORDER_MARK):
        remedy = r"remove it: sed -i '1s/^\xef\xbb\xbf//' FILE"
        raise InputError("found a byte order mark", f"{path}:1", "UTF-8 without one", remedy)
    return text


def read_table(path, empty_values=False):
    """Read a table.

    Args:
        path: file with one ``<key> <value>`` a line; the value is the rest of the line.
        empty_values: whether a key may stand alone, as an empty transcript does in ``text``.

    Returns:
        dict from key (str) to value (str), in the order of the file.

    Raises:
        FileError: the file cannot be read.
        InputError: not UTF-8, a malformed line or a duplicate key; ``file:line`` is named.
    """
    table = {}
    for number, line in enumerate(text_lines(read_text(path)), 1):
        key = line.split(" ", 1)[0].split("\t", 1)[0]
        value = line[len(key) :].strip(" \t")
        if not key or key in table or "\r" in line or not (value or empty_values):
            raise _malformed(line, key, list(table), f"{path}:{number}")
        table[key] = value
    return table


def _malformed(line, key, keys, where):
    """The InputError for a line of a table; ``keys`` are those of the lines before, in order."""
    if "\r" in line:
        return InputError("found a carriage return", where, "Unix line ends", "run dos2unix")
    if not key:
        found = "line starts with white space" if line.strip() else "empty line"
        return InputError(found, where, _FORM)
    if not line[len(key) :].strip(" \t") and key not in keys:
        return InputError(f"key {key} has no value", where, _FORM)
    found = f"key {key} was seen before, on line {keys.index(key) + 1}"
    return InputError(found, where, "every key once", "keep one of the two lines")


def write_table(path, table, empty_values=False):
    """Write a mapping from key to value (both str), byte-sorted by key, atomically.

    Raises:
        InputError: a key or value that would not be read back as it is.
    """
    lines = []
    for key in sorted(table):
        value = table[key]
        if not key or key.split() != [key] or key.startswith(_BYTE_ORDER_MARK):
            raise InputError(f"key {key!r} is empty, has white space or a mark", path, "one word")
        if _BREAKS.search(value) or value != value.strip(" \t"):
            found = f"value {value!r} of {key} has a line break or outer white space"
            raise InputError(found, path, "one stripped line")
        if not value and not empty_values:
            raise InputError(f"key {key} has no value", path, _FORM)
        lines.append(f"{key} {value}".rstrip(" ") + "\n")
    write_text(path, "".join(lines))


def write_counts(path, counts):
    """Write pairs (key, int) as ``write_table`` does, of any number of keys in little time."""
    counts = sorted(counts)
    keys = [key for key, _ in counts]
    text = "".join([f"{key} {count}\n" for key, count in counts])
    if " ".join(keys).split() == keys and _BYTE_ORDER_MARK not in text:
        write_text(path, text)
    else:
        write_table(path, {key: str(count) for key, count in counts})


def text_lines(text):
    """Cut ``text`` at line feeds only (``str.splitlines`` also cuts at rarer characters)."""
    lines = text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines


def read_list(path):
    """Read a list of ids, one a line (list of str, in the order of the file)."""
    return list(read_table(path, empty_values=True))


def write_list(path, ids):
    """Write ids (str), byte-sorted, one a line, atomically."""
    write_table(path, dict.fromkeys(ids, ""), empty_values=True)
