"""Which runs an experiment has, and whether one that exists is the one asked for. No torch here.

A run (one fold, one seed) has its own folder ``EXP/fold<k>/seed<s>``::

    config.yaml    all settings, defaults included        metrics.jsonl  one line per epoch
    train.log      what the process said                  checkpoint.pt  only while it trains
    model.pt       the weights and how to use them        run.json       written last: complete
"""

from dataclasses import dataclass
from pathlib import Path

from pyser.data.normalise import SPEAKER_STATS
from pyser.data.reader import FeatureReader
from pyser.errors import FileError, InputError, UsageError
from pyser.files import digest, file_digest, read_json

CHECKPOINT, MODEL, RECORD = "checkpoint.pt", "model.pt", "run.json"


@dataclass(frozen=True)
class Run:
    """One training: fold (from 1), seed and the folder of its files."""

    fold: int
    seed: int
    directory: Path

    @property
    def complete(self):
        """Whether it was trained to its end."""
        return all((self.directory / name).is_file() for name in (RECORD, MODEL))

    def discard_checkpoint(self):
        """Remove what only a run that is not complete needs."""
        (self.directory / CHECKPOINT).unlink(missing_ok=True)

    def __str__(self):
        return f"fold {self.fold} seed {self.seed}"


def list_runs(exp, folds, seeds):
    """The runs of all ``folds`` and ``seeds`` (lists of int) below the folder ``exp``."""
    return [
        Run(fold, seed, Path(exp) / f"fold{fold}" / f"seed{seed}")
        for seed in seeds
        for fold in folds
    ]


def parse_folds(text, num_folds):
    """Turn ``1,3-5`` (``None``: all) into a sorted list of folds in 1..num_folds."""
    chosen = set()
    for part in (text or f"1-{num_folds}").split(","):
        first, dash, last = part.partition("-")
        if not (first.isdecimal() and (last.isdecimal() or not dash)):
            raise UsageError(f"--folds={text}", expected="numbers and ranges, such as 1,3-5")
        numbers = range(int(first), int(last if dash else first) + 1)
        if not numbers or numbers[0] < 1 or numbers[-1] > num_folds:
            raise UsageError(f"--folds={text} has {part}", expected=f"folds in 1-{num_folds}")
        chosen.update(numbers)
    return sorted(chosen)


def read_split(split):
    """The protocol.json of a split directory."""
    path = Path(split) / "protocol.json"
    if not path.is_file():
        raise FileError("no such file", path, "a split directory", "run pyser split")
    return read_json(path)


def input_digests(data, split, folds):
    """Digests of all that runs read: fold -> dict of ``features``, ``labels`` and ``split``.

    Features count by what made them and by their places in the archive, and by their values through
    the statistics in the split: to read the whole archive would take seconds.

    Raises:
        FileError: a table is missing.
        InputError: features or labels changed since the split was made.
    """
    data, split = Path(data), Path(split)
    protocol = read_split(split)
    reader = FeatureReader(data / "feats.scp")
    shared = {
        "features": reader.digest(),
        "labels": file_digest(data / "utt2emo"),
    }
    for name, key in (("features", "features"), ("labels", "utt2emo")):
        if shared[name] != protocol["inputs"][key]:
            found = f"the {name} in {data} changed since this split was made"
            raise InputError(found, split, remedy="run pyser split again")
    return {fold: shared | {"split": _split_digest(split, fold, protocol)} for fold in folds}


def request_digest(entries):
    """Digest of a configuration as it was given and of the sources that hold its defaults.

    Equal digests mean equal settings; what they resolve to need not be worked out (with torch).
    """
    package = Path(__file__).parents[1]
    sources = sorted([*package.glob("models/*.py"), package / "train" / "settings.py"])
    values = {name: entry.value for name, entry in entries.items()}
    return digest({"values": values, "sources": [file_digest(path) for path in sources]})


def answers(run, digests):
    """Whether ``run`` is complete and was asked for with these very ``digests`` (with request)."""
    return run.complete and read_json(run.directory / RECORD)["digests"] == digests


def check_same(found, config, digests, where):
    """Raise InputError, naming what differs, unless a run is what is asked for.

    Args:
        found: its ``config`` (sections of values) and ``digests``.
        config: the settings asked for, in the same form.
        digests: as from ``input_digests``.
        where: the folder of the run.
    """
    old, new = _flat(found["config"]), _flat(config)
    differences = [
        f"{name} was {old.get(name, 'not there')}, is {new.get(name, 'not there')}"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    before = found["digests"]
    differences += [f"the {name} changed" for name in digests if before[name] != digests[name]]
    if differences:
        raise InputError(
            "was trained with something else: " + ", ".join(differences),
            where,
            remedy="choose another --exp, or remove this folder to train it again",
        )


def _split_digest(split, fold, protocol):
    """Of what decides the fold: not of remarks and descriptions."""
    files = [*sorted((split / f"fold{fold}").iterdir()), split / f"{SPEAKER_STATS}.ark"]
    contents = {str(path.relative_to(split)): file_digest(path) for path in files}
    return digest([protocol["id"], protocol["classes"], contents])


def _flat(config):
    return {f"{section}.{key}": v for section, pairs in config.items() for key, v in pairs.items()}
