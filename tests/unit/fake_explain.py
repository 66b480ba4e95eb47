"""An ``explain.npz`` and a ``curves.tsv`` without models: shapes as the real ones, values drawn."""

import json

import numpy as np

from pyser.score.choice import EXPLAIN_FILE, choose_utterances, scores_digest
from pyser.score.curves import COLUMNS
from pyser.score.table import read_scores


def write_explain(exp, frames=60, bands=8):
    """Write the ``explain.npz`` of a scored experiment; return what it holds of its utterances."""
    scores, random = read_scores(exp / "scores.tsv"), np.random.default_rng(0)
    arrays, told = {}, []
    for number, choice in enumerate(choose_utterances(scores)):
        weights = random.random(frames // 3).astype(np.float32)
        arrays |= {
            f"wave_{number}": np.stack([-random.random(50), random.random(50)]).astype(np.float32),
            f"features_{number}": random.normal(size=(frames, bands)).astype(np.float16),
            f"attention_{number}": weights / weights.sum(),
            f"gate_{number}": random.random(frames // 3).astype(np.float32),
        }
        told.append({"utterance": scores.utterances[choice.row], "reason": choice.reason})
        told[-1] |= {"fold": int(scores.fold[choice.row]), "duration_s": 0.615}
    size = len(scores)
    arrays |= {
        "map_xy": random.normal(size=(size, 2)).astype(np.float32),
        "map_utterance": np.array(scores.utterances),
        "map_speaker": np.array(scores.speakers),
        "map_part": np.array([("test", "dev", "train")[row % 3] for row in range(size)]),
        "map_reference": scores.reference.astype(np.int8),
    }
    info = {"scores": scores_digest(scores), "seed": int(scores.seed.min()), "fold": 1}
    info |= {"classes": list(scores.classes), "utterances": told, "frame_s": 0.01}
    info |= {"step_s": 0.03, "width_s": 0.025, "centres_hz": np.linspace(100, 7000, bands).tolist()}
    np.savez_compressed(exp / EXPLAIN_FILE, info=np.array(json.dumps(info)), **arrays)
    return told


def write_curves(exp, folds=(1, 2, 3), seeds=(1,), epochs=3):
    """Write a ``curves.tsv``: losses that fall, UA that rises."""
    lines = ["\t".join(("fold", "seed", *COLUMNS))]
    for fold in folds:
        for seed in seeds:
            for epoch in range(1, epochs + 1):
                cells = (epoch, 0.001, 1.4 / epoch, 1.5 / epoch, epoch / (epochs + 1), 0.5)
                lines.append("\t".join(map(str, (fold, seed, *cells))))
    (exp / "curves.tsv").write_text("".join(f"{line}\n" for line in lines))
