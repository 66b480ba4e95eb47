"""Which runs an experiment has, and whether one that exists is the one asked for. No torch here.

A run (one fold, one seed) has its own folder ``EXP/fold<k>/seed<s>``::

    config.yaml    all settings, defaults included        metrics.jsonl  one line per epoch
    train.log      what the process said                  checkpoint.pt  only while it trains
    model.pt       the weights and how to use them        run.json       written last: complete
    scores.tsv     answers on the test part, by score     dev_scores.tsv the same on the dev part
"""

import json
from dataclasses import dataclass
from pathlib import Path

from pyser.data.datadir import TEXT_TABLES, DataDir
from pyser.data.normalise import SPEAKER_STATS
from pyser.data.reader import FeatureReader
from pyser.errors import FileError, InputError
from pyser.files import digest, file_digest, read_json
from pyser.score.result import DEV_SCORES_FILE as DEV_SCORES
from pyser.score.result import MODEL_FILE as MODEL
from pyser.score.result import RUN_FILE as RECORD
from pyser.score.result import SCORES_FILE as SCORES
from pyser.train.codedigest import code_digest, inputs_asked, schema_digest
from pyser.train.extras import extra_tables

DEFAULT_FEATURES = "default"  # of the data directory that is given, whatever made them
CHECKPOINT = "checkpoint.pt"
METRICS = "metrics.jsonl"


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

    def discard_results(self):
        """Remove what an earlier training of an incomplete run left: none of it is of this one."""
        for name in (RECORD, MODEL, SCORES, DEV_SCORES):
            (self.directory / name).unlink(missing_ok=True)

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


def places_of(features, data, split):
    """The data and the split directory (Paths) with the feature set ``features``.

    Args:
        features: ``default``, or the name of a configuration, such as ``lld`` for conf/lld.conf.
        data, split: the directories with the default features; other sets have a data directory
            beside that, ``DATA-FEATURES``, with the same split in it.

    Raises:
        InputError: the split is not inside the data directory, so there is no telling.
    """
    data, split = Path(data), Path(split)
    if features == DEFAULT_FEATURES:
        return data, split
    if not split.is_relative_to(data):
        expected = f"a folder in {data}, as data.features is {features}"
        raise InputError("this split is elsewhere", split, expected)
    own = data.with_name(f"{data.name}-{features}")
    return own, own / split.relative_to(data)


def read_split(split):
    """The protocol.json of a split directory."""
    path = Path(split) / "protocol.json"
    if not path.is_file():
        raise FileError("no such file", path, "a split directory", "run pyser split")
    return read_json(path)


def input_digests(data, split, folds, config):
    """Digests of all that runs depend on, besides settings and seed.

    Features count by what made them and by their places in the archive, and by their values through
    the statistics in the split: to read the whole archive would take seconds.

    Args:
        config: sections of settings, as given or worked out.

    Returns:
        A dict fold -> dict of ``features``, ``frontend``, ``labels``, ``speakers``, ``split`` and
        ``code``; ``extras``, where the model reads some; ``ratings``, where these are learned;
        ``word_vectors``, where a file is given.

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
        "speakers": file_digest(data / "utt2spk"),
    }
    for name, key in (("features", "features"), ("labels", "utt2emo"), ("speakers", "utt2spk")):
        if shared[name] != protocol["inputs"][key]:
            found = f"the {name} in {data} changed since this split was made"
            raise InputError(found, split, remedy="run pyser split again")
    shared |= {"frontend": digest(reader.made_by), "code": code_digest(config["model"]["name"])}
    shared |= _extra_digests(data, config)
    return {fold: shared | {"split": _split_digest(split, fold, protocol)} for fold in folds}


def _extra_digests(data, config):
    """Of the tables that extras and ratings are read from, and of the file of word vectors."""
    inputs, settings, found = inputs_asked(config), config.get("data", {}), {}
    if settings.get("target") == "vad":
        found["ratings"] = _ratings_digest(data)
    if inputs:
        # another name is no setting, which is said when settings are worked out
        transcript = settings.get("transcript")
        chosen = [transcript] if transcript in TEXT_TABLES else []
        files = [data / name for name in extra_tables(inputs, DataDir(data), *chosen)]
        if "xvector" in inputs:  # one vector an utterance: little to read, unlike features
            files += filter(Path.is_file, FeatureReader(data / "xvector.scp").archives())
        found["extras"] = digest([[path.name, file_digest(path)] for path in files])
    path = settings.get("word_vectors")
    if not path:
        return found
    if "text" not in inputs:
        what = f"the model {config['model']['name']} reads no words"
        raise InputError(what, f"data.word_vectors is {path}", remedy="leave word_vectors out")
    if not Path(str(path)).is_file():
        remedy = "correct data.word_vectors, or leave it out to train word vectors"
        raise FileError("no such file", path, "word vectors as text", remedy)
    return found | {"word_vectors": file_digest(path)}


def _ratings_digest(data):
    path = data / "utt2vad"
    if not path.is_file():
        expected = "valence, activation and dominance of every utterance"
        remedy = "train with data.target=emotion, or write that table"
        raise FileError("no such file", path, expected, remedy)
    return file_digest(path)


def request_digest(entries):
    """Digest of a configuration as it was given, a known model included.

    Equal digests mean equal settings, for they tell the defaults too: what the configuration
    resolves to need not be worked out (with torch).
    """
    given = {name: entry.value for name, entry in entries.items()}
    return digest([given, schema_digest(given["model.name"])])


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
        if json.dumps(old.get(name)) != json.dumps(new.get(name))  # 1 is not 1.0, nor true
    ]
    before = found["digests"]
    differences += [f"the {name} changed" for name in digests if before.get(name) != digests[name]]
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
