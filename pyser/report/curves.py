"""Learning curves of each fold, from ``curves.tsv``."""

from collections import defaultdict

from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError
from pyser.report.svg import Drawing, Scale, nice_step, x_axis, y_axis

CURVES_FILE = "curves.tsv"
_WIDTH, _LEFT, _RIGHT = 200, 34, 8
_UA_BAND, _LOSS_BAND = (36, 100), (128, 192)  # top and bottom of the two halves of a panel
_HEIGHT = 236


def read_curves(folder):
    """The curves of an experiment folder.

    Returns:
        dict from fold to dict from seed to list of epochs, each a dict of epoch, train_loss,
        dev_loss and dev_ua (float; the losses in nats, UA in [0, 1]); empty without the file.

    Raises:
        InputError: the file lacks a column or holds what is no number.
    """
    path = folder / CURVES_FILE
    if not path.is_file():
        return {}
    header, *lines = [line.split("\t") for line in text_lines(read_text(path))]
    curves = defaultdict(lambda: defaultdict(list))
    for number, cells in enumerate(lines, 2):
        row = dict(zip(header, cells, strict=False))
        try:
            point = {name: float(row[name]) for name in ("train_loss", "dev_loss", "dev_ua")}
            fold, seed, epoch = (int(row[name]) for name in ("fold", "seed", "epoch"))
        except (KeyError, ValueError) as error:
            expected = "the columns fold seed epoch train_loss dev_loss dev_ua, all numbers"
            raise InputError(f"cannot be used ({error})", f"{path}:{number}", expected) from None
        curves[fold][seed].append(point | {"epoch": epoch})
    return {fold: dict(seeds) for fold, seeds in sorted(curves.items())}


def curve_charts(experiment, curves):
    """One small Drawing per fold, all with the same axes: dev UA above, losses below."""
    points = [point for seeds in curves.values() for line in seeds.values() for point in line]
    epochs = max(point["epoch"] for point in points)
    losses = max(max(point["train_loss"], point["dev_loss"]) for point in points)
    chosen = {
        (run["fold"], run["seed"]): run.get("best_epoch")
        for run in experiment.result.get("dev", [])
    }
    ceiling = nice_step(losses)
    for fold, seeds in curves.items():
        label = f"{experiment.name}: dev UA and losses of fold {fold} by epoch"
        drawing = Drawing(_WIDTH, _HEIGHT, label)
        drawing.text(2, 13, f"fold {fold}", "strong")
        across = Scale(min(1, epochs - 1), epochs, _LEFT, _WIDTH - _RIGHT)
        epochs_chosen = {seed: chosen.get((fold, seed)) for seed in seeds}
        _draw_fold(drawing, across, ceiling, seeds, epochs_chosen)
        yield drawing


def _draw_fold(drawing, across, ceiling, seeds, chosen):
    right = _WIDTH - _RIGHT
    upper, lower = Scale(0, 100, *_UA_BAND[::-1]), Scale(0, ceiling, *_LOSS_BAND[::-1])
    y_axis(drawing, upper, _LEFT, right, "dev UA (%)", (0, 50, 100))
    y_axis(drawing, lower, _LEFT, right, "", (0, ceiling / 2, ceiling))
    y = _LOSS_BAND[0] - 8
    drawing.text(_LEFT, y, "loss (nats):", "small")
    drawing.text(_LEFT + 66, y, "train", "small accent")
    drawing.text(_LEFT + 98, y, "dev", "small second")
    x_axis(drawing, across, _LOSS_BAND[1], "epoch", _epoch_ticks(across))
    line = _mean_line(seeds)
    xs = [across(point["epoch"]) for point in line]
    drawing.path(xs, [upper(100 * point["dev_ua"]) for point in line], "thin")
    drawing.path(xs, [lower(point["train_loss"]) for point in line], "thin")
    drawing.path(xs, [lower(point["dev_loss"]) for point in line], "thin second")
    for seed, own in seeds.items():
        for point in own:
            if point["epoch"] == chosen[seed]:
                ua = 100 * point["dev_ua"]
                title = f"seed {seed}: epoch {chosen[seed]} chosen, dev UA {ua:.1f} %"
                drawing.circle(across(point["epoch"]), upper(ua), 3.2, "dot", title)


def _mean_line(seeds):
    """The mean over seeds at each epoch that any of them reached."""
    by_epoch = defaultdict(list)
    for line in seeds.values():
        for point in line:
            by_epoch[point["epoch"]].append(point)
    return [
        {name: sum(point[name] for point in points) / len(points) for name in points[0]}
        for _, points in sorted(by_epoch.items())
    ]


def _epoch_ticks(scale):
    """Round epochs, at most about four."""
    return [tick for tick in scale.ticks(4) if tick == int(tick) and tick >= 1] or [scale.high]
