"""RESULTS.md: for each corpus and protocol one table, then each model's details."""

import numpy as np

from pyser.score.intervals import METHOD
from pyser.score.text import STANDIN_WARNING, interval, percent, plural, spread

HEADER = "<!-- Written by `pyser report`. Do not edit: run it again. -->"
TRANSDUCTIVE = (
    "† transductive: features are normalised by the statistics of each speaker's own utterances, "
    "those of test speakers included; labels serve only to choose the utterances of the protocol."
)
NOTES = f"""\
All numbers are per cent. WA: share of utterances that are right. UA: mean of the recalls of the
classes that occur. Both and macro-F1 are counted over the utterances of all folds together; with
several seeds, for each seed, then averaged. [Low, high]: 95 % interval
({METHOD});
with a single seed it does not cover what another seed would give. By fold: mean ± standard
deviation over folds, each fold counting the same. Counts add up over seeds. Numbers of
different protocols or corpora cannot be compared."""
PLOTS = "plots"  # the folder beside RESULTS.md
# headings of the tables; the sign at the end says at which side a column is aligned
_METRICS = ["WA>", "UA [95 % interval]>", "macro-F1>"]
_OVERVIEW = ["model<", "seeds>", "folds>", *_METRICS, "WA by fold>", "UA by fold>", "parameters>"]
_OVERVIEW += ["normalisation<"]
_CLASSES = ["class<", "recall>", "precision>", "F1>", "count>"]
_STYLES = ["style<", "utterances>", *_METRICS]


def results_text(groups):
    """The text of RESULTS.md for a list of Group."""
    lines = [HEADER, "", "# Results", ""]
    if any(group.standin for group in groups):
        some = "" if all(group.standin for group in groups) else "Where marked (stand-in): "
        lines += [f"> **{some}{STANDIN_WARNING}.**", ""]
    lines += [NOTES, ""]
    for group in groups:
        lines += _group_lines(group)
        for experiment in group.experiments:
            lines += _experiment_lines(experiment, group)
    return "\n".join(lines).rstrip("\n") + "\n"


def _group_lines(group):
    first = group.experiments[0]
    lines = [f"## {group.title}{' (stand-in)' if group.standin else ''}", ""]
    description = first.result["protocol"].get("description")
    lines += [_sentence(description), ""] if description else []
    lines += [f"{len(group.classes)} classes: {', '.join(group.classes)}."]
    policy = first.result["corpus"].get("labels")
    lines += [f"Label policy of `pyser prepare`: {policy}."] if policy else []
    lines += [_tested_text(group), _chance_text(first), ""]
    lines += _table(_OVERVIEW, [_overview_row(experiment) for experiment in group.experiments])
    if any(experiment.result.get("transductive") for experiment in group.experiments):
        lines += [TRANSDUCTIVE, ""]
    if len(group.experiments) > 1:
        lines += [f"![UA of all models]({PLOTS}/{group.plot_name('ua')})", ""]
    return lines


def _tested_text(group):
    """How many utterances were tested; says so when the models were not tested on the same."""
    first = group.experiments[0]
    if all(experiment.tested == first.tested for experiment in group.experiments):
        utterances = plural(first.summary.num_utterances, "utterance")
        return f"Tested: {utterances} of {plural(first.summary.num_speakers, 'speaker')}."
    counts = ", ".join(
        f"{experiment.name} {experiment.summary.num_utterances}" for experiment in group.experiments
    )
    return f"**Not all models were tested on the same utterances** ({counts})."


def _chance_text(experiment):
    summary, classes = experiment.summary, experiment.scores.classes
    largest = classes[int(np.argmax(summary.per_class["count"]))]
    occurring = int((summary.per_class["count"] > 0).sum())
    return (
        f"Chance level: UA {percent(summary.chance_ua)} (1 / {occurring}); always answering "
        f"{largest} gives WA {percent(summary.chance_wa)}."
    )


