"""The tables and lists of a report, as cells of text: for Markdown and for the page alike."""

from dataclasses import dataclass

import numpy as np

from pyser.report.settings import unusual_settings
from pyser.score.ratingsummary import ccc_text
from pyser.score.text import interval, percent, plural, spread

TRANSDUCTIVE = (
    "† transductive: features are normalised by the statistics of each speaker's own utterances, "
    "those of test speakers included; labels serve only to choose the utterances of the protocol."
)
# headings; the sign at the end says at which side a column is aligned
_METRICS = ("WA>", "UA [95 % interval]>", "macro-F1>")
_OVERVIEW = ("model<", "seeds>", "folds>", *_METRICS, "WA by fold>", "UA by fold>")
_OVERVIEW += ("normalisation<",)
_CLASSES = ("class<", "recall>", "precision>", "F1>", "count>")
_STYLES = ("style<", "utterances>", *_METRICS)


@dataclass(frozen=True)
class Table:
    """Headings, each ending in ``<`` or ``>`` for the side it is aligned at, and rows of text."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def classified_table(group):
    """One row for each experiment of a Group."""
    return Table(_OVERVIEW, tuple(_overview_row(one) for one in group.experiments))


def _overview_row(experiment):
    metrics = experiment.summary.metrics
    return (
        experiment.name,
        str(len(experiment.summary.seeds)),
        experiment.folds_text,
        percent(metrics["WA"].pooled),
        ua_text(metrics["UA"]),
        percent(metrics["macro-F1"].pooled),
        spread(metrics["WA"], "±"),
        spread(metrics["UA"], "±"),
        normalisation_text(experiment),
    )


def normalisation_text(experiment):
    """By which statistics features were normalised; marked where those are the speakers' own."""
    mark = " †" if experiment.result.get("transductive") else ""
    return f"{experiment.result.get('normalisation') or '-'}{mark}"


def class_table(experiment):
    """Recall, precision and F1 of each class."""
    table, rows = experiment.summary.per_class, []
    for index, name in enumerate(experiment.scores.classes):
        values = (percent(table[key][index]) for key in ("recall", "precision", "f1"))
        rows.append((name, *values, str(table["count"][index])))
    return Table(_CLASSES, tuple(rows))


def style_table(experiment):
    """The metrics of each style, ``None`` with fewer than two."""
    rows = []
    for name, part in experiment.styles.items():
        wa, ua, f1 = (part.metrics[key] for key in ("WA", "UA", "macro-F1"))
        cells = (percent(wa.pooled), ua_text(ua), percent(f1.pooled))
        rows.append((name, str(part.num_utterances), *cells))
    return Table(_STYLES, tuple(rows)) if rows else None


def ua_text(estimate):
    """``71.6 [67.2, 75.4]``."""
    return f"{percent(estimate.pooled)} {interval(estimate, '[{}, {}]')}"


def group_lines(group):
    """Sentences about what the experiments of a Group were tested on."""
    first = group.experiments[0]
    description = first.result["protocol"].get("description")
    lines = [_sentence(description)] if description else []
    kind = "dimensions" if group.rated else "classes"
    lines += [f"{len(group.outputs)} {kind}: {', '.join(group.outputs)}."]
    policy = first.result["corpus"].get("labels")
    lines += [f"Label policy of `pyser prepare`: {policy}."] if policy else []
    chance = "Knowing nothing: CCC 0." if group.rated else _chance_text(first)
    return [*lines, _tested_text(group), chance]


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


def provenance_lines(experiment, group):
    """How an experiment was made, one item per line."""
    result = experiment.result
    lines = []
    if result.get("command"):
        commit = f" (commit `{result['commit']}`)" if result.get("commit") else ""
        lines += [f"Command: `{result['command']}`{commit}"]
    if result.get("versions"):
        versions = (f"{name} {version}" for name, version in sorted(result["versions"].items()))
        lines += [f"Versions: {', '.join(versions)}"]
    lines += _machine_lines(result)
    settings = unusual_settings(experiment, group.experiments)
    if settings:
        pairs = (f"`{name}={value}`" for name, value in settings.items())
        lines += [f"Settings that most models above do not share: {', '.join(pairs)}"]
    return [*lines, *_dev_lines(experiment), *_seed_lines(experiment)]


def _dev_lines(experiment):
    """What the dev part said, on average."""
    key, form = ("dev_ccc", ccc_text) if experiment.rated else ("dev_ua", percent)
    told = experiment.result.get("dev", [])
    dev = [run[key] for run in told if run.get(key) is not None]
    if not dev:
        return []
    runs, use = plural(len(dev), "run"), _use_of_dev(experiment.result)
    return [f"Dev {experiment.metric} {form(sum(dev) / len(dev))}, mean of {runs} ({use})"]


def _seed_lines(experiment):
    if len(experiment.summary.seeds) < 2:
        return []
    if not experiment.rated:
        by_seed = experiment.summary.metrics["UA"].by_seed
        return [f"UA by seed: {', '.join(map(percent, by_seed))}"]
    parts = (
        f"{name} {', '.join(map(ccc_text, estimate.by_seed))}"
        for name, estimate in experiment.summary.ccc.items()
    )
    return [f"CCC by seed: {'; '.join(parts)}"]


def _use_of_dev(result):
    """What the dev part decided within a run."""
    if (result.get("config") or {}).get("train", {}).get("keep") == "last":
        return "the last epoch was kept, whatever dev says"
    epochs = any((run.get("kept_epoch") or 0) > 1 for run in result["dev"])
    return "the epoch was chosen by it" if epochs else "what was chosen was chosen by it"


def _machine_lines(result):
    """Where, and from which inputs and code, as far as a result tells."""
    machine, digests = result.get("environment") or {}, result.get("digests") or {}
    parts = [machine[name] for name in ("cpu", "gpu", "os") if machine.get(name)]
    parts += [f"torch {machine['torch']}"] if machine.get("torch") else []
    parts += [f"{plural(machine['threads'], 'thread')} a run"] if machine.get("threads") else []
    lines = [f"Machine: {'; '.join(parts)}"] if parts else []
    short = [f"{name} `{digests[name][:12]}`" for name in sorted(digests) if name != "request"]
    return lines + ([f"Digests: {', '.join(short)}"] if short else [])


def _sentence(text):
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
