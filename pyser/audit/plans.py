"""The folds to audit, from a protocol, a split directory or lists: utterances by part.

A fold is a dict from part (train, dev, test) to its utterances, as listed.
"""

from dataclasses import dataclass, field
from pathlib import Path

from pyser.audit.facts import Facts
from pyser.audit.lists import Matcher, list_facts, read_entries
from pyser.data.protocols import PARTS, read_protocol
from pyser.data.splitdir import PROTOCOL_FILE
from pyser.data.tables import read_table
from pyser.errors import FileError, InputError
from pyser.files import read_json


@dataclass
class Plan:
    """What is audited.

    Attributes:
        name: what to call it.
        folds: list of dict from part to utterances.
        facts: Facts.
        split_dir: Path of what ``pyser split`` wrote, None for anything else.
        complete: whether the folds together should test every utterance.
        unknown: utterances of the lists that the data directory does not have.
        labels: pairs (list, utterance -> label) that should agree.
        known_labels: utterance -> label, of the data directory.
    """

    name: str
    folds: list[dict[str, list[str]]]
    facts: Facts
    split_dir: Path | None = None
    complete: bool = True
    unknown: tuple[str, ...] = ()
    labels: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    known_labels: dict[str, str] = field(default_factory=dict)


def plan_of(facts, data_dir, what):
    """The Plan of a protocol file, a split directory, or the id of a split in ``data_dir``.

    Raises:
        FileError: there is no such thing.
        InputError: it is malformed.
    """
    path, split_dir = Path(what), Path(data_dir) / "split" / what
    if path.is_dir() or (not path.exists() and split_dir.is_dir()):
        return _split_plan(facts, data_dir, path if path.is_dir() else split_dir)
    if not path.is_file():
        remedy = f"pyser split writes {split_dir}" if "/" not in what else None
        raise FileError("no such file or folder", what, "a protocol or a split", remedy)
    return _protocol_plan(facts, data_dir, read_protocol(path))


def _split_plan(facts, data_dir, folder):
    numbers = sorted(int(p.name[4:]) for p in folder.glob("fold*") if p.name[4:].isdecimal())
    if not numbers:
        raise FileError("no folders fold<k>", folder, "a split", "run pyser split")
    folds = []
    for number in numbers:
        paths = {part: folder / f"fold{number}" / part for part in PARTS}
        folds.append(
            {p: list(read_table(f, empty_values=True)) for p, f in paths.items() if f.is_file()}
        )
    known = set(facts.universe)
    unknown = sorted({u for fold in folds for part in fold.values() for u in part} - known)
    if unknown:
        found = f"{len(unknown)} utterances that the data do not have (first: {unknown[0]})"
        raise InputError(found, folder, "a split of these data", "run pyser split again")
    info = read_json(folder / PROTOCOL_FILE) if (folder / PROTOCOL_FILE).is_file() else {}
    facts.universe = _chosen(facts, data_dir, info.get("where", {}))
    return Plan(folder.name, folds, facts, folder)


def _chosen(facts, data_dir, where):
    """The utterances (tuple) that have one of the values in each table of ``where``."""
    chosen = facts.universe
    for table, values in where.items():
        column = read_table(Path(data_dir) / table)
        chosen = tuple(utterance for utterance in chosen if column.get(utterance) in values)
    return chosen


def _protocol_plan(facts, data_dir, protocol):
    """Speakers -> utterances, in the way a reader of the file would do it."""
    chosen = _chosen(facts, data_dir, protocol.where)
    speaker = facts.table("speaker")
    folds = []
    for fold in protocol.folds:
        named = {part: set(fold.speakers(part)) for part in PARTS}
        folds.append({p: [u for u in chosen if speaker.get(u) in named[p]] for p in PARTS})
    if not any(utterances for fold in folds for utterances in fold.values()):
        raise InputError("no utterance is of a speaker it names", f"protocol {protocol.id}")
    facts.universe = chosen
    return Plan(protocol.id, folds, facts, complete=not protocol.untested)


def list_plan(facts, paths, patterns):
    """The Plan of one fold given as lists.

    Args:
        facts: of the data directory, or None.
        paths: part -> file; without ``dev``, there is none.
        patterns: as for ``list_facts``.

    Raises:
        FileError, InputError: a list cannot be used, or the data have nothing of one.
    """
    entries = {part: read_entries(path) for part, path in paths.items()}
    everything = [entry for listed in entries.values() for entry in listed]
    told = list_facts(everything, patterns)
    name = " ".join(str(path) for path in paths.values())
    labels = [
        (str(paths[part]), {e.name: e.values["label"] for e in listed if "label" in e.values})
        for part, listed in entries.items()
    ]
    if facts is None:
        folds = [{part: [e.name for e in listed] for part, listed in entries.items()}]
        return Plan(name, folds, told, complete=False, labels=labels)
    matcher = Matcher(facts)
    ids = {entry.name: matcher.find(entry) for entry in everything}
    for part, listed in entries.items():
        if not any(ids[entry.name] for entry in listed):
            found = f"none of its {len(listed)} utterances is in the data"
            raise InputError(found, paths[part], f"ids or file names as {facts.universe[0]}")
    fold = {p: [ids[e.name] or e.name for e in listed] for p, listed in entries.items()}
    labels = [(path, {ids[u] or u: v for u, v in table.items()}) for path, table in labels]
    told.tables = {k: {ids[u] or u: v for u, v in t.items()} for k, t in told.tables.items()}
    told.audio = {ids[u] or u: audio for u, audio in told.audio.items()}
    for kind in patterns:  # asked for by name: before what the tables say
        facts.tables[kind] = {**facts.table(kind), **told.table(kind)}
    unknown = tuple(sorted(name for name, found in ids.items() if found is None))
    joined = facts.joined(told)
    return Plan(name, [fold], joined, None, False, unknown, labels, facts.table("label"))
