"""What is known of utterances, from a data directory or from the lists themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pyser.data.tables import read_table
from pyser.errors import FileError

# kind -> table of a data directory; recordings and audio follow from wav.scp and segments
TABLES = {
    "speaker": "utt2spk",
    "session": "utt2session",
    "dialog": "utt2dialog",
    "text": "text",
    "label": "utt2emo",
    "original": "utt2uniq",
}


@dataclass(frozen=True)
class Audio:
    """A file, or what lies between two times (s) of it; ``path`` may be a command (``... |``)."""

    path: str
    start_s: float | None = None
    end_s: float | None = None


@dataclass
class Facts:
    """What is known; an utterance or a whole table may be missing.

    Attributes:
        tables: kind (a key of TABLES, or ``recording``) -> utterance -> name.
        audio: utterance -> Audio.
        universe: all utterances there are; None when only lists are known.
        sources: kind -> where it would be, for sentences on what is not known.
    """

    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    audio: dict[str, Audio] = field(default_factory=dict)
    universe: tuple[str, ...] | None = None
    sources: Mapping[str, str] = field(default_factory=dict)

    def table(self, kind):
        """Utterance -> name, empty when nothing is known of this kind."""
        return self.tables.get(kind, {})

    def joined(self, other):
        """These facts, and from ``other`` what is not known here."""
        kinds = {**other.tables, **self.tables}
        return Facts(
            {kind: {**other.table(kind), **self.table(kind)} for kind in kinds},
            {**other.audio, **self.audio},
            self.universe,
            {**other.sources, **self.sources},
        )


def data_facts(data):
    """The Facts of a DataDir.

    Raises:
        FileError, InputError: a table is missing or malformed.
    """
    facts = Facts(universe=tuple(data.utterances), sources=TABLES)
    for kind, name in TABLES.items():
        path = data.path / name
        if path.is_file():
            facts.tables[kind] = read_table(path, empty_values=kind == "text")
    facts.audio, facts.tables["recording"] = _audio(data, facts.universe)
    return facts


def _audio(data, utterances):
    """Utterance -> Audio, and utterance -> recording."""
    if not (data.path / "wav.scp").is_file():
        return {}, {}
    files = read_table(data.path / "wav.scp")
    if not (data.path / "segments").is_file():
        known = {u: Audio(files[u]) for u in utterances if u in files}
        return known, {u: u for u in known}
    audio, recordings = {}, {}
    for utterance, value in read_table(data.path / "segments").items():
        pieces = value.split()
        try:
            recording, start_s, end_s = pieces[0], float(pieces[1]), float(pieces[2])
        except (IndexError, ValueError):
            where, form = data.path / "segments", "<utterance> <recording> <start> <end>"
            remedy = f"run pyser validate {data.path}"
            raise FileError(f"{utterance} has {value!r}", where, form, remedy) from None
        recordings[utterance] = recording
        if recording in files:
            audio[utterance] = Audio(files[recording], start_s, end_s)
    return audio, recordings
