"""Data of your own: a data directory made elsewhere, taken over with its audio paths made absolute.

Only ``wav.scp``, ``utt2spk`` and ``utt2emo`` are needed; every other table that is there comes
along unread.
"""

import os
from pathlib import Path

from pyser.data.datadir import INFO_FILE, REQUIRED_TABLES, DataDir
from pyser.errors import InputError

OPTIONAL_TABLES = (
    "segments",
    "text",
    "text_asr",
    "utt2session",
    "utt2style",
    "utt2dialog",
    "utt2rawemo",
    "utt2vad",
    "utt2dur",
    "spk2gender",
)


def read(root):
    """Read the data directory ``root``.

    Returns:
        (tables, info): dict from file name to table, and what ``corpus.json`` will hold.

    Raises:
        FileError: no such folder or a required table is missing.
        InputError: a malformed table or a recording that is nowhere.
    """
    source = DataDir(root)
    tables = {name: dict(source.table(name)) for name in REQUIRED_TABLES}
    tables |= {name: dict(source.table(name)) for name in OPTIONAL_TABLES if source.has(name)}
    tables["wav.scp"] = {
        key: _absolute(value, key, source.path) for key, value in tables["wav.scp"].items()
    }
    info = {"name": source.path.resolve().name, "standin": False, "labels": "all"}
    return tables, info | (source.info if source.has(INFO_FILE) else {})


def _absolute(value, key, folder):
    """The path ``value`` as an absolute one: relative to here or else to ``folder``."""
    if value.endswith("|") or os.path.isabs(value):
        return value
    for base in (Path.cwd(), Path(os.path.abspath(folder))):
        if (base / value).is_file():
            return os.path.normpath(base / value)
    expected = f"a file relative to {Path.cwd()} or {folder}"
    raise InputError(f"recording {key}: no file {value}", folder / "wav.scp", expected)
