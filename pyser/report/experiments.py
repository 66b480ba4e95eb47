"""The experiments below a folder, grouped into what may stand in one table."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from pyser.errors import FileError, InputError
from pyser.files import read_json
from pyser.score.ratings import Ratings, read_answers
from pyser.score.ratingsummary import summarise_ratings
from pyser.score.result import RESULT_FILE, SCORES_FILE
from pyser.score.summary import summarise, summarise_styles

_NO_SLUG = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True)
class Experiment:
    """One EXP folder: its place below the reported one, result.json, scores, short name, itself.

    ``scores`` are Scores, or Ratings.
    """

    path: PurePosixPath
    result: dict
    scores: object
    name: str
    folder: Path

    @property
    def rated(self):
        """Whether the answers are ratings."""
        return isinstance(self.scores, Ratings)

    @cached_property
    def summary(self):
        """The Summary of all scores, or the RatingSummary."""
        return (summarise_ratings if self.rated else summarise)(self.scores)

    @cached_property
    def styles(self):
        """The Summary of each style, empty with fewer than two."""
        return {} if self.rated else summarise_styles(self.scores)

    @property
    def metric(self):
        """The name of the metric that it is judged by."""
        return "CCC" if self.rated else "UA"

    @property
    def rank(self):
        """The number that is larger for the better of two: UA, or the mean CCC."""
        return self.summary.mean if self.rated else self.summary.metrics["UA"].pooled

    @property
    def standin(self):
        """Whether the recordings are made up."""
        return bool(self.result["corpus"].get("standin"))

    @property
    def folds_text(self):
        """``10``, or ``8 of 10`` when runs of two folds are missing."""
        folds = set(self.summary.folds)
        total = self.result.get("num_folds", len(folds))
        whole = folds - {fold for fold, _ in self.result.get("missing", [])}
        return str(total) if len(whole) == total else f"{len(whole)} of {total}"

    @cached_property
    def tested(self):
        """The set of (utterance, reference) that was tested."""
        scores = self.scores
        if self.rated:
            references = map(tuple, scores.reference.tolist())
        else:
            references = (scores.classes[index] for index in scores.reference)
        return frozenset(zip(scores.utterances, references, strict=True))


@dataclass(frozen=True)
class Group:
    """Experiments on one corpus, with one protocol and one set of answers: the best first.

    Attributes:
        outputs: the classes, or the dimensions that are rated.
        tag: in names of plots, where another group (of other classes) would have the same.
    """

    corpus: str
    protocol: str
    standin: bool
    outputs: tuple[str, ...]
    experiments: tuple[Experiment, ...]
    comparisons: tuple = ()
    tag: str = ""

    @property
    def rated(self):
        """Whether the answers are ratings."""
        return self.experiments[0].rated

    @property
    def metric(self):
        """The name of the metric that models are compared by."""
        return self.experiments[0].metric

    @property
    def title(self):
        """What the experiments have in common, for headings."""
        ratings = ", ratings" if self.rated else ""
        return f"{self.corpus}, protocol {self.protocol}{ratings}"

    def plot_name(self, kind, name=""):
        """The file name of a plot: letters, digits and ``_ . + -`` only."""
        parts = [kind, name, self.corpus, self.protocol, "ratings" if self.rated else ""]
        parts += [self.tag]
        return "_".join(_NO_SLUG.sub("-", part) for part in parts if part) + ".svg"


def find_groups(folder):
    """Read all experiments below ``folder``; list of Group, sorted by corpus and protocol.

    Raises:
        FileError: there is none, or one has no scores.
        InputError: a result or a table of scores cannot be used.
    """
    paths = sorted(Path(folder).rglob(RESULT_FILE))
    if not paths:
        raise FileError(f"no {RESULT_FILE} below it", folder, "experiments", "run pyser score")
    groups = {}
    for path in paths:
        experiment = _read_experiment(path, folder)
        result = experiment.result
        corpus = result["corpus"].get("name") or next(iter(experiment.path.parts), "data")
        key = (corpus, result["protocol"]["id"], experiment.standin, experiment.scores.outputs)
        groups.setdefault(key, []).append(experiment)
    made = (Group(*key, _order(_name_apart(groups[key]))) for key in sorted(groups))
    return list(_tell_plots_apart(made))


def _tell_plots_apart(groups):
    """The groups, each with plots of its own: the second of one name gets the tag 2, and so on."""
    seen = Counter()
    for group in groups:
        name = group.plot_name("")
        seen[name] += 1
        yield replace(group, tag=str(seen[name])) if seen[name] > 1 else group


def _read_experiment(path, folder):
    result = read_json(path)
    for names in (("model",), ("classes",), ("corpus",), ("protocol", "id")):
        value = result
        for name in names:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            raise InputError(f"no {'.'.join(names)}", path, "what pyser score writes")
    scores = read_answers(path.with_name(SCORES_FILE))
    if not isinstance(scores, Ratings) and list(scores.classes) != result["classes"]:
        found = f"classes {' '.join(scores.classes)}"
        expected = f"{' '.join(result['classes'])}, as in {RESULT_FILE}"
        raise InputError(found, path.with_name(SCORES_FILE), expected, "run pyser score again")
    place = PurePosixPath(path.parent.relative_to(folder).as_posix())
    return Experiment(place, result, scores, result.get("name") or result["model"], path.parent)


def _name_apart(experiments):
    """Name experiments by their model; where that is not enough, by what differs in their paths."""
    if len({experiment.name for experiment in experiments}) == len(experiments):
        return experiments
    parts = [list(experiment.path.parts) for experiment in experiments]
    while all(parts) and len({names[0] for names in parts}) == 1:
        parts = [names[1:] for names in parts]
    while all(parts) and len({names[-1] for names in parts}) == 1:
        parts = [names[:-1] for names in parts]
    return [
        replace(experiment, name="/".join(names) or experiment.name)
        for experiment, names in zip(experiments, parts, strict=True)
    ]


def _order(experiments):
    """The best first; what has no value comes last."""
    rank = {one.name: one.rank if one.rank == one.rank else -2.0 for one in experiments}
    return tuple(sorted(experiments, key=lambda one: (-rank[one.name], one.name)))
