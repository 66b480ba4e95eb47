"""The rows of an experiment file beside each other, each tested against the reference row."""

from dataclasses import dataclass

from pyser.errors import InputError
from pyser.report.experiments import Experiment
from pyser.report.tables import Table, ua_text
from pyser.score.significance import Comparison as Paired
from pyser.score.significance import compare, holm
from pyser.score.text import percent, plural
from pyser.train.experiment import Row as PlannedRow

METRIC = "UA"  # the metric that rows are tested on
_HEADINGS = ("row<", "settings<", "seeds>", "UA [95 % interval]>")
_HEADINGS += ("difference [95 % interval]>", "p>", "p (Holm)>", "WA>", "McNemar p (WA)>")
_TOLD = {
    "published": "published elsewhere, on other protocols<",
    "reduced": "smaller here than in the paper<",
}


@dataclass(frozen=True)
class Row:
    """One row: as it was declared, its Experiment, and the paired test (none: reference)."""

    plan: PlannedRow
    experiment: Experiment
    paired: Paired | None = None
    holm_p: float | None = None

    @property
    def name(self):
        """As the experiment file calls it."""
        return self.plan.name

    @property
    def difference(self):
        """(value, low, high) of UA less that of the reference, ``None`` without a test."""
        if self.paired is None:
            return None
        metric = self.paired.metrics[METRIC]
        return metric.value, metric.low, metric.high


@dataclass(frozen=True)
class Comparison:
    """The scored rows of an experiment file, in its order; the names of those not scored."""

    title: str
    reference: str
    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def tested(self):
        """The rows with a paired test; none where the reference was not scored."""
        return [row for row in self.rows if row.paired]

    @property
    def lines(self):
        """Sentences that stand above the table."""
        return _lines(self)

    @property
    def table(self):
        """One row for each scored row of the file."""
        return _table(self)


def find_rows(plan, group):
    """Of an experiment file: (row, its Experiment in the Group) where it was scored, other names.

    Nothing is found in a group of another protocol.
    """
    same = group.protocol == plan.protocol
    folders = {one.path.parent.name: one for one in group.experiments} if same else {}
    found = [(row, folders[row.folder]) for row in plan.rows if row.folder in folders]
    return found, tuple(row.name for row in plan.rows if row.folder not in folders)


def compare_classified(plan, group):
    """The Comparison that an experiment file makes of a Group of answers with classes, or None."""
    found, missing = find_rows(plan, group)
    if len(found) < 2:
        return None
    rows = [Row(*pair) for pair in found]
    reference = next((row for row in rows if row.name == plan.reference), None)
    tested, remarks = _test(rows, reference) if reference else (rows, [])
    return Comparison(plan.title, plan.reference, tuple(tested), missing, tuple(remarks))


def row_settings(row):
    """What the file says of a row: its configuration and what it changes there."""
    changes = (f"{entry.name}={entry.value}" for entry in row.overrides)
    return " ".join([row.config.name, *changes])


def _test(rows, reference):
    """``rows`` with their paired tests against ``reference``, corrected for their number."""
    paired, remarks = {}, {}
    for row in rows:
        if row is reference:
            continue
        try:
            paired[row.name] = compare(row.experiment.scores, reference.experiment.scores)
            for remark in paired[row.name].remarks:
                remarks.setdefault(remark, []).append(row.name)
        except InputError as error:
            remarks.setdefault(f"not compared: {error}", []).append(row.name)
    corrected = dict(zip(paired, holm([_p(one) for one in paired.values()]), strict=True))
    tested = [
        Row(row.plan, row.experiment, paired.get(row.name), corrected.get(row.name)) for row in rows
    ]
    return tested, [f"{', '.join(names)}: {remark}" for remark, names in remarks.items()]


def _p(paired):
    return paired.metrics[METRIC].p


def _lines(comparison):
    tested, lines = comparison.tested, []
    if tested:
        speakers = tested[0].paired.num_speakers
        lines += [
            f"Differences are UA less that of {comparison.reference}, in points, over the same "
            "utterances. p: permutation test that swaps the answers of whole speakers, two-sided "
            f"({plural(speakers, 'speaker')}: never below {p_text(2.0 ** (1 - speakers))}); "
            f"p (Holm): corrected for the {plural(len(tested), 'test')} of this table. McNemar's "
            "test takes utterances for independent, which those of one speaker are not."
        ]
    if comparison.missing:
        lines += [f"Not scored: {', '.join(comparison.missing)}."]
    return lines + [f"Remark: {remark}." for remark in comparison.remarks]


def _table(comparison):
    rows = [_cells(row, comparison) for row in comparison.rows]
    return with_told(_HEADINGS, rows, [row.plan for row in comparison.rows])


def with_told(headings, rows, plans):
    """A Table with what the file tells of each row (``plans``): a column for what any is told."""
    told = [name for name in _TOLD if any(getattr(plan, name) for plan in plans)]
    texts = ([getattr(plan, name) or "-" for name in told] for plan in plans)
    cells = tuple((*row, *own) for row, own in zip(rows, texts, strict=True))
    return Table((*headings, *(_TOLD[name] for name in told)), cells)


def _cells(row, comparison):
    summary = row.experiment.summary
    ua, wa = summary.metrics["UA"], percent(summary.metrics["WA"].pooled)
    start = (row.name, row_settings(row.plan), str(len(summary.seeds)), ua_text(ua))
    if row.paired is None:
        word = "reference" if row.name == comparison.reference else "-"
        return (*start, word, "-", "-", wa, "-")
    value, low, high = row.difference
    span = f" [{points(low)}, {points(high)}]" if low == low else ""
    tests = (p_text(_p(row.paired)), p_text(row.holm_p), wa, p_text(row.paired.mcnemar_p))
    return (*start, points(value) + span, *tests)


def points(value):
    """A difference of shares in points, with its sign."""
    return f"{100 * value:+.1f}".replace("-", "\N{MINUS SIGN}")


def p_text(p):
    """A p value with three decimals, never rounded to zero."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
