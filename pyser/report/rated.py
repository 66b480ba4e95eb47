"""Experiments that answer with ratings: CCC of each dimension in a table, a figure, comparisons."""

import math
from dataclasses import dataclass

from pyser.errors import InputError
from pyser.report.charts import dot_plot
from pyser.report.comparisons import find_rows, p_text, row_settings, with_told
from pyser.report.svg import x_axis
from pyser.report.tables import Table, normalisation_text
from pyser.score.paired import unequal_terms
from pyser.score.ratingsummary import ccc_text, compare_ratings, span_text
from pyser.score.significance import holm
from pyser.score.text import plural

_HEADINGS = ("row<", "settings<", "seeds>", "dimension<", "CCC [95 % interval]>")
_HEADINGS += ("difference [95 % interval]>", "p>", "p (Holm)>")


def rated_table(group):
    """One row for each experiment of a Group with ratings."""
    headings = [f"CCC {name} [95 % interval]>" for name in group.outputs]
    rows = tuple(_overview_row(one) for one in group.experiments)
    return Table(("model<", "seeds>", "folds>", *headings, "mean>", "normalisation<"), rows)


def _overview_row(experiment):
    summary = experiment.summary
    return (
        experiment.name,
        str(len(summary.seeds)),
        experiment.folds_text,
        *map(estimate_text, summary.ccc.values()),
        ccc_text(summary.mean),
        normalisation_text(experiment),
    )


def estimate_text(estimate):
    """``0.518 [0.421, 0.603]``."""
    return f"{ccc_text(estimate.pooled)} {span_text(estimate)}"


def ccc_chart(group):
    """CCC of all experiments of a Group, by dimension, with 95 % intervals (Drawing)."""
    rows = [
        (f"{one.name}: {dimension}", one.summary.ccc[dimension])
        for dimension in group.outputs
        for one in group.experiments
    ]
    shown = [e for _, one in rows for e in (one.pooled, one.low) if math.isfinite(e)]
    low = min([0.0, *(math.floor(5 * value) / 5 for value in shown)])
    labels = [label for label, _ in rows]
    title = f"CCC of all models: {group.title}"
    drawing, scale, tops = dot_plot(labels, (low, 1), title, group.standin)
    bottom = drawing.height - 40
    ticks = [tick / 5 for tick in range(round(5 * low), 6)]
    x_axis(drawing, scale, bottom, "CCC, with its 95 % interval", ticks, tops[0] - 8)
    drawing.line(scale(0), tops[0] - 16, scale(0), bottom, "dashed")
    for (label, estimate), y in zip(rows, tops, strict=True):
        if math.isfinite(estimate.low):
            drawing.line(scale(estimate.low), y, scale(estimate.high), y, "bar")
        if math.isfinite(estimate.pooled):
            text = f"{label} {estimate_text(estimate)}"
            drawing.circle(scale(estimate.pooled), y, 5, "dot", text)
    return drawing


@dataclass(frozen=True)
class RatedComparison:
    """The scored rows of an experiment file, in its order; the names of those not scored.

    Attributes:
        rows: list of (plan, Experiment, dimension -> Difference, or None, dimension -> Holm's p).
    """

    title: str
    reference: str
    dimensions: tuple[str, ...]
    rows: tuple
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    tested = ()  # no figure of differences

    @property
    def lines(self):
        """Sentences that stand above the table."""
        tests = sum(len(row[2] or ()) for row in self.rows)
        lines = []
        if tests:
            lines += [
                f"Differences are CCC less that of {self.reference}, with their 95 % intervals. p: "
                "permutation test that swaps the answers of whole speakers, two-sided; p (Holm): "
                f"corrected for the {plural(tests, 'test')} of this table."
            ]
        lines += [f"Not scored: {', '.join(self.missing)}."] if self.missing else []
        return lines + [f"Remark: {remark}." for remark in self.remarks]

    @property
    def table(self):
        """For each scored row of the file a line for each dimension."""
        lines = [line for row in self.rows for line in self._cells(*row)]
        return with_told(_HEADINGS, lines, [row[0] for row in self.rows for _ in self.dimensions])

    def _cells(self, plan, experiment, differences, corrected):
        start = (plan.name, row_settings(plan), str(len(experiment.summary.seeds)))
        for name in self.dimensions:
            tested = ("reference" if plan.name == self.reference else "-", "-")
            if differences is not None:
                one = differences[name]
                difference = f"{ccc_text(one.value, '+')} {span_text(one, sign='+')}"
                tested = difference, p_text(one.p), p_text(corrected[name])
            own = estimate_text(experiment.summary.ccc[name])
            yield (*start, name, own, *tested, *("-" for _ in range(3 - len(tested))))


def compare_rated(plan, group):
    """The RatedComparison that an experiment file makes of the experiments of a Group, or None."""
    found, missing = find_rows(plan, group)
    if len(found) < 2:
        return None
    reference = next((one for row, one in found if row.name == plan.reference), None)
    tested, remarks = {}, []
    for row, experiment in found:
        if reference is None or experiment is reference:
            continue
        try:
            names = row.name, plan.reference
            tested[row.name] = compare_ratings(experiment.scores, reference.scores, names)
            terms = unequal_terms(experiment.scores, reference.scores, names)
            remarks += [f"{row.name}: {remark}" for remark in terms]
        except InputError as error:
            remarks.append(f"{row.name}: not compared: {error}")
    keys = [(row, name) for row, parts in tested.items() for name in parts]
    ps = dict(zip(keys, holm([tested[row][name].p for row, name in keys]), strict=True))
    rows = tuple(
        (row, one, tested.get(row.name), {n: ps.get((row.name, n)) for n in group.outputs})
        for row, one in found
    )
    told = plan.title, plan.reference, group.outputs, rows, missing, tuple(remarks)
    return RatedComparison(*told)
