"""The answers of a trained run on the dev and the test part of its fold."""

import time
from pathlib import Path

import numpy as np
import torch

from pyser.errors import FileError
from pyser.files import read_json, write_json, write_text
from pyser.models.members import build_model
from pyser.score.result import INFERENCE_FILE, format_answers
from pyser.train import checkpoint, plan
from pyser.train.fit import logits
from pyser.train.inputs import load_fold
from pyser.train.settings import Settings
from pyser.train.targets import TARGETS
from pyser.train.torchsetup import prepare_torch

# Part -> file; scores.tsv comes last, because a run that has it counts as scored.
_FILES = {"dev": plan.DEV_SCORES, "test": plan.SCORES}


def predict_run(directory, device="cpu"):
    """Write ``dev_scores.tsv`` and ``scores.tsv`` of the run in the folder ``directory``.

    The dev part is what calibration may be fitted on; ``inference.json`` tells how long the test
    part took, after the dev part had warmed everything up. Raises what ``open_run`` raises.
    """
    directory = Path(directory)
    model, fold, _ = open_run(directory, list(_FILES), device)
    for part, name in _FILES.items():
        started = time.perf_counter()
        scores = _answers(model, fold, part)
        seconds = time.perf_counter() - started
        if part == "test":
            cost = {"seconds": seconds, "audio_seconds": _duration(fold, part)}
            write_json(directory / INFERENCE_FILE, cost | {"threads": torch.get_num_threads()})
        write_text(directory / name, format_answers(scores))


def _duration(fold, part):
    """Seconds of audio that the frames of one part of a Fold are of, nearly."""
    options = (fold.frontend or {}).get("options", {})
    frames = sum(len(features.rows) for features, _ in fold.examples[part])
    return frames * options.get("frame_shift", 10.0) / 1000


def open_run(directory, parts, device="cpu"):
    """The trained model of a run and ``parts`` of its fold, to answer them as it was trained.

    Data and split are those it was trained with, at the same paths from the working directory.

    Returns:
        The model on ``device``, the Fold and the Settings.

    Raises:
        FileError: the run is not complete.
        InputError: features, labels or split are no longer those it was trained with.
    """
    directory = Path(directory)
    if not all((directory / name).is_file() for name in (plan.RECORD, plan.MODEL)):
        raise FileError("no complete run", directory, remedy="run pyser train")
    record = read_json(directory / plan.RECORD)
    where = record["data"], record["split"], [record["fold"]]
    config = record["config"]
    # the vectors of its words are stored with the model: their file need not be there any more
    needed = config | {"data": config["data"] | {"word_vectors": ""}}
    digests = plan.input_digests(*where, needed)[record["fold"]]
    plan.check_same(record, config, digests, directory)
    device = prepare_torch(record["threads"], device)
    model, saved = load_model(directory / plan.MODEL)
    settings = Settings.from_dict(config, directory)
    extras = plan.inputs_asked(config), saved["known"]
    where = record["data"], record["split"], record["fold"]
    fold = load_fold(*where, settings.data, parts, *extras)
    return model.to(device), fold, settings


def _answers(model, fold, part):
    """The Scores (or Ratings) of ``model`` on one part of its fold."""
    outputs = logits(model, fold.examples[part]).astype(np.float64)
    names, labels = fold.utterances[part], [label for _, label in fold.examples[part]]
    speakers = [fold.speakers[name] for name in names]
    return fold.target.answers(outputs, labels, names, speakers, fold.classes, fold.known)


def load_model(path):
    """Read a ``model.pt``.

    Returns:
        The model, ready to predict, and the dict that was saved with it: state_dict, model (its
        name), config, blocks, known, classes, frontend, normalisation, statistics, kept_epoch,
        dev_ua (of ratings dev_ccc too), digests.
    """
    saved = checkpoint.load(path)
    settings = Settings.from_dict(saved["config"], path)
    outputs = TARGETS[settings.data.target].outputs(saved["classes"])
    model = build_model(settings, saved["blocks"], len(outputs), saved["known"])
    model.load_state_dict(saved["state_dict"])
    return model.eval(), saved
