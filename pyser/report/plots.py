"""Plots as PNG bytes, the same for the same scores (and version of matplotlib)."""

import io
from contextlib import contextmanager

import numpy as np

from pyser.score.text import STANDIN_WARNING, percent

_DOTS_PER_INCH = 120
_WARNING_COLOUR, _INK, _GREY = "#b00020", "#1f4e79", "#777777"
_DARK_SHARE = 0.55  # cells at least so full get white text


def confusion_plot(experiment, group):
    """The confusion matrix, each row as per cent of its class, with counts.

    Args:
        experiment: Experiment to show.
        group: Group it belongs to.

    Returns:
        bytes of a PNG.
    """
    summary, classes = experiment.summary, experiment.scores.classes
    matrix, size = summary.confusion, len(classes)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    ua, wa = (percent(summary.metrics[name].pooled) for name in ("UA", "WA"))
    seeds = f" over {len(summary.seeds)} seeds" if len(summary.seeds) > 1 else ""
    title = [
        f"{experiment.name}: {group.title}",
        f"UA {ua} %, WA {wa} %, folds: {experiment.folds_text}",
        f"Cells: % of the reference class (utterances{seeds})",
    ]
    side = 1.6 + 0.8 * size
    with _figure(side, side + 0.5, title, group.standin) as (figure, axes):
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for cell in np.ndindex(size, size):
            _write_cell(axes, cell, shares[cell], matrix[cell])
        crowded = max(map(len, classes)) > 5
        turned = {"rotation": 40, "ha": "right", "rotation_mode": "anchor"} if crowded else {}
        axes.set_xticks(range(size), classes, **turned)
        axes.set_yticks(range(size), classes)
        axes.set_xlabel("hypothesis (class)")
        axes.set_ylabel("reference (class)")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        return _png(figure)


def _write_cell(axes, cell, share, count):
    """The per cent, and below it the count, of the cell (row, column)."""
    row, column = cell
    if not count:
        axes.text(column, row, "0", ha="center", va="center", fontsize=8, color=_GREY)
        return
    style = {"ha": "center", "color": "white" if share >= _DARK_SHARE else "black"}
    axes.text(column, row - 0.02, f"{100 * share:.0f}", va="bottom", fontsize=11, **style)
    axes.text(column, row + 0.06, f"({count})", va="top", fontsize=8, **style)


def overview_plot(group):
    """UA of all experiments of a Group, with its 95 % intervals and the chance level.

    Returns:
        bytes of a PNG.
    """
    estimates = [experiment.summary.metrics["UA"] for experiment in group.experiments]
    names = [_overview_label(experiment) for experiment in group.experiments]
    places = range(len(names))
    with _figure(7.0, 1.9 + 0.45 * len(names), [group.title], group.standin) as (figure, axes):
        for place, estimate in zip(places, estimates, strict=True):
            span = [100 * estimate.low, 100 * estimate.high]
            axes.plot(span, [place, place], color=_INK, linewidth=2, solid_capstyle="butt")
        pooled = [100 * estimate.pooled for estimate in estimates]
        axes.plot(pooled, places, "o", color=_INK, markersize=7)
        chance = 100 * group.experiments[0].summary.chance_ua
        axes.axvline(chance, color=_GREY, linestyle="--", linewidth=1)
        low_left = {"xycoords": ("data", "axes fraction"), "textcoords": "offset points"}
        axes.annotate(
            f"chance {chance:.1f} %", (chance, 0), (4, 3), **low_left, fontsize=8, color=_GREY
        )
        axes.set_yticks(places, names)
        axes.set_ylim(len(names) - 0.2, -0.6)
        axes.set_xlim(0, 100)
        axes.set_xlabel("UA (%), with its 95 % interval over speakers")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        return _png(figure)


def _overview_label(experiment):
    """The name, the number of seeds where there are several, and whether folds are missing."""
    seeds, notes = len(experiment.summary.seeds), []
    if seeds > 1:
        notes += [f"{seeds} seeds"]
    if experiment.result.get("missing"):
        notes += [f"{experiment.folds_text} folds"]
    return experiment.name + (f"\n({', '.join(notes)})" if notes else "")


@contextmanager
def _figure(width, height, title, standin):
    """A figure (size in inches) with one axes, independent of the user's matplotlib settings."""
    # imported late: most commands draw nothing, and this takes about a second
    from matplotlib import style
    from matplotlib.figure import Figure

    with style.context("default"):
        figure = Figure((width, height), dpi=_DOTS_PER_INCH, layout="constrained")
        axes = figure.subplots()
        axes.set_title("\n".join(title), loc="left", fontsize=9)
        if standin:
            warning = STANDIN_WARNING.replace(": ", ":\n")
            figure.suptitle(warning, color=_WARNING_COLOUR, fontsize=10, fontweight="bold")
        yield figure, axes


def _png(figure):
    buffer = io.BytesIO()
    # without the name and version of the software, which matplotlib writes by default
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
