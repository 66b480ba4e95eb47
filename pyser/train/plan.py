"""Which runs an experiment has, and whether one that exists is the one asked for. No torch here.

A run (one fold, one seed) has its own folder ``EXP/fold<k>/seed<s>``::

    config.yaml    all settings, defaults included        metrics.jsonl  one line per epoch
    train.log      what the process said                  checkpoint.pt  only while it trains
    model.pt       the weights and how to use them        run.json       written last: complete
"""

from dataclasses import dataclass
from pathlib import Path

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


def input_digests(data, split, fold):
    """Digests of all that a run reads: ``features``, ``labels`` and ``split``.

    Features count by what made them and by their place in the archive, and through the statistics
    of the split also by their values: reading the whole archive would take seconds a run.
    """
    data, split = Path(data), Path(split)
    parts = sorted(
        [split / "protocol.json", *split.glob("cmvn_*.ark"), *split.glob(f"fold{fold}/*")]
    )
    return {
        "features": _features_digest(data / "feats.scp"),
        "labels": file_digest(data / "utt2emo"),
        "split": digest({str(path.relative_to(split)): file_digest(path) for path in parts}),
    }


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


def _features_digest(scp):
    if not scp.is_file():
        raise FileError("no such file", scp, "features", "run pyser features")
    description = scp.with_name("frontend.json")
    lines = scp.read_text(encoding="utf-8").splitlines()
    # The key and the offset: the name of the archive depends on where the command was run.
    rows = [(line.split(maxsplit=1)[0], line.rpartition(":")[2]) for line in lines if line.strip()]
    return digest([read_json(description) if description.is_file() else None, rows])


def _flat(config):
    return {f"{section}.{key}": v for section, pairs in config.items() for key, v in pairs.items()}
