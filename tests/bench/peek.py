"""What a choice on the test fold would add: UA by epoch on dev and on test, of one model.

    python tests/bench/peek.py --config=conf/M.yaml --data=DATA --split=SPLIT [--folds=1-10]
        [--data.normalisation=speaker ...]

Trains each fold once more (one seed, nothing is kept) and looks at the test part after each epoch,
as no experiment may. Told are the pooled UA of the epoch that dev chooses, of the last one, and of
the one that test would choose: what the last is above the first is not worth anything.
"""

import copy
import sys
from pathlib import Path

import numpy as np

from pyser.config import Option, Parser
from pyser.data.protocols import parse_folds
from pyser.errors import UsageError
from pyser.log import log
from pyser.score.metrics import confusion, unweighted_accuracy
from pyser.train import plan
from pyser.train.fit import FitState, logits
from pyser.train.inputs import load_fold
from pyser.train.learn import learn, make_model
from pyser.train.settings import Settings
from pyser.train.torchsetup import prepare_torch
from pyser.train.yamlfile import make_entry, read_entries

PARSER = Parser(
    usage="peek.py --config MODEL.yaml --data DATA_DIR --split SPLIT_DIR [--folds LIST]",
    description="UA on dev and test by epoch, of a model that is trained on each fold.",
    options=[
        Option("config", str, help="YAML file of a model", required=True),
        Option("data", str, help="data directory with the default features", required=True),
        Option("split", str, help="folder in it, made by pyser split", required=True),
        Option("folds", str, help="such as 1,3-5 (default: all)"),
    ],
    dotted=True,
)


def main(argv):
    """Train, look, and print; return the exit status."""
    options = PARSER.parse(argv)
    overrides = tuple(make_entry(*pair) for pair in options.dotted.items())
    settings = Settings.from_entries(read_entries(Path(options.config), overrides))
    if settings.data.target != "emotion" or "train" not in settings.as_dict():
        expected = "a model that learns classes, in epochs"
        raise UsageError("no UA by epoch", options.config, expected)
    places = plan.places_of(settings.data.features, options.data, options.split)
    prepare_torch(1, "cpu")
    totals = {"dev": 0, "last": 0, "test": 0}
    for fold in parse_folds(options.folds, plan.read_split(places[1])["folds"]):
        matrices, kept = look(settings, places, fold)
        uas = [float(unweighted_accuracy(matrix)) for matrix in matrices]
        chosen = {"dev": kept - 1, "last": -1, "test": int(np.argmax(uas))}
        for name, epoch in chosen.items():
            totals[name] = totals[name] + matrices[epoch]
        told = ", ".join(f"{name} {100 * uas[epoch]:.1f}" for name, epoch in chosen.items())
        log(f"fold {fold}: test UA of the epoch chosen by {told}")
    for name, matrix in totals.items():
        print(f"{name}\t{100 * float(unweighted_accuracy(matrix)):.1f}\t{matrix.tolist()}")
    return 0


def look(settings, places, fold):
    """Test confusion matrices [C, C] after each epoch, and the epoch that dev chooses."""
    inputs = plan.inputs_asked(settings.as_dict())
    parts = ["train", "dev", "test"]
    loaded = load_fold(*places, fold, settings.data, parts, inputs)
    model, matrices = make_model(settings, loaded, 1), []
    judged = copy.deepcopy(model)
    labels = np.array([label for _, label in loaded.examples["test"]])

    def on_epoch(state, seconds):
        # what dev judges: the averaged weights, where there are some
        judged.load_state_dict(state.average["model"] if state.average else state.model)
        hypothesis = logits(judged, loaded.examples["test"]).argmax(axis=1)
        matrices.append(confusion(labels, hypothesis, model.num_classes))

    state = learn(model, loaded, settings, 1, FitState(keep=settings.train.keep), on_epoch)
    return matrices, state.kept_epoch


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
