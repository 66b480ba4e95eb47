"""A tiny data directory with its split and a model's configuration, for the tests of training."""

import json
from types import SimpleNamespace

import numpy as np
import yaml

from pyser.data.datadir import DataDir
from pyser.data.split import split
from pyser.errors import InputError
from pyser.files import write_json
from pyser.train import grid, worker

CLASSES = ["calm", "glad", "sore"]
BLOCKS = {"static": [0, 2], "delta": [2, 4], "delta2": [4, 6]}
CONFIG = {
    "model": {"name": "hnsd", "hidden": 5, "attention_dim": 3, "fc": 4, "encoder_dropout": 0.2},
    "data": {"normalisation": "speaker", "frame_step": 2},
    "train": {"learning_rate": 0.01, "batch_size": 4, "epochs": 3},
}


def write_features(data, seed=0):
    import kaldiio

    random = np.random.default_rng(seed)
    matrices = {
        name: random.standard_normal((random.integers(6, 20), 6)).astype(np.float32)
        for name in data.utterances
    }
    kaldiio.save_ark(str(data.path / "feats.ark"), matrices, scp=str(data.path / "feats.scp"))
    write_json(data.path / "frontend.json", {"options": {}, "dim": 6, "blocks": BLOCKS})


def write_data(folder, num_speakers=4):
    """A data directory with 6 utterances of each speaker, a fold per speaker, and model.yaml."""
    names = [f"spk{s}-{u}" for s in range(num_speakers) for u in range(6)]
    tables = {
        "wav.scp": {name: str(folder / f"{name}.wav") for name in names},
        "utt2spk": {name: name.split("-")[0] for name in names},
        "utt2emo": {name: CLASSES[index % 3] for index, name in enumerate(names)},
    }
    info = {"name": "tiny", "standin": True, "labels": "all"}
    write_features(DataDir.write(folder / "data", tables, info))
    split(folder / "data", folder / "split", num_folds=num_speakers)
    (folder / "model.yaml").write_text(yaml.safe_dump(CONFIG))


def arguments(place, *more, exp="exp", verb="train", **paths):
    """The words of a command on what ``write_data`` wrote into ``place``."""
    paths = {"data": "data", "split": "split", "exp": exp} | paths
    return [verb, *(f"--{name}={place / path}" for name, path in paths.items()), *more]


def write_experiment_file(path, **content):
    """An experiment file: YAML with the keys ``content``."""
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def run_here(jobs, num_jobs):
    """As ``grid.run_jobs``, in this process, one job after the other."""
    for job in jobs:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        job.log.write_text("what it said")
        try:
            worker.train_run(SimpleNamespace(**json.loads(job.command[-1])))
        except InputError:
            yield grid.Outcome(job, 1)
        else:
            yield grid.Outcome(job, 0)


def num_epochs(folder):
    """The epochs that all runs below ``folder`` have got through."""
    return sum(len(path.read_text().splitlines()) for path in folder.rglob("metrics.jsonl"))


def read_records(folder):
    """run.json of each complete run, by its folder below ``folder``."""
    return {
        str(path.parent.relative_to(folder)): json.loads(path.read_text())
        for path in sorted(folder.rglob("run.json"))
    }
