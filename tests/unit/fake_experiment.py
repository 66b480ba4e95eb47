"""Experiments without training: run.json and scores.tsv of every run, from made-up answers."""

import json

import numpy as np

from pyser.data.datadir import DIMENSIONS
from pyser.files import write_json, write_text
from pyser.score.ratings import format_ratings, make_ratings
from pyser.score.table import decide, write_scores

FOUR = ("ang", "hap", "neu", "sad")


def made_up_scores(fold, seed, classes=FOUR, skill=2.0, per_fold=24):
    """The Scores of one run: two speakers a fold, every class in it, right more often than not."""
    generator = np.random.default_rng([fold, seed])
    reference = np.arange(per_fold) % len(classes)
    logits = skill * np.eye(len(classes))[reference]
    logits += generator.standard_normal(logits.shape)
    posteriors = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    speakers = [f"s{fold:02}{'FM'[number // len(classes) % 2]}" for number in range(per_fold)]
    utterances = [f"{speaker}-{number:03}" for number, speaker in enumerate(speakers)]
    return decide(classes, utterances, speakers, reference, posteriors)


def write_run(exp, fold, seed, classes=FOUR, skill=2.0, scored=True, **info):
    """Write one complete run; ``info`` goes to run.json, over the defaults."""
    run = exp / f"fold{fold}" / f"seed{seed}"
    defaults = {
        "model": "hnsd",
        "config": {"model": {"name": "hnsd", "hidden": 8}, "train": {"epochs": 3}},
        "protocol": {"id": "loso3", "folds": 3, "remarks": []},
        "classes": list(classes),
        "corpus": {"name": "made_up", "standin": False, "labels": "merged"},
        "normalisation": "speaker",
        "num_parameters": 12345,
        "command": "egs/made_up/run.sh --model hnsd",
        "commit": "0123abcd",
        "versions": {"pyser": "0.1.0"},
        "digests": {"features": "0f", "labels": "1a", "split": f"2b{fold}"},
        "kept_epoch": 2,
        "dev_ua": 0.5 + 0.01 * fold,
    }
    write_json(run / "run.json", {**defaults, **info})
    (run / "model.pt").touch()
    if scored:
        write_scores(run / "scores.tsv", made_up_scores(fold, seed, classes, skill))
    return run


def write_experiment(exp, folds=(1, 2, 3), seeds=(1,), **info):
    """Write the runs of a whole grid."""
    for fold in folds:
        for seed in seeds:
            write_run(exp, fold, seed, **info)
    return exp


def write_rated_run(exp, fold, noise=0.5, seed=1, **info):
    """Write one complete run that answers with ratings: two speakers a fold, ten utterances each.

    Its curve has two epochs; ``info`` goes to run.json, over the defaults.
    """
    run = exp / f"fold{fold}" / f"seed{seed}"
    told = {
        **{"model": "hnsd", "config": {"model": {"name": "hnsd"}, "data": {"target": "vad"}}},
        **{"classes": ["x", "y"], "num_parameters": 10},
        "protocol": {"id": "loso2", "folds": 2, "remarks": []},
        "corpus": {"name": "made_up"},
        **{"kept_epoch": 2, "dev_ua": None, "dev_ccc": 0.25},
    }
    write_json(run / "run.json", {**told, **info})
    (run / "model.pt").touch()
    truth = np.random.default_rng(fold).uniform(1, 5, (20, 3))
    names = [f"s{fold}{n % 2}-{n}" for n in range(20)]
    estimate = truth + noise * np.random.default_rng(seed).standard_normal(truth.shape)
    speakers = [name.split("-")[0] for name in names]
    ratings = make_ratings(DIMENSIONS, names, speakers, truth, estimate)
    for part in ("scores.tsv", "dev_scores.tsv"):
        write_text(run / part, format_ratings(ratings))
    lines = ({"epoch": e, "train_loss": 1.0, "dev_loss": 2.0, "dev_ccc": 0.1 * e} for e in (1, 2))
    write_text(run / "metrics.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
