"""What is kept of a finished run: run.json for people and tables, model.pt for prediction."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path

import numpy as np
import torch

import pyser
from pyser.train.environment import describe_environment

# What run.json tells of the protocol; sizes and digests are in the split itself.
_PROTOCOL_KEYS = ("id", "folds", "where", "description", "remarks")
# What model.pt repeats of run.json: a model may travel without its folder.
_MODEL_KEYS = ("model", "config", "classes", "normalisation", "kept_epoch", "digests")
_MODEL_KEYS += ("dev_ua", "dev_ccc")


def describe_run(spec, settings, fold, model, state, digests, cost):
    """The content of run.json.

    Args:
        spec: what the run was asked for: name (of the configuration file), fold, seed,
            data, split, command, request, threads.
        settings: Settings.
        fold: inputs.Fold.
        model: with the weights that are kept.
        state: FitState at the end.
        digests: as from ``plan.input_digests``.
        cost: ``seconds`` and ``joules`` that training took, the latter None if unknown.
    """
    kept = state.history[state.kept_epoch - 1]
    return {
        "name": spec.name,
        "model": settings.name,
        "config": settings.as_dict(),
        "normalisation": settings.data.normalisation,
        "fold": spec.fold,
        "seed": spec.seed,
        "data": spec.data,
        "split": spec.split,
        "classes": fold.classes,
        "protocol": {key: fold.protocol[key] for key in _PROTOCOL_KEYS},
        "corpus": fold.corpus,
        "num_parameters": model.num_parameters,
        "epochs": len(state.history),
        "kept_epoch": state.kept_epoch,
        "dev_ua": kept.get("dev_ua"),
        **({"dev_ccc": kept["dev_ccc"]} if "dev_ccc" in kept else {}),
        "dev_loss": kept["dev_loss"],
        **{name: value if value is None else round(value, 3) for name, value in cost.items()},
        "digests": digests | {"request": spec.request},
        "command": spec.command,
        "commit": commit(),
        "threads": spec.threads,
        "device": next(model.parameters()).device.type,
        "environment": describe_environment(spec.threads, next(model.parameters()).device),
        "versions": {
            "pyser": pyser.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": np.__version__,
            **{name: importlib.metadata.version(name) for name in getattr(model, "libraries", ())},
        },
    }


def pack_model(model, fold, record):
    """The content of model.pt: weights, and all that prediction needs to know.

    Besides the keys of run.json in ``_MODEL_KEYS``: ``state_dict`` (on the CPU), ``blocks`` (name
    -> width), ``known`` (of extras and of the target), ``frontend`` (frontend.json) and
    ``statistics`` (float64 [2, D + 1] of the training utterances, if features are normalised by
    them).
    """
    statistics = None if fold.statistics is None else torch.tensor(fold.statistics)
    return {key: record[key] for key in _MODEL_KEYS if key in record} | {
        "state_dict": {name: tensor.cpu() for name, tensor in model.state_dict().items()},
        "blocks": model.blocks,
        "known": {
            name: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
            for name, value in fold.known.items()
        },
        "frontend": fold.frontend,
        "statistics": statistics,
    }


def commit():
    """The commit of the checkout this package is in (``-dirty`` if changed), or None."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        found = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