def _overview_row(experiment):
    metrics, result = experiment.summary.metrics, experiment.result
    mark = " †" if result.get("transductive") else ""
    parameters = result.get("num_parameters")
    return [
        experiment.name,
        str(len(experiment.summary.seeds)),
        experiment.folds_text,
        percent(metrics["WA"].pooled),
        _ua_text(metrics["UA"]),
        percent(metrics["macro-F1"].pooled),
        spread(metrics["WA"], "±"),
        spread(metrics["UA"], "±"),
        "-" if parameters is None else f"{parameters:,}",
        f"{result.get('normalisation') or '-'}{mark}",
    ]


def _experiment_lines(experiment, group):
    lines = [f"### {experiment.name}", "", *_provenance_lines(experiment, group)]
    confusion = group.plot_name("confusion", experiment.name)
    lines += [f"- [Confusion matrix]({PLOTS}/{confusion})", *_remark_lines(experiment), ""]
    lines += _table(_CLASSES, list(_class_rows(experiment)))
    return lines + (_table(_STYLES, list(_style_rows(experiment))) if experiment.styles else [])


def _class_rows(experiment):
    table = experiment.summary.per_class
    for index, name in enumerate(experiment.scores.classes):
        values = (percent(table[key][index]) for key in ("recall", "precision", "f1"))
        yield [name, *values, str(table["count"][index])]


def _style_rows(experiment):
    for name, part in experiment.styles.items():
        wa, ua, f1 = (part.metrics[key] for key in ("WA", "UA", "macro-F1"))
        yield [name, str(part.num_utterances), percent(wa.pooled), _ua_text(ua), percent(f1.pooled)]


def _provenance_lines(experiment, group):
    result = experiment.result
    lines = []
    if result.get("command"):
        commit = f" (commit `{result['commit']}`)" if result.get("commit") else ""
        lines += [f"- Command: `{result['command']}`{commit}"]
    if result.get("versions"):
        versions = (f"{name} {version}" for name, version in sorted(result["versions"].items()))
        lines += [f"- Versions: {', '.join(versions)}"]
    settings = differing_settings(experiment, group.experiments)
    if settings:
        pairs = (f"`{name}={value}`" for name, value in settings.items())
        lines += [f"- Settings that differ between the models above: {', '.join(pairs)}"]
    dev = [run["dev_ua"] for run in result.get("dev", []) if run.get("dev_ua") is not None]
    if dev:
        lines += [
            f"- Dev UA {percent(sum(dev) / len(dev))}, mean of {plural(len(dev), 'run')} "
            "(the epoch was chosen by it)"
        ]
    by_seed = experiment.summary.metrics["UA"].by_seed
    if len(by_seed) > 1:
        lines += [f"- UA by seed: {', '.join(map(percent, by_seed))}"]
    return lines


def differing_settings(experiment, experiments):
    """The settings (dotted name -> value) that not all ``experiments`` have with the same value."""
    flat = [_flatten(other.result.get("config") or {}) for other in experiments]
    own = _flatten(experiment.result.get("config") or {})
    return {
        name: own[name]
        for name in sorted(own)
        if any(name not in other or other[name] != own[name] for other in flat)
    }


def _flatten(config, prefix=""):
    flat = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat


def _remark_lines(experiment):
    missing = [f"fold {fold} seed {seed}" for fold, seed in experiment.result.get("missing", [])]
    lines = [f"- **Incomplete**: not scored are {', '.join(missing)}"] if missing else []
    remarks = dict.fromkeys([*experiment.result.get("remarks", []), *experiment.scores.findings])
    return lines + [f"- Remark: {remark}" for remark in remarks]


def _ua_text(estimate):
    return f"{percent(estimate.pooled)} {interval(estimate, '[{}, {}]')}"


def _table(headings, rows):
    """A Markdown table and an empty line, from headings with ``<`` or ``>`` for their side."""
    names = [heading.rstrip("<>") for heading in headings]
    rule = [":--" if heading.endswith("<") else "--:" for heading in headings]
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [names, rule, *escaped]] + [""]


def _sentence(text):
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
