"""Data of your own: a data directory made elsewhere, made fit for the other verbs.

Only ``wav.scp``, ``utt2spk`` and ``utt2emo`` are needed; the other tables come along if they are
there. Audio paths become absolute, and utterance ids begin with the speaker, as Kaldi asks for.
"""

import json
import os
from pathlib import Path

from pyser.data.datadir import (
    INFO_FILE,
    OPTIONAL_TABLES,
    REQUIRED_TABLES,
    UTTERANCE_TABLES,
    DataDir,
)
from pyser.errors import InputError
from pyser.log import log


def read(root):
    """Read the data directory ``root``.

    Returns:
        (tables, info): dict from file name to table, and what ``corpus.json`` will hold.

    Raises:
        FileError: no such folder or a required table is missing.
        InputError: a malformed table or corpus.json, or a recording that is nowhere.
    """
    source = DataDir(root)
    names = [name for name in OPTIONAL_TABLES if source.has(name)]
    tables = {name: dict(source.table(name)) for name in (*REQUIRED_TABLES, *names)}
    tables["wav.scp"] = {
        key: _absolute(value, key, source.path) for key, value in tables["wav.scp"].items()
    }
    info = {"name": source.path.resolve().name, "standin": False, "labels": "all"}
    return _with_speakers(tables), info | _checked_info(source)


def _checked_info(source):
    """What ``corpus.json`` says of the data, where other verbs rely on the types."""
    for key, kind, expected in (("name", str, "a string"), ("standin", bool, "true or false")):
        value = source.info.get(key, kind())
        if not isinstance(value, kind):
            found = f"{key} is {json.dumps(value)}"
            raise InputError(found, source.path / INFO_FILE, expected, "correct or remove it")
    return source.info


def _absolute(value, key, folder):
    """The path ``value`` as an absolute one.

    It may be relative to here, to ``folder``, or, as in Kaldi's recipes, to the folder that holds
    ``data/<name>``.
    """
    if value.endswith("|") or os.path.isabs(value):
        return value
    folder = Path(os.path.abspath(folder))
    bases = list(dict.fromkeys([Path.cwd(), folder, *folder.parents[:2]]))
    for base in bases:
        if (base / value).is_file():
            return os.path.normpath(base / value)
    expected = f"a file relative to one of: {' '.join(map(str, bases))}"
    raise InputError(f"recording {key}: no file {value}", folder / "wav.scp", expected)


def _with_speakers(tables):
    """The tables with ids ``<speaker>-<id>``, unless the ids are fit already.

    They are if each begins with its speaker and sorting them sorts the speakers too. ``s1_0`` and
    ``s10_0`` do not, since ``_`` comes after the digits; the hyphen comes before them.
    """
    utt2spk = tables["utt2spk"]
    prefixed = all(utterance.startswith(speaker) for utterance, speaker in utt2spk.items())
    speakers = [utt2spk[utterance] for utterance in sorted(utt2spk)]
    if prefixed and speakers == sorted(speakers):
        return tables
    reason = "sort as their speakers do" if prefixed else "begin with the speaker"
    log(f"utterances become <speaker>-<utterance>, since ids have to {reason}")
    _refuse_collisions(utt2spk)
    renamed = {"utt2spk", "utt2emo", *UTTERANCE_TABLES}
    renamed |= set() if "segments" in tables else {"wav.scp"}
    return {
        name: {_id(key, utt2spk): value for key, value in table.items()}
        if name in renamed
        else table
        for name, table in tables.items()
    }


def _refuse_collisions(utt2spk):
    """InputError when two utterances get the same new id: one of them would be lost."""
    names = {}
    for utterance in utt2spk:
        other = names.setdefault(_id(utterance, utt2spk), utterance)
        if other != utterance:
            found = f"utterances {other} and {utterance} both become {_id(utterance, utt2spk)}"
            raise InputError(found, "utt2spk", remedy="rename one of them or its speaker")


def _id(utterance, utt2spk):
    """The new id; what has no speaker keeps its own, for the validation to find."""
    return f"{utt2spk[utterance]}-{utterance}" if utterance in utt2spk else utterance
