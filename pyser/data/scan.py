"""Read a table for validation: go on after what is wrong, and remember the line of each key."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from pyser.data.findings import Finding
from pyser.data.tables import text_lines

# white space other than tab, space and the line ends
_ODD_SPACE = re.compile(r"[^\S\t\r\n ]")


@dataclass
class Scan:
    """A table as found: key -> (line number, value), the first of duplicates."""

    path: Path
    rows: dict[str, tuple[int, str]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def values(self):
        """Key -> value."""
        return {key: value for key, (_, value) in self.rows.items()}

    def add(self, code, what, line=0):
        """Note a finding at a line."""
        self.findings.append(Finding(code, self.path, line, what))

    def line_of(self, key):
        """The line number of a key, 0 when it is not there."""
        return self.rows.get(key, (0, ""))[0]


def scan(path, empty_values=False):
    """Read the table ``path``; ``empty_values``: a key may stand alone (a warning, not an error).

    Findings: the whole file (readable, not empty, UTF-8, Unix line ends, one final newline), each
    line (no empty one, no leading, odd, trailing or doubled white space, a value) and its keys
    (unique, in the order of ``LC_ALL=C sort``).
    """
    found = Scan(Path(path))
    text = _read(found)
    if text is None:
        return found
    lines = text_lines(text)
    if not text.endswith("\n"):
        found.add("final-newline", "the last line has no end", len(lines))
    returns = [number for number, line in enumerate(lines, 1) if "\r" in line]
    if returns:
        found.add("carriage-return", f"carriage returns in {len(returns)} lines", returns[0])
    previous = None
    for number, line in enumerate(lines, 1):
        key = _scan_line(found, number, line.replace("\r", ""), empty_values)
        if key is None:
            continue
        if previous is not None and key < previous:
            found.add("order", f"{key} comes after {previous}", number)
        previous = key
    return found


def _read(found):
    try:
        content = found.path.read_bytes()
    except OSError as error:
        found.add("unreadable", f"cannot be read ({error.strerror})")
        return None
    if not content:
        found.add("empty-file", "is empty")
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found.add("encoding", f"byte 0x{content[error.start]:02x} is not UTF-8", line)
        return None


def _scan_line(found, number, line, empty_values):
    """Note what is wrong with a line and keep its row; returns the key, None without one."""
    if not line.strip(" \t"):
        found.add("empty-line", "the line is empty", number)
        return None
    if line[0] in " \t":
        found.add("leading-space", "the line begins with white space", number)
    odd = _ODD_SPACE.search(line)
    if odd:
        found.add(
            "odd-space", f"white space U+{ord(odd[0]):04X} in column {odd.start() + 1}", number
        )
    pieces = re.split("[ \t]+", line.strip(" \t"), maxsplit=1)
    key, value = pieces[0], pieces[1] if len(pieces) > 1 else ""
    if line.lstrip(" \t") != f"{key} {value}".rstrip(" "):
        found.add("spacing", f"white space around the value of {key}", number)
    if not value:
        found.add("no-words" if empty_values else "no-value", f"{key} stands alone", number)
    if key in found.rows:
        found.add("duplicate", f"{key} was seen before, on line {found.line_of(key)}", number)
    else:
        found.rows[key] = number, value
    return key
