"""``pyser score --experiment``: each row of an experiment scored, then all against one."""

from pyser.errors import PyserError
from pyser.log import log
from pyser.score.compareanswers import comparison_of
from pyser.score.ratings import read_answers
from pyser.score.result import SCORES_FILE
from pyser.train.experiment import read_experiment


def score_rows(options, score):
    """Score the rows of an experiment; print how they compare with its reference.

    A row that cannot be scored is told, and the others are scored.

    Args:
        options: what the command line said: ``experiment`` (file), ``exp`` (the folder of all
            rows), and what ``score`` takes; the file says which seeds unless they do.
        score: ``score_experiment`` of ``pyser.score.run``.

    Returns:
        The exit status: 1 when a row could not be scored.
    """
    experiment = read_experiment(options.experiment)
    options.seeds = options.seeds or experiment.seeds
    systems = {}
    for row in experiment.rows:
        place = experiment.place(options.exp, row)
        try:
            score(place, options)
            systems[row.name] = read_answers(place / SCORES_FILE)
        except PyserError as error:
            log(f"ERROR: {row.name}: {error}")
    reference = systems.get(experiment.reference)
    if reference is not None:
        _compare(experiment, reference, systems)
    return 1 if len(systems) < len(experiment.rows) else 0


def _compare(experiment, reference, systems):
    """Print how the rows that answered as the reference did (classes, ratings) compare with it."""
    same = {name: answers for name, answers in systems.items() if answers.kind == reference.kind}
    for name in [name for name in systems if name not in same]:
        log(f"{name}: not compared: it has no {reference.kind}, as {experiment.reference} has")
    if len(same) > 1:
        print(f"\n{experiment.title}")
        print(comparison_of({experiment.reference: reference} | same))
