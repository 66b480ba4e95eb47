"""What can be wrong with a data directory: every kind of finding, how bad it is, what to do."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ERROR, WARNING = "error", "warning"

# code -> (severity, remedy)
CODES = {
    # a file as such
    "no-file": (ERROR, "write it; python -m pydoc pyser.data.datadir tells its form"),
    "unreadable": (ERROR, "check its permissions"),
    "empty-file": (ERROR, "fill it, or remove it if it is not needed"),
    "encoding": (ERROR, "convert it with iconv to UTF-8"),
    "final-newline": (ERROR, "end the last line with one line feed"),
    "carriage-return": (ERROR, "convert it with dos2unix"),
    "json": (ERROR, "write a JSON object, or remove the file"),
    "not-for-kaldi": (WARNING, "write it if Kaldi's programs are to read this directory"),
    # its lines
    "empty-line": (ERROR, "remove the line"),
    "leading-space": (ERROR, "begin the line with its key"),
    "odd-space": (ERROR, "use the space character only"),
    "spacing": (WARNING, "one space after the key, none at the end"),
    "no-value": (ERROR, "write '<key> <value>'"),
    "duplicate": (ERROR, "keep one of the lines"),
    "order": (ERROR, "sort the file: LC_ALL=C sort -k1,1"),
    "format": (ERROR, "correct the line"),
    "old-format": (WARNING, "write A or B"),
    # its keys
    "missing": (ERROR, "add the line, or remove the key from the other tables"),
    "incomplete": (WARNING, "add the line if there is something to write"),
    "unknown": (ERROR, "remove the line, or add the key to the other tables"),
    "prefix": (ERROR, "name utterances <speaker>-<rest>, in every table"),
    "speaker-order": (
        ERROR,
        "name utterances <speaker>-<rest>: sorted utterances must have sorted speakers, and _ or a"
        " letter after s1 sorts behind s10; rename speakers such as a and a-b, or a and a+b",
    ),
    "spk2utt": (ERROR, "make spk2utt from utt2spk"),
    # transcripts and labels
    "symbol": (ERROR, "remove the word: language models use it as a mark"),
    "no-words": (WARNING, "leave it if nothing was said"),
    "one-speaker": (WARNING, "speaker-independent folds need three speakers or more"),
    "one-class": (WARNING, "there is nothing to learn with a single class"),
    "class-of-one": (WARNING, "record more speakers, or use a label policy without this class"),
    # audio and features
    "tilde": (ERROR, "write the folder out: only shells know what ~ means"),
    "pipe": (WARNING, "run the command beforehand, or give --allow-pipes to pyser features"),
    "no-audio": (ERROR, "correct the name; it is relative to the working directory"),
    "bad-audio": (ERROR, "copy the file again"),
    "same-audio": (WARNING, "name the file once, and cut it with segments if need be"),
    "channels": (WARNING, "give --channel to pyser features"),
    "rate": (WARNING, "give --allow-downsample to pyser features, or resample"),
    "duration": (WARNING, "correct utt2dur, or copy the file again"),
    "no-archive": (
        ERROR,
        "run pyser features again; the name is relative to the working directory",
    ),
}


@dataclass(frozen=True)
class Finding:
    """One finding: its code (a key of CODES), the file, the line (from 1; 0: all of it), what."""

    code: str
    path: Path
    line: int
    what: str

    @property
    def severity(self):
        """``error`` or ``warning``."""
        return CODES[self.code][0]

    @property
    def remedy(self):
        """What can be done about it."""
        return CODES[self.code][1]

    @property
    def where(self):
        """``file:line``, or the file."""
        return f"{self.path}:{self.line}" if self.line else str(self.path)

    def __str__(self):
        return f"{self.where}: {self.severity} [{self.code}] {self.what}; {self.remedy}"


def shortened(findings, most=5):
    """The findings as lines (list of str), of each kind in each file the first ``most`` only."""
    seen = Counter()
    lines = []
    for finding in findings:
        seen[finding.path, finding.code] += 1
        if seen[finding.path, finding.code] <= most:
            lines.append(str(finding))
    for (path, code), count in seen.items():
        if count > most:
            lines.append(f"{path}: {count - most} more [{code}]; pyser validate lists them")
    return lines


def count_errors(findings):
    """How many of the findings are errors."""
    return sum(finding.severity == ERROR for finding in findings)
