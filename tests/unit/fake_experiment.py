"""Experiments without training: run.json and scores.tsv of every run, from made-up answers."""

import numpy as np

from pyser.files import write_json
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
