"""Two corpora as one data directory, to train on one and test on the other.

Labels are brought together by a map; speakers, recordings and utterances get the name of their
corpus in front, and ``utt2corpus`` tells it. Features are then computed for all in one go, so that
both have the same front end.
"""

from pathlib import Path

from pyser.corpora import own
from pyser.data.datadir import SPEAKER_TABLES, UTTERANCE_TABLES
from pyser.data.tables import read_table
from pyser.errors import InputError
from pyser.log import log

CORPUS_TABLE = "utt2corpus"


def read(train_data, test_data, label_map=None):
    """Read two data directories.

    Args:
        train_data, test_data: data directories of two corpora.
        label_map: file with lines ``<label> <class>``; labels without a line are left out. None:
            the labels that both corpora have, as they are.

    Returns:
        (tables, info): dict from file name to table, and what ``corpus.json`` will hold.

    Raises:
        FileError: no such folder or a required table is missing.
        InputError: a malformed table, corpora of one name, or fewer than two classes in common.
    """
    parts = [own.read(path) for path in (train_data, test_data)]
    names = [info["name"] for _, info in parts]
    if names[0] == names[1]:
        found = f"both corpora are called {names[0]}"
        raise InputError(found, test_data, "two corpora", "change name in one corpus.json")
    classes = _classes([tables["utt2emo"] for tables, _ in parts], names, label_map)
    shared = _shared_tables([one for one, _ in parts], test_data)
    tables = {}
    for (one, _), name in zip(parts, names, strict=True):
        labels = {u: classes[label] for u, label in one["utt2emo"].items() if label in classes}
        log(f"{name}: {len(labels)} of {len(one['utt2emo'])} utterances have a class")
        kept = {table: one[table] for table in shared} | {"utt2emo": labels}
        for table, rows in _named(kept, name).items():
            tables.setdefault(table, {}).update(rows)
    info = {
        "name": f"{names[0]}-{names[1]}",
        "standin": any(bool(one.get("standin")) for _, one in parts),
        "labels": Path(label_map).stem if label_map else "common",
        "classes": sorted(set(classes.values())),
        "label_map": classes,
        "train": names[0],
        "test": names[1],
    }
    return tables, info


def _classes(labels, names, label_map):
    """Label -> class; every class must occur in both corpora."""
    train, test = (set(table.values()) for table in labels)
    known = read_table(label_map) if label_map else {label: label for label in train & test}
    common = {known[label] for label in train & known.keys()}
    common &= {known[label] for label in test & known.keys()}
    found = {label: name for label, name in sorted(known.items()) if label in train | test}
    odd = sorted(set(found.values()) - common)
    if len(common) < 2 or odd:
        what = f"the class {odd[0]} is in one corpus only" if odd else "no two classes in common"
        sets = f"{names[0]}: {' '.join(sorted(train))}; {names[1]}: {' '.join(sorted(test))}"
        remedy = "give --label-map FILE with lines '<label> <class>'"
        raise InputError(f"{what} ({sets})", label_map, "classes that both have", remedy)
    return found


def _shared_tables(both, where):
    """The names of the tables that both corpora have; half a table would be an error later."""
    one, other = (set(tables) for tables in both)
    left_out = sorted(one ^ other)
    if "segments" in left_out:
        remedy = "cut the recordings of the other one, or write segments of whole recordings"
        raise InputError("one of the corpora has segments", where, "both or none", remedy)
    if left_out:
        log(f"left out, as only one corpus has them: {' '.join(left_out)}")
    return sorted(one & other)


def _named(tables, name):
    """The tables of the labelled utterances, ids with the name of the corpus in front."""
    chosen = tables["utt2emo"].keys()
    speakers = {tables["utt2spk"][utterance] for utterance in chosen}
    segments = tables.get("segments")
    recordings = {segments[u].split()[0] for u in chosen} if segments else chosen
    kept = dict.fromkeys(("utt2emo", "utt2spk", *UTTERANCE_TABLES), chosen)
    kept |= dict.fromkeys(SPEAKER_TABLES, speakers) | {"wav.scp": recordings}
    named = {
        table: {f"{name}_{key}": value for key, value in rows.items() if key in kept[table]}
        for table, rows in tables.items()
    }
    for table in {"utt2spk", "segments", "utt2session", "utt2dialog"} & named.keys():
        named[table] = {key: f"{name}_{value}" for key, value in named[table].items()}
    return named | {CORPUS_TABLE: dict.fromkeys(named["utt2emo"], name)}
