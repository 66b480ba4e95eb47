"""Two systems' answers to the same utterances, brought side by side."""

from dataclasses import dataclass, replace

import numpy as np

from pyser.errors import InputError
from pyser.score.counts import count_by_speaker


@dataclass(frozen=True)
class Pairs:
    """The answers of systems A and B.

    Args:
        by_speaker_a, by_speaker_b: counts ``[S, K, C, C]``, speakers and classes in one order; the
            number of seeds K may differ.
        right_a, right_b: bool ``[U]`` for each utterance, in one order; with several seeds (or
            folds) of an utterance, whether the class of the highest mean posterior is right.
        remarks: differences that do not keep the two from being compared, but should be known.
    """

    by_speaker_a: np.ndarray
    by_speaker_b: np.ndarray
    right_a: np.ndarray
    right_b: np.ndarray
    remarks: tuple[str, ...]


def pair(scores_a, scores_b, names):
    """Make the Pairs of two Scores; ``names`` is what errors and remarks call the two.

    Raises:
        InputError: other classes, utterances, speakers or references.
    """
    scores_b = _with_classes(scores_b, scores_a.classes, names)
    _check_same(_tested(scores_a), _tested(scores_b), names)
    return Pairs(
        count_by_speaker(scores_a),
        count_by_speaker(scores_b),
        _right(scores_a),
        _right(scores_b),
        tuple(unequal_terms(scores_a, scores_b, names)),
    )


def _with_classes(scores, classes, names):
    """``scores`` with its classes in the order of ``classes``."""
    if scores.classes == classes:
        return scores
    if sorted(scores.classes) != sorted(classes):
        found = f"has the classes {' '.join(scores.classes)}"
        raise InputError(found, names[1], f"those of {names[0]}: {' '.join(classes)}")
    order = [scores.classes.index(name) for name in classes]
    place = np.argsort(order)
    return replace(
        scores,
        classes=classes,
        reference=place[scores.reference],
        hypothesis=place[scores.hypothesis],
        log_posteriors=scores.log_posteriors[:, order],
    )


def _tested(scores):
    """What was tested: utterance -> (speaker, name of the reference)."""
    references = (scores.classes[label] for label in scores.reference)
    return dict(zip(scores.utterances, zip(scores.speakers, references, strict=True), strict=True))


def _check_same(tested_a, tested_b, names):
    remedy = "compare systems that were tested on the same utterances with the same labels"
    only = [sorted(tested_a.keys() - tested_b), sorted(tested_b.keys() - tested_a)]
    for more, has, lacks in zip(only, names, reversed(names), strict=True):
        if more:
            found = f"{len(more)} tested utterances are not those of {lacks} (such as {more[0]})"
            raise InputError(found, has, None, remedy)
    for utterance, (speaker, reference) in sorted(tested_a.items()):
        if tested_b[utterance] != (speaker, reference):
            other = "speaker {}, reference {}".format(*tested_b[utterance])
            expected = f"as in {names[0]}: speaker {speaker}, reference {reference}"
            raise InputError(f"utterance {utterance} has {other}", names[1], expected, remedy)


def unequal_terms(a, b, names):
    """Remarks (str) on what keeps two Scores (or Ratings) from being compared on equal terms."""
    seeds = [sorted(set(scores.seed.tolist())) for scores in (a, b)]
    if seeds[0] != seeds[1]:
        one, other = (",".join(map(str, numbers)) for numbers in seeds)
        yield f"the seeds differ: {one} of {names[0]}, {other} of {names[1]}"
    folds = [set(zip(s.utterances, s.fold.tolist(), strict=True)) for s in (a, b)]
    if folds[0] != folds[1]:
        yield "the folds differ: the systems were not trained on the same speakers"
    for scores, name in zip((a, b), names, strict=True):
        if _is_incomplete(scores):
            yield f"not every seed of {name} answered every utterance"


def _is_incomplete(scores):
    answers = len(set(zip(scores.utterances, scores.fold.tolist(), strict=True)))
    return len(scores) != answers * len(set(scores.seed.tolist()))


def _right(scores):
    """bool ``[U]`` for each different utterance, sorted by its id: see Pairs."""
    names, first, index = np.unique(
        np.array(scores.utterances), return_index=True, return_inverse=True
    )
    if len(names) == len(scores):
        return (scores.hypothesis == scores.reference)[first]
    posteriors = np.zeros((len(names), len(scores.classes)))
    np.add.at(posteriors, index, np.exp(scores.log_posteriors))
    return posteriors.argmax(axis=1) == scores.reference[first]
