"""Numbers as text: per cent with one decimal, and the summary that `pyser score` prints."""

import math

from pyser.score.selective import SHOWN

STANDIN_WARNING = "Synthetic stand-in corpus: these numbers say nothing about real speech"


def percent(value):
    """A share in [0, 1] as per cent with one decimal, ``-`` when undefined."""
    return "-" if math.isnan(value) else f"{100 * value:.1f}"


def interval(estimate, template="{} to {}", show=None):
    """The interval of an Estimate (or Difference) as text, ``-`` when there is none.

    Args:
        estimate: what has ``low`` and ``high``.
        template: where the two go.
        show: makes text of one, ``percent`` unless told.
    """
    if math.isnan(estimate.low):
        return "-"
    return template.format(*map(show or percent, (estimate.low, estimate.high)))


def spread(estimate, sign="+-"):
    """Mean of folds and standard deviation over them, the latter only when there are several."""
    mean = percent(estimate.folds_mean)
    return (
        mean if math.isnan(estimate.folds_std) else f"{mean} {sign} {percent(estimate.folds_std)}"
    )


def points(value):
    """A difference in [-1, 1] as percentage points with its sign, ``-`` when undefined."""
    return "-" if math.isnan(value) else f"{100 * value:+.1f}"


def probability(p):
    """A p value as text, with two digits that count: ``0.031``, ``<0.0001``."""
    if p < 1e-4:
        return "<0.0001"
    return f"{p:.4f}" if p < 0.01 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def plural(count, noun):
    """``1 fold``, ``5 folds``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def summary_text(summary, classes):
    """The Summary as lines of plain text, for a terminal."""
    sections = [
        _metrics_lines(summary),
        _class_lines(summary, classes),
        _confusion_lines(summary.confusion, classes),
    ]
    return "\n\n".join("\n".join(section) for section in sections)


def posteriors_text(calibration, selective):
    """What the posteriors are worth, in two lines: a Calibration and a Selective."""
    before, after = calibration.before, calibration.after
    fitted = ("", "") if after is None else (f" ({percent(after.ece)})", f" ({after.nll:.3f})")
    lines = [
        f"posteriors: ECE {percent(before.ece)}{fitted[0]}, of bins of equal mass "
        f"{percent(before.ece_equal_mass)}; NLL {before.nll:.3f}{fitted[1]} nats"
        + ("" if after is None else "; in brackets: temperatures fitted on dev")
    ]
    shown = (f"{percent(selective.at(share))} of {100 * share:.0f} %" for share in SHOWN)
    risk = percent(selective.aurc)
    lines += [f"right among the surest answers: {', '.join(shown)}; AURC {risk}"]
    return "\n".join(lines)


def _metrics_lines(summary):
    several = len(summary.seeds) > 1
    lines = [f"{'per cent':<10}{'pooled':>8}{'95 % interval':>17}{'mean of folds +- std':>24}"]
    for name, estimate in summary.metrics.items():
        pooled = percent(estimate.pooled)
        lines.append(f"{name:<10}{pooled:>8}{interval(estimate):>17}{spread(estimate):>24}")
        if several:
            values = " ".join(map(percent, estimate.by_seed))
            lines[-1] += f"   seeds: {values}"
    counts = [
        plural(len(summary.folds), "fold"),
        plural(len(summary.seeds), "seed"),
        plural(summary.num_utterances, "utterance"),
        plural(summary.num_speakers, "speaker"),
    ]
    pooled = "over all folds; each seed alone, then the mean of seeds" if several else "all folds"
    drawn = "speakers and seeds" if several else "speakers"
    return [
        *lines,
        f"({', '.join(counts)}; pooled: {pooled}; interval: over {drawn})",
        f"knowing nothing: UA {percent(summary.chance_ua)}; always the most frequent class: "
        f"WA {percent(summary.chance_wa)}",
    ]


def _class_lines(summary, classes):
    width = max(8, *map(len, classes)) + 2
    lines = [f"{'class':<{width}}{'recall':>9}{'precision':>11}{'F1':>7}{'count':>8}"]
    for index, name in enumerate(classes):
        values = {key: column[index] for key, column in summary.per_class.items()}
        lines.append(
            f"{name:<{width}}{percent(values['recall']):>9}{percent(values['precision']):>11}"
            f"{percent(values['f1']):>7}{values['count']:>8}"
        )
    return lines


def _confusion_lines(matrix, classes):
    label = "confusion"
    first = max(len(label), *map(len, classes)) + 2
    widths = [max(len(name), len(str(matrix.max()))) + 2 for name in classes]
    head = "".join(f"{name:>{width}}" for name, width in zip(classes, widths, strict=True))
    lines = [f"{label:<{first}}{head}   (rows: reference, columns: hypothesis)"]
    for name, row in zip(classes, matrix, strict=True):
        cells = "".join(f"{count:>{width}}" for count, width in zip(row, widths, strict=True))
        lines.append(f"{name:<{first}}{cells}")
    return lines
