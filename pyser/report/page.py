"""``report.html``: the whole report in one file that needs no network and no other file."""

from html import escape
from pathlib import Path

import pyser
from pyser.report.charts import confusion_chart, difference_chart, speaker_chart
from pyser.report.confidence import (
    confidence_table,
    coverage_chart,
    read_confidence,
    reliability_chart,
)
from pyser.report.costs import cost_lines, cost_table
from pyser.report.curves import curve_charts, curves_by_fold
from pyser.report.explained import map_chart, read_explained, utterance_charts
from pyser.report.html import bullets, figure, figures, inline, paragraph, table_html
from pyser.report.notes import (
    CONFIDENCE_NOTE,
    CURVES_NOTE,
    INSIDE_NOTE,
    MAP_NOTE,
    header,
    notes,
    standin_note,
)
from pyser.report.overview import overview_chart, overview_table
from pyser.report.rated import estimate_text
from pyser.report.remarks import own_lines, shared_lines
from pyser.report.scatter import scatter_charts
from pyser.report.svg import style
from pyser.report.tables import (
    TRANSDUCTIVE,
    class_table,
    group_lines,
    provenance_lines,
    style_table,
    ua_text,
)
from pyser.report.tradeoff import tradeoff_chart
from pyser.score.choice import RULES
from pyser.score.text import STANDIN_WARNING

# nothing may be fetched: the browser itself refuses
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def page_html(groups, files=()):
    """The text of report.html for a list of Group, compared by the experiment ``files``."""
    note = standin_note(groups)
    head = [
        f"<!-- {header(files)} -->",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        "<title>Results</title>",
        f"<style>{style()}{_beside('page.css')}</style></head><body>",
        "<header><h1>Results</h1>",
        paragraph(note, "warning") if note else "",
        "".join(paragraph(text, "note") for text in notes(groups)) + "</header>",
        _contents(groups),
    ]
    sections = [_group(number, group) for number, group in enumerate(groups, 1)]
    foot = f"<footer>{paragraph(f'pyser {pyser.__version__}', 'note')}</footer>"
    script = f"<script>{_beside('page.js')}</script>"
    body = ["<main>", *sections, "</main>", foot, script, "</body></html>"]
    return "\n".join(["<!doctype html>", *head, *body]) + "\n"


def _beside(name):
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _contents(groups):
    items = []
    for number, group in enumerate(groups, 1):
        items.append(f'<li><a href="#g{number}">{inline(_title(group))}</a></li>')
        for place, experiment in enumerate(group.experiments, 1):
            items.append(f'<li><a href="#g{number}-{place}">{inline(experiment.name)}</a></li>')
    return f'<nav aria-label="Contents"><ul>{"".join(items)}</ul></nav>'


def _title(group):
    return f"{group.title}{' (stand-in)' if group.standin else ''}"


def _group(number, group):
    parts = [f'<section><h2 id="g{number}">{inline(_title(group))}</h2>']
    parts += [paragraph(STANDIN_WARNING, "warning")] if group.standin else []
    parts += [paragraph(" ".join(group_lines(group))), bullets(shared_lines(group))]
    parts += [table_html(overview_table(group), f"All models: {group.title}")]
    if any(experiment.result.get("transductive") for experiment in group.experiments):
        parts += [paragraph(TRANSDUCTIVE, "note")]
    if len(group.experiments) > 1:
        parts += [figure(overview_chart(group), "")]
    parts += [part for comparison in group.comparisons for part in _comparison(comparison, group)]
    confidences = [None] * len(group.experiments)
    if not group.rated:
        confidences = [read_confidence(experiment) for experiment in group.experiments]
        parts += ["<h3>How far the posteriors can be believed</h3>"]
        parts += [table_html(confidence_table(group, confidences), f"Confidence: {group.title}")]
        parts += [paragraph(CONFIDENCE_NOTE, "note")]
    parts += _costs(group)
    for place, pair in enumerate(zip(group.experiments, confidences, strict=True), 1):
        parts += [_experiment(f"g{number}-{place}", group, *pair)]
    return "\n".join([*parts, "</section>"])


