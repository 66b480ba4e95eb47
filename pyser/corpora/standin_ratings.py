"""Ratings of the stand-in's turns, drawn so that their majority is the turn's label."""

import re
from collections import Counter

import numpy as np

from pyser.corpora.iemocap_files import EMOTIONS

NAMES = {
    "neu": "Neutral",
    "hap": "Happiness",
    "sad": "Sadness",
    "ang": "Anger",
    "exc": "Excited",
    "fru": "Frustration",
    "fea": "Fear",
    "sur": "Surprise",
    "dis": "Disgust",
    "oth": "Other",
}
_LIKELY = {  # what else raters hear
    "neu": ("Frustration", "Sadness", "Happiness"),
    "hap": ("Excited", "Neutral"),
    "exc": ("Happiness", "Surprise", "Neutral"),
    "sad": ("Neutral", "Frustration"),
    "ang": ("Frustration", "Disgust"),
    "fru": ("Anger", "Neutral", "Sadness"),
}
_MEANS = {  # valence, activation, dominance
    "neu": (3.0, 2.7, 2.9),
    "hap": (4.1, 3.2, 3.1),
    "exc": (4.2, 3.8, 3.3),
    "sad": (2.1, 2.2, 2.6),
    "ang": (1.8, 3.9, 4.0),
    "fru": (2.2, 3.2, 3.3),
    "xxx": (2.7, 3.0, 3.0),
}
ATTRIBUTES = ("val", "act", "dom")


def is_self(rater):
    """Whether the rater is one of the two actors (``F1``, ``M5``), whose vote does not count."""
    return re.fullmatch(r"[FM]\d", rater) is not None


def majority(categories):
    """The code that more than half of the outside raters give, more often than any other.

    Args:
        categories: dict from rater to list of category names.

    Returns:
        One of EMOTIONS; ``xxx`` when there is no such code.
    """
    outside = [names for rater, names in categories.items() if not is_self(rater)]
    votes = Counter(name for names in outside for name in names).most_common(2)
    name, most = votes[0]
    if 2 * most <= len(outside) or (len(votes) > 1 and votes[1][1] == most):
        return "xxx"
    return next(code for code in EMOTIONS if NAMES.get(code) == name)


def draw_categories(emotion, self_rater, random):
    """Draw votes of three or four outside raters, perhaps the actor's, until they give ``emotion``.

    Returns:
        dict from rater to list of category names, outside raters first.
    """
    names = sorted(NAMES.values())
    likely = _LIKELY.get(emotion, names)
    while True:
        raters = [f"E{number}" for number in (1, 2, 4, 5)[: 3 + (random.random_sample() < 0.1)]]
        raters += [self_rater] * (random.random_sample() < 0.5)
        categories = {}
        for rater in raters:
            agrees = emotion in NAMES and random.random_sample() < 0.8
            vote = [NAMES[emotion]] if agrees else [str(random.choice(likely))]
            other = str(random.choice(likely))
            if random.random_sample() < 0.15 and other not in vote:
                vote.append(other)
            categories[rater] = vote
        if majority(categories) == emotion:
            return categories


def draw_attributes(emotion, self_rater, chance_missing, random):
    """Draw valence, activation and dominance (1 to 5) by two or three outside raters.

    Returns:
        dict from rater to {"val", "act", "dom"}; dominance is None with ``chance_missing``, but
        never for the first rater.
    """
    raters = ["E2", "E3", "E4"][: 2 + (random.random_sample() < 0.3)]
    raters += [self_rater] * (random.random_sample() < 0.5)
    attributes = {}
    for rater in raters:
        drawn = np.array(_MEANS.get(emotion, _MEANS["xxx"])) + 0.6 * random.standard_normal(3)
        values = [int(value) for value in np.clip(np.rint(drawn), 1, 5)]
        attributes[rater] = dict(zip(ATTRIBUTES, values, strict=True))
        if rater != raters[0] and random.random_sample() < chance_missing:
            attributes[rater]["dom"] = None
    return attributes


def mean_attributes(attributes):
    """Mean valence, activation and dominance over the outside raters who gave them."""
    outside = [ratings for rater, ratings in attributes.items() if not is_self(rater)]
    given = {name: [one[name] for one in outside if one[name] is not None] for name in ATTRIBUTES}
    return tuple(sum(given[name]) / len(given[name]) for name in ATTRIBUTES)
