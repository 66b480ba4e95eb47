"""Which utterances and which run a report looks into: rules that leave nothing to taste.

All are functions of scores.tsv, so that anyone can check that no example was picked by hand.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyser.files import digest
from pyser.score.metrics import unweighted_accuracy
from pyser.score.table import format_scores

EXPLAIN_FILE = "explain.npz"  # of an experiment folder: what is seen inside its models
RULES = (
    "Utterances: of each class, among those answered rightly the one of median posterior; and the "
    "one wrong answer of the highest posterior. Map: the fold of median UA, its speakers unseen. "
    "All of the first seed."
)


def scores_digest(scores):
    """What an ``explain.npz`` notes of the Scores that it belongs to (str)."""
    return digest(format_scores(scores))


def is_explained(exp, scores):
    """Whether the folder ``exp`` has the ``explain.npz`` of these very Scores."""
    path = Path(exp) / EXPLAIN_FILE
    if not path.is_file():
        return False
    with np.load(path, allow_pickle=False) as file:
        return json.loads(str(file["info"])).get("scores") == scores_digest(scores)


@dataclass(frozen=True)
class Choice:
    """One utterance to look into.

    Args:
        row: of it in the Scores.
        reason: why this one, in words.
    """

    row: int
    reason: str


def choose_utterances(scores):
    """List of Choice by the first two rules, from the rows of the first seed.

    Of an even number the lower median is taken; among equals the first in the order of the table.
    A class that was never answered rightly has none.
    """
    posterior = scores.log_posteriors[np.arange(len(scores)), scores.hypothesis]
    first = scores.seed == scores.seed.min()
    right = scores.hypothesis == scores.reference
    choices = []
    for label, name in enumerate(scores.classes):
        rows = np.flatnonzero(first & right & (scores.reference == label))
        if rows.size:
            ranked = rows[np.argsort(posterior[rows], kind="stable")]
            row = int(ranked[(len(ranked) - 1) // 2])
            choices.append(Choice(row, f"median posterior of the {len(rows)} right answers {name}"))
    wrong = np.flatnonzero(first & ~right)
    if wrong.size:
        row = int(wrong[np.argmax(posterior[wrong])])
        choices.append(Choice(row, f"highest posterior of the {len(wrong)} wrong answers"))
    return choices


def typical_fold(scores):
    """The fold whose UA is the (lower) median over folds, of the first seed."""
    part = scores.select(scores.seed == scores.seed.min())
    folds = sorted(set(part.fold.tolist()))
    values = [unweighted_accuracy(part.select(part.fold == fold).confusion()) for fold in folds]
    ranked = np.argsort(values, kind="stable")
    return folds[int(ranked[(len(folds) - 1) // 2])]
