"""Learning curves of each fold, from ``curves.tsv``."""

from collections import defaultdict

from pyser.report.svg import Drawing, Scale, nice_step, x_axis, y_axis
from pyser.score.curves import CURVES_FILE, read_curves

_WIDTH, _LEFT, _RIGHT = 204, 36, 8
_UA_BAND, _LOSS_BAND = (36, 100), (128, 192)  # top and bottom of the two halves of a panel
_HEIGHT = 226
_LOSSES = ("train_loss", "dev_loss")


def _key(rated):
    """The column by which dev judges."""
    return "dev_ccc" if rated else "dev_ua"


def curves_by_fold(experiment):
    """fold -> seed -> list of epochs (see ``read_curves``), of epochs that lack nothing.

    Empty without the file, and for a model that has no epochs but one.
    """
    path, folds = experiment.folder / CURVES_FILE, defaultdict(dict)
    needed = (_key(experiment.rated), *_LOSSES)
    for (fold, seed), line in (read_curves(path) if path.is_file() else {}).items():
        whole = [point for point in line if all(point.get(name) is not None for name in needed)]
        if len(whole) > 1:
            folds[fold][seed] = whole
    return dict(sorted(folds.items()))


def curve_charts(experiment, folds):
    """One small Drawing per fold, all with the same axes: dev UA (or CCC) above, losses below.

    Args:
        experiment: Experiment.
        folds: not empty, as from ``curves_by_fold``.
    """
    points = [point for seeds in folds.values() for line in seeds.values() for point in line]
    epochs = max(point["epoch"] for point in points)
    ceiling = nice_step(max(1e-3, *(point[name] for point in points for name in _LOSSES)))
    kept = {
        (run["fold"], run["seed"]): run.get("kept_epoch")
        for run in experiment.result.get("dev", [])
    }
    for fold, seeds in folds.items():
        label = f"{experiment.name}: dev {experiment.metric} and losses of fold {fold} by epoch"
        drawing = Drawing(_WIDTH, _HEIGHT, label)
        drawing.text(2, 13, f"fold {fold}", "strong")
        across = Scale(min(1, epochs - 1), epochs, _LEFT, _WIDTH - _RIGHT)
        epochs_kept = {seed: kept.get((fold, seed)) for seed in seeds}
        _draw_fold(drawing, across, ceiling, seeds, epochs_kept, experiment.rated)
        yield drawing


def _draw_fold(drawing, across, ceiling, seeds, kept, rated):
    right, key = _WIDTH - _RIGHT, _key(rated)
    most, title = (1, "dev CCC") if rated else (100, "dev UA (%)")
    upper, lower = Scale(0, most, *_UA_BAND[::-1]), Scale(0, ceiling, *_LOSS_BAND[::-1])
    y_axis(drawing, upper, _LEFT, right, title, (0, most / 2, most))
    y_axis(drawing, lower, _LEFT, right, "", (0, ceiling / 2, ceiling))
    y = _LOSS_BAND[0] - 8
    drawing.text(_LEFT, y, "loss:" if rated else "loss (nats):", "small")
    drawing.text(_LEFT + 68, y, "train", "small accent")
    drawing.text(_LEFT + 102, y, "dev", "small second")
    x_axis(drawing, across, _LOSS_BAND[1], "epoch", _epoch_ticks(across))
    line = _mean_line(seeds, (key, *_LOSSES))
    xs = [across(point["epoch"]) for point in line]
    drawing.path(xs, [upper(max(0, most * point[key])) for point in line], "line")
    drawing.path(xs, [lower(point["train_loss"]) for point in line], "line")
    drawing.path(xs, [lower(point["dev_loss"]) for point in line], "line second")
    for seed, own in seeds.items():
        for point in own:
            if point["epoch"] == kept[seed]:
                value = f"{100 * point[key]:.1f} %" if not rated else f"{point[key]:.3f}"
                text = f"seed {seed}: epoch {kept[seed]} kept, {title.split(' (')[0]} {value}"
                y = upper(max(0, most * point[key]))
                drawing.circle(across(point["epoch"]), y, 3.2, "dot", text)


def _mean_line(seeds, names):
    """The mean over seeds at each epoch that any of them reached, of the columns ``names``."""
    by_epoch = defaultdict(list)
    for line in seeds.values():
        for point in line:
            by_epoch[point["epoch"]].append(point)
    return [
        {"epoch": epoch}
        | {name: sum(point[name] for point in points) / len(points) for name in names}
        for epoch, points in sorted(by_epoch.items())
    ]


def _epoch_ticks(scale):
    """Round epochs, at most about four."""
    return [tick for tick in scale.ticks(4) if tick == int(tick) and tick >= 1] or [scale.high]
