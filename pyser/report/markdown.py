"""RESULTS.md: for each corpus and protocol the tables, then each model's details."""

from textwrap import fill

from pyser.report.confidence import confidence_table, read_confidence
from pyser.report.costs import cost_lines, cost_table
from pyser.report.notes import CONFIDENCE_NOTE, header, notes, standin_note
from pyser.report.overview import overview_table
from pyser.report.remarks import own_lines, shared_lines
from pyser.report.tables import (
    TRANSDUCTIVE,
    class_table,
    group_lines,
    provenance_lines,
    style_table,
)
from pyser.report.tradeoff import has_tradeoff

PLOTS = "plots"  # the folder beside RESULTS.md


def results_text(groups, files=()):
    """The text of RESULTS.md for a list of Group, compared by the experiment ``files``."""
    lines = [f"<!-- {header(files)} -->", "", "# Results", ""]
    note = standin_note(groups)
    lines += [f"> **{note}**", ""] if note else []
    lines += [line for text in notes(groups) for line in (text, "")]
    for group in groups:
        lines += _group_lines(group)
        for experiment in group.experiments:
            lines += _experiment_lines(experiment, group)
    return "\n".join(lines).rstrip("\n") + "\n"


def _group_lines(group):
    description, *rest = _paragraphs(group)
    lines = [f"## {group.title}{' (stand-in)' if group.standin else ''}", "", *description, *rest]
    lines += ["", *_table(overview_table(group))]
    if any(experiment.result.get("transductive") for experiment in group.experiments):
        lines += [TRANSDUCTIVE, ""]
    if len(group.experiments) > 1:
        plot = group.plot_name(group.metric.lower())
        lines += [f"![{group.metric} of all models]({PLOTS}/{plot})", ""]
    shared = shared_lines(group)
    lines += [*(f"- {line}" for line in shared), ""] if shared else []
    for comparison in group.comparisons:
        lines += [f"### {comparison.title}", ""]
        lines += [*comparison.lines, "", *_table(comparison.table)]
        plot = group.plot_name("difference", comparison.title)
        lines += [f"![Differences of UA]({PLOTS}/{plot})", ""] if comparison.tested else []
    if group.rated:
        return lines + _cost_lines(group)
    confidences = [read_confidence(experiment) for experiment in group.experiments]
    lines += ["### How far the posteriors can be believed", ""]
    lines += [*_table(confidence_table(group, confidences)), CONFIDENCE_NOTE, ""]
    return lines + _cost_lines(group)


def _cost_lines(group):
    table = cost_table(group)
    if table is None:
        return []
    lines = ["### What it costs", "", *_table(table)]
    for line in cost_lines(group):
        lines += [fill(line, 100), ""]
    if has_tradeoff(group):
        lines += [f"![UA and what it costs]({PLOTS}/{group.plot_name('cost')})", ""]
    return lines


def _paragraphs(group):
    """The sentences about a Group: the description of its protocol is a paragraph of its own."""
    sentences = group_lines(group)
    if group.experiments[0].result["protocol"].get("description"):
        return [[sentences[0], ""], *sentences[1:]]
    return [[], *sentences]


def _experiment_lines(experiment, group):
    items = [*provenance_lines(experiment, group)]
    if not group.rated:
        confusion = group.plot_name("confusion", experiment.name)
        items += [f"[Confusion matrix]({PLOTS}/{confusion})"]
    items += own_lines(experiment, group)
    lines = [f"### {experiment.name}", "", *(f"- {item}" for item in items), ""]
    if group.rated:
        return lines
    tables = [class_table(experiment), style_table(experiment)]
    return lines + [line for table in tables if table for line in _table(table)]


def _table(table):
    """A Markdown table and an empty line."""
    names = [heading.rstrip("<>") for heading in table.headings]
    rule = [":--" if heading.endswith("<") else "--:" for heading in table.headings]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in table.rows]
    return ["| " + " | ".join(row) + " |" for row in [names, rule, *escaped]] + [""]
