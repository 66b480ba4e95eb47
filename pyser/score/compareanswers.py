"""Systems compared with the first of them, whichever kind of answers they gave."""

from pyser.errors import InputError
from pyser.score.comparetext import comparison_text
from pyser.score.ratings import Ratings
from pyser.score.ratingsummary import rating_comparison_text


def comparison_of(systems):
    """Compare systems with the first of them, as lines for a terminal.

    Args:
        systems: dict from name to Scores, or to Ratings, the reference first.

    Raises:
        InputError: a system was not tested on what the first was tested on, or gave other answers.
    """
    (first, reference), *_ = systems.items()
    for name, answers in systems.items():
        if answers.kind != reference.kind:
            raise InputError(f"answers with {answers.kind}", name, f"{reference.kind}, as {first}")
    rated = isinstance(reference, Ratings)
    return (rating_comparison_text if rated else comparison_text)(systems)
