"""Learning curves of each fold, from ``curves.tsv``."""

from collections import defaultdict

from pyser.report.svg import Drawing, Scale, nice_step, x_axis, y_axis
from pyser.score.curves import CURVES_FILE, read_curves

_WIDTH, _LEFT, _RIGHT = 204, 36, 8
_UA_BAND, _LOSS_BAND = (36, 100), (128, 192)  # top and bottom of the two halves of a panel
_HEIGHT = 226
_SERIES = ("dev_ua", "train_loss", "dev_loss")


def curves_by_fold(experiment):
    """fold -> seed -> list of epochs (see ``read_curves``), of epochs that lack nothing.

    Empty without the file, and for a model that has no epochs but one.
    """
    path, folds = experiment.folder / CURVES_FILE, defaultdict(dict)
    for (fold, seed), line in (read_curves(path) if path.is_file() else {}).items():
        whole = [point for point in line if all(point[name] is not None for name in _SERIES)]
        if len(whole) > 1:
            folds[fold][seed] = whole
    return dict(sorted(folds.items()))


def curve_charts(experiment, folds):
    """One small Drawing per fold, all with the same axes: dev UA above, losses below.

    Args:
        experiment: Experiment.
        folds: not empty, as from ``curves_by_fold``.
    """
    points = [point for seeds in folds.values() for line in seeds.values() for point in line]
    epochs = max(point["epoch"] for point in points)
    ceiling = nice_step(max(1e-3, *(point[name] for point in points for name in _SERIES[1:])))
    kept = {
        (run["fold"], run["seed"]): run.get("kept_epoch")
        for run in experiment.result.get("dev", [])
    }
    for fold, seeds in folds.items():
        label = f"{experiment.name}: dev UA and losses of fold {fold} by epoch"
        drawing = Drawing(_WIDTH, _HEIGHT, label)
        drawing.text(2, 13, f"fold {fold}", "strong")
        across = Scale(min(1, epochs - 1), epochs, _LEFT, _WIDTH - _RIGHT)
        epochs_kept = {seed: kept.get((fold, seed)) for seed in seeds}
        _draw_fold(drawing, across, ceiling, seeds, epochs_kept)
        yield drawing


def _draw_fold(drawing, across, ceiling, seeds, kept):
    right = _WIDTH - _RIGHT
    upper, lower = Scale(0, 100, *_UA_BAND[::-1]), Scale(0, ceiling, *_LOSS_BAND[::-1])
    y_axis(drawing, upper, _LEFT, right, "dev UA (%)", (0, 50, 100))
    y_axis(drawing, lower, _LEFT, right, "", (0, ceiling / 2, ceiling))
    y = _LOSS_BAND[0] - 8
    drawing.text(_LEFT, y, "loss (nats):", "small")
    drawing.text(_LEFT + 68, y, "train", "small accent")
    drawing.text(_LEFT + 102, y, "dev", "small second")
    x_axis(drawing, across, _LOSS_BAND[1], "epoch", _epoch_ticks(across))
    line = _mean_line(seeds)
    xs = [across(point["epoch"]) for point in line]
    drawing.path(xs, [upper(100 * point["dev_ua"]) for point in line], "line")
    drawing.path(xs, [lower(point["train_loss"]) for point in line], "line")
    drawing.path(xs, [lower(point["dev_loss"]) for point in line], "line second")
    for seed, own in seeds.items():
        for point in own:
            if point["epoch"] == kept[seed]:
                ua = 100 * point["dev_ua"]
                title = f"seed {seed}: epoch {kept[seed]} kept, dev UA {ua:.1f} %"
                drawing.circle(across(point["epoch"]), upper(ua), 3.2, "dot", title)


def _mean_line(seeds):
    """The mean over seeds at each epoch that any of them reached."""
    by_epoch = defaultdict(list)
    for line in seeds.values():
        for point in line:
            by_epoch[point["epoch"]].append(point)
    return [
        {"epoch": epoch}
        | {name: sum(point[name] for point in points) / len(points) for name in _SERIES}
        for epoch, points in sorted(by_epoch.items())
    ]


def _epoch_ticks(scale):
    """Round epochs, at most about four."""
    return [tick for tick in scale.ticks(4) if tick == int(tick) and tick >= 1] or [scale.high]
