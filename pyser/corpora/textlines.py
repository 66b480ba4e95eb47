"""Lines of a release's text files, which were written on all kinds of systems."""

import re
from pathlib import Path

from pyser.errors import FileError


def decode(content):
    """Text of a release file (bytes): UTF-8 if it is that, else Windows or ISO Western."""
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def numbered_lines(path):
    """Lines of a release file as (``file:line``, text) pairs; any line ends, outer blanks kept.

    ``str.splitlines`` would also cut at characters such as NEL, which Western bytes decode to.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    lines = re.split("\r\n|\r|\n", decode(content))
    return [(f"{path}:{number}", line) for number, line in enumerate(lines, 1)]
