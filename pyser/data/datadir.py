"""The data directory: Kaldi's, plus the emotion tables (docstring of DataDir lists the files)."""

from functools import cached_property
from pathlib import Path

from pyser.data.tables import read_table, write_table
from pyser.errors import FileError, InputError
from pyser.files import read_json, write_json

INFO_FILE = "corpus.json"
DIMENSIONS = ("valence", "activation", "dominance")  # the numbers of a line of utt2vad
TEXT_TABLES = ("text", "text_asr")
WORDS_TABLE = "utt2words"
EMPTY_VALUES = (*TEXT_TABLES, WORDS_TABLE)  # an utterance without words has a line, and no value
REQUIRED_TABLES = ("wav.scp", "utt2spk", "utt2emo")
SPEAKER_TABLES = ("spk2gender",)
UTTERANCE_TABLES = (
    "segments",
    *TEXT_TABLES,
    WORDS_TABLE,
    "utt2session",
    "utt2style",
    "utt2dialog",
    "utt2corpus",
    "utt2rawemo",
    "utt2vad",
    "utt2dur",
)
OPTIONAL_TABLES = (*SPEAKER_TABLES, *UTTERANCE_TABLES)


class DataDir:
    """A data directory, read lazily: each table once, when first asked for.

    ========================  ================================================================
    wav.scp                   recording -> file name; recording = utterance without segments
    utt2spk, spk2utt          utterance -> speaker, and back
    utt2emo                   utterance -> class label (after the label policy)
    segments                  utterance -> recording, start and end in seconds
    text, text_asr            utterance -> transcript by hand, by a recogniser
    utt2words                 utterance -> start, end and word of each word it has (``spoken``)
    utt2session, utt2dialog   utterance -> session, dialog it is from
    utt2corpus                utterance -> corpus, where there are several
    utt2style                 utterance -> style (acted how)
    utt2rawemo, utt2vad       utterance -> label as published; valence activation dominance
    utt2dur                   utterance -> duration in seconds
    spk2gender                speaker -> m or f
    corpus.json               name, labels, standin, ... of the corpus
    ========================  ================================================================

    Only wav.scp, utt2spk and utt2emo are needed for data of your own.
    """

    def __init__(self, path):
        self.path = Path(path)
        self._tables = {}
        if not self.path.is_dir():
            raise FileError("no such directory", path, "a data directory", "run pyser prepare")

    @staticmethod
    def write(path, tables, info=None):
        """Write a data directory, each file atomically; ``spk2utt`` is made from ``utt2spk``.

        Optional tables that are there and not in ``tables`` are removed: they are of older data.
        All other files, such as features, stay.

        Args:
            path: folder, made when missing.
            tables: dict from file name to table (dict from key to value, str).
            info: JSON-able description of the corpus, written to ``corpus.json``.

        Returns:
            The DataDir.

        Raises:
            InputError: a required table is missing or a table cannot be written as one.
        """
        missing = [name for name in REQUIRED_TABLES if name not in tables]
        if missing:
            raise InputError(f"no table {' '.join(missing)}", path, " ".join(REQUIRED_TABLES))
        tables = {**tables, "spk2utt": invert(tables["utt2spk"])}
        for name, table in tables.items():
            write_table(Path(path) / name, table, empty_values=name in EMPTY_VALUES)
        for name in set(OPTIONAL_TABLES) - set(tables):
            (Path(path) / name).unlink(missing_ok=True)
        write_json(Path(path) / INFO_FILE, info or {})
        return DataDir(path)

    def has(self, name):
        """Whether the file ``name`` is there."""
        return (self.path / name).is_file()

    def table(self, name):
        """Read the table ``name``; dict from key to value (str). Treat it as read-only."""
        if name not in self._tables:
            path = self.path / name
            if not path.is_file():
                remedy = f"pyser validate {self.path} tells what else is missing"
                raise FileError("no such file", path, f"the table {name}", remedy)
            self._tables[name] = read_table(path, empty_values=name in EMPTY_VALUES)
        return self._tables[name]

    @cached_property
    def utterances(self):
        """All utterance ids, byte-sorted (list of str)."""
        return sorted(self.table("utt2spk"))

    @cached_property
    def info(self):
        """The content of ``corpus.json`` (dict), empty when there is none."""
        path = self.path / INFO_FILE
        if not path.is_file():
            return {}
        info = read_json(path)
        if not isinstance(info, dict):
            raise InputError(f"found a {type(info).__name__}", path, "a JSON object")
        return info

    @property
    def standin(self):
        """Whether these are made-up recordings that stand in for a licensed corpus."""
        return bool(self.info.get("standin", False))


def invert(utt2spk):
    """Speaker -> utterances, space separated and sorted, from utterance -> speaker."""
    utterances = {}
    for utterance in sorted(utt2spk):
        utterances.setdefault(utt2spk[utterance], []).append(utterance)
    return {speaker: " ".join(utterances[speaker]) for speaker in sorted(utterances)}
