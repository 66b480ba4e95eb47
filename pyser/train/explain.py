"""``explain.npz``: what is seen inside the models of an experiment, for its report.

Which utterances and which run are looked into follows from the scores (``pyser.score.choice``).
The file holds NumPy arrays only:

``info``: JSON: scores (digest of what was answered), seed, fold (of the map), classes, and for each
chosen utterance i utterance, reason, fold, duration_s; frame_s (seconds from one row of
``features_<i>`` to the next), step_s (the same of attention and gate), width_s (of a frame),
centres_hz (of the rows' bands, empty if unknown).

``wave_<i>`` float32 [2, W]: least and greatest sample in each of W parts, +-1 is full scale.
``features_<i>`` float16 [T, M]: static features, not normalised. ``attention_<i>``, ``gate_<i>``
float32 [P]. ``map_xy`` float32 [N, 2], ``map_utterance``, ``map_speaker``, ``map_part`` (str [N]),
``map_reference`` int8 [N]: the embeddings of one run's utterances, by t-SNE.
"""

import json
from pathlib import Path

import numpy as np

from pyser.data.datadir import DataDir
from pyser.data.reader import FeatureReader
from pyser.errors import PyserError
from pyser.files import atomic_path
from pyser.log import log, warn
from pyser.models.members import members_of
from pyser.score.choice import EXPLAIN_FILE, choose_utterances, scores_digest, typical_fold
from pyser.train.inside import can_explain, look_inside
from pyser.train.predict import open_run
from pyser.train.waves import band_centres_hz, read_samples, wave_envelope

MOST_POINTS = 1000
LEAST_POINTS = 10  # fewer different ones are no map
_PERPLEXITY, _TSNE_SEED = 30, 0
_PARTS = ("test", "dev", "train")


def explain_experiment(exp, runs, scores):
    """Write ``explain.npz`` into the folder ``exp``.

    Args:
        exp: the experiment folder.
        runs: its complete runs (``pyser.score.result.Run``).
        scores: the Scores of all of them.

    Returns:
        Whether it was written: not for models in which there is nothing to see.

    Raises:
        FileError, InputError: the data of the runs are gone, or no longer those of training.
    """
    path = Path(exp) / EXPLAIN_FILE
    seed = int(scores.seed.min())
    by_fold = {run.fold: run for run in runs if run.seed == seed}
    fold = typical_fold(scores)
    model, examples, _ = open_run(by_fold[fold].path, list(_PARTS))
    if not can_explain(model):
        return False
    arrays, info = _chosen_arrays(scores, by_fold)
    arrays |= _map_arrays(model, examples)
    info |= {
        "scores": scores_digest(scores),
        "seed": seed,
        "fold": fold,
        "classes": list(scores.classes),
    }
    text = json.dumps(info, sort_keys=True, ensure_ascii=False)
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, info=np.array(text), **arrays)
    log(f"{path}: {len(info['utterances'])} utterances, {len(arrays.get('map_xy', ()))} on the map")
    return True


def _chosen_arrays(scores, by_fold):
    """The arrays of the chosen utterances, and what ``info`` says of them."""
    arrays, told, shared = {}, [], {}
    for number, choice in enumerate(choose_utterances(scores)):
        name, fold = scores.utterances[choice.row], int(scores.fold[choice.row])
        run = by_fold[fold]
        model, part, settings = open_run(run.path, ["test"])
        place = part.utterances["test"].index(name)
        (inside,) = look_inside(model, [part.examples["test"][place]])
        arrays |= _frame_arrays(number, inside)
        step = settings.data.frame_step * members_of(model)[0].stride
        arrays[f"features_{number}"], shared = _features(run, name, step, part.frontend)
        wave, duration_s = _wave(run, name)
        arrays |= {} if wave is None else {f"wave_{number}": wave}
        told.append({"utterance": name, "reason": choice.reason, "fold": fold})
        told[-1]["duration_s"] = duration_s
    return arrays, {"utterances": told, **shared}


def _frame_arrays(number, inside):
    named = {"attention": inside.attention, "gate": inside.gate}
    return {f"{name}_{number}": value for name, value in named.items() if value is not None}


def _features(run, utterance, step, frontend):
    """The static features [T, M] of an utterance, and how its rows and frames lie in time."""
    reader = FeatureReader(Path(run.info["data"]) / "feats.scp")
    columns = reader.blocks.get("static", slice(0, reader.dim))
    options = (frontend or {}).get("options", {})
    frame_s = options.get("frame_shift", 10.0) / 1000
    shared = {
        "frame_s": frame_s,
        "step_s": frame_s * step,
        "width_s": options.get("frame_length", 25.0) / 1000,
        "centres_hz": band_centres_hz(options),
    }
    return reader[utterance][:, columns].astype(np.float16), shared


def _wave(run, utterance):
    """The envelope of an utterance and its duration in seconds; (None, None) without audio."""
    try:
        samples, rate = read_samples(DataDir(run.info["data"]), utterance)
    except (PyserError, OSError) as error:
        warn(f"{utterance}: no waveform in the report: {error}")
        return None, None
    return wave_envelope(samples), len(samples) / rate


def _map_arrays(model, fold):
    """Where the utterances of a Fold lie on a map, at most ``MOST_POINTS`` of them, test first."""
    rows = [
        (name, part, example)
        for part in _PARTS
        for name, example in zip(fold.utterances[part], fold.examples[part], strict=True)
    ]
    tested = len(fold.utterances["test"])
    rows = _thin(rows[:tested], MOST_POINTS) + _thin(rows[tested:], MOST_POINTS - tested)
    if len(rows) < LEAST_POINTS:
        return {}
    inside = look_inside(model, [example for _, _, example in rows])
    embeddings = np.stack([one.embedding for one in inside])
    # t-SNE of a single point, many times over, would end the process
    if not np.isfinite(embeddings).all() or len(np.unique(embeddings, axis=0)) < LEAST_POINTS:
        return {}
    return {
        "map_xy": tsne(embeddings),
        "map_utterance": np.array([name for name, _, _ in rows]),
        "map_speaker": np.array([fold.speakers[name] for name, _, _ in rows]),
        "map_part": np.array([part for _, part, _ in rows]),
        "map_reference": np.array([label for _, _, (_, label) in rows], np.int8),
    }


def _thin(rows, most):
    """At most ``most`` of ``rows``, evenly spread."""
    if len(rows) <= most:
        return rows
    return [rows[int(place)] for place in np.linspace(0, len(rows) - 1, max(0, most))]


def tsne(embeddings):
    """t-SNE (van der Maaten & Hinton 2008) of ``embeddings`` [N, D]: float32 [N, 2].

    From the principal components, with a fixed seed; distances between far groups mean little.
    """
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(embeddings) - 1) / 3)
    settings = {"init": "pca", "random_state": _TSNE_SEED, "perplexity": perplexity}
    centred = np.asarray(embeddings, np.float64) - np.mean(embeddings, axis=0, dtype=np.float64)
    return np.round(TSNE(2, **settings).fit_transform(centred), 2).astype(np.float32)