def _comparison(comparison, group):
    yield f"<h3>{inline(comparison.title)}</h3>"
    yield table_html(comparison.table, f"{comparison.title}: {group.title}")
    yield from (paragraph(line, "note") for line in comparison.lines)
    if comparison.tested:
        yield figure(difference_chart(comparison, group.standin), "")


def _costs(group):
    table, chart = cost_table(group), tradeoff_chart(group)
    if table is not None:
        yield "<h3>What it costs</h3>" + table_html(table, f"Costs: {group.title}")
        yield from (paragraph(line, "note") for line in cost_lines(group))
    if chart is not None:
        yield figure(chart, "")


def _experiment(name, group, experiment, confidence):
    standin = f". {STANDIN_WARNING}" if group.standin else ""
    brief = f"{_brief(experiment)}{standin}"
    opened = " open" if experiment is group.experiments[0] else ""
    lines = [*provenance_lines(experiment, group), *own_lines(experiment, group)]
    parts = [
        f'<details id="{name}"{opened}><summary><h3>{inline(experiment.name)}</h3>'
        f'<span class="brief">{inline(brief)}</span></summary>',
        bullets(lines),
    ]
    if group.rated:
        parts += [figures(figure(chart, "") for chart in scatter_charts(experiment))]
    else:
        parts += [figures([*_answer_figures(experiment, group, confidence), _classes(experiment)])]
    styles = style_table(experiment)
    parts += [table_html(styles, f"Styles: {experiment.name}")] if styles else []
    return "\n".join([*parts, *_learning(experiment), *_inside(experiment), "</details>"])


def _brief(experiment):
    if not experiment.rated:
        return f"UA {ua_text(experiment.summary.metrics['UA'])}"
    ccc = experiment.summary.ccc.items()
    return "CCC: " + ", ".join(f"{name} {estimate_text(one)}" for name, one in ccc)


def _classes(experiment):
    return table_html(class_table(experiment), f"Classes: {experiment.name}")


def _answer_figures(experiment, group, confidence):
    name = experiment.name
    yield figure(confusion_chart(experiment, group), "")
    yield figure(speaker_chart(experiment), "UA of each speaker; n: utterances.")
    yield figure(
        reliability_chart(name, confidence),
        "Reliability: on the dashed line posteriors say what they are worth. Area: number of "
        "answers.",
    )
    yield figure(
        coverage_chart(name, confidence), "What is right when only the surest answers are given."
    )


def _learning(experiment):
    folds = curves_by_fold(experiment)
    if folds:
        yield "<h4>Learning curves</h4>" + paragraph(CURVES_NOTE, "note")
        yield figures(figure(drawing, "") for drawing in curve_charts(experiment, folds))


def _inside(experiment):
    explained = read_explained(experiment)
    if explained is None:
        return
    yield "<h4>Inside the model</h4>" + paragraph(f"{RULES} {INSIDE_NOTE}", "note")
    charts = utterance_charts(experiment, explained)
    yield figures(figure(drawing, f"Chosen: {reason}.") for reason, drawing in charts)
    drawing = map_chart(experiment, explained)
    if drawing is not None:
        info = explained.info
        caption = f"Fold {info['fold']}, seed {info['seed']}. {MAP_NOTE}"
        yield f'<div class="map">{_keys(explained)}{figure(drawing, caption)}</div>'


def _keys(explained):
    """Buttons that pick out a class or a speaker on the map."""
    speakers = sorted(set(explained.arrays["map_speaker"].tolist()))
    classes = list(enumerate(explained.info["classes"]))
    lines = [("class", "c", classes), ("speaker", "s", [(name, name) for name in speakers])]
    return "".join(
        f'<div class="keys" role="group" aria-label="Show one {words}"><span>{words}</span>'
        + "".join(
            f'<button type="button" aria-pressed="false" data-key="{key}" '
            f'value="{escape(str(value), quote=True)}">{inline(str(name))}</button>'
            for value, name in choices
        )
        + "</div>"
        for words, key, choices in lines
    )
