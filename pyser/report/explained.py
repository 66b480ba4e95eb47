"""What is seen inside the models: utterances with attention and gate, and the map of embeddings."""

import json
from dataclasses import dataclass
from html import escape

import numpy as np

from pyser.errors import InputError
from pyser.report.png import png_uri
from pyser.report.svg import Drawing, Scale, number, x_axis, y_axis
from pyser.score.choice import EXPLAIN_FILE
from pyser.score.text import percent

_WIDTH, _LEFT, _RIGHT = 360, 44, 12
_TOP, _GAP = 64, 28  # of the first strip, between strips
_STRIPS = {"wave": 44, "features": 84, "attention": 44, "gate": 44}  # heights
_KHZ = (0.25, 0.5, 1, 2, 4, 8)
_DARKEST, _LIGHTEST = 2, 99.5  # percentiles of the log-mel values
_MAP = 440  # side of the map


@dataclass(frozen=True)
class Explained:
    """An ``explain.npz`` (see ``pyser.train.explain``): its ``info`` and its arrays by name."""

    info: dict
    arrays: dict


def read_explained(experiment):
    """The Explained of an Experiment, ``None`` without the file.

    Raises:
        InputError: the file is damaged.
    """
    path = experiment.folder / EXPLAIN_FILE
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Explained(json.loads(str(arrays.pop("info"))), arrays)
    except (ValueError, KeyError, OSError, EOFError) as error:
        found = f"cannot be read ({type(error).__name__})"
        raise InputError(found, path, "what pyser score writes", "run it again") from error


def utterance_charts(experiment, explained):
    """Yield (caption, Drawing) of each chosen utterance."""
    scores = experiment.scores
    rows = {
        (scores.utterances[row], int(scores.fold[row])): row
        for row in np.flatnonzero(scores.seed == explained.info["seed"])
    }
    for index, told in enumerate(explained.info["utterances"]):
        row = rows.get((told["utterance"], told["fold"]))
        if row is not None:
            yield _utterance_chart(scores, row, explained, index)


def _utterance_chart(scores, row, explained, index):
    told, info = explained.info["utterances"][index], explained.info
    arrays = {name: explained.arrays.get(f"{name}_{index}") for name in _STRIPS}
    strips = [name for name in _STRIPS if arrays[name] is not None]
    bottom = _TOP + sum(_STRIPS[name] for name in strips) + _GAP * (len(strips) - 1)
    said, meant = (scores.classes[value[row]] for value in (scores.hypothesis, scores.reference))
    posterior = float(np.exp(scores.log_posteriors[row, scores.hypothesis[row]]))
    drawing = Drawing(_WIDTH, bottom + 44, f"{told['utterance']}: waveform, features, attention")
    answer = f"{meant} \N{RIGHTWARDS ARROW} {said} ({percent(posterior)} %)"
    kind = "strong" if said == meant else "warn"
    drawing.text(2, 14, told["utterance"], "small muted")
    drawing.text(2, 31, answer, kind)
    frames = len(arrays["features"])
    duration_s = told.get("duration_s") or frames * info["frame_s"]
    across = Scale(0, duration_s, _LEFT, _WIDTH - _RIGHT)
    top = _TOP
    for name in strips:
        _DRAW[name](drawing, across, (top, top + _STRIPS[name]), arrays[name], info)
        top += _STRIPS[name] + _GAP
    x_axis(drawing, across, bottom, "time (s)")
    return told["reason"], drawing


def _draw_wave(drawing, across, band, wave, _info):
    peak = max(float(np.abs(wave).max()), 1e-4)
    up = Scale(-peak, peak, *band[::-1])
    y_axis(
        drawing,
        up,
        _LEFT,
        across.end,
        "waveform (full scale: 1)",
        (-peak, 0, peak),
        "{:.2f}".format,
    )
    xs = [across(across.high * (part + 0.5) / wave.shape[1]) for part in range(wave.shape[1])]
    least, greatest = ([up(value) for value in row] for row in wave)
    drawing.path([*xs, *reversed(xs)], [*greatest, *reversed(least)], "wave", close=True)


def _draw_features(drawing, across, band, features, info):
    values = features.astype(np.float64)
    low, high = np.percentile(values, (_DARKEST, _LIGHTEST))
    shades = np.clip((values - low) / max(high - low, 1e-9), 0, 1)
    picture = np.round(255 * shades.T[::-1]).astype(np.uint8)
    start = across(0) + 0.0
    end = across(min(across.high, len(values) * info["frame_s"] + info["width_s"]))
    drawing.image((start, band[0], end - start, band[1] - band[0]), png_uri(picture))
    centres = info.get("centres_hz") or []
    title = "log-mel: frequency (kHz)" if centres else "static features (column)"
    drawing.text(_LEFT, band[0] - 8, title, "small")
    bands = Scale(-0.5, values.shape[1] - 0.5, *band[::-1])
    marks = _khz_marks(centres) or [(0, "1"), (values.shape[1] - 1, str(values.shape[1]))]
    for place, text in marks:
        drawing.line(_LEFT - 3, bands(place), _LEFT, bands(place))
        drawing.text(_LEFT - 5, bands(place) + 4, text, "small muted", "end")


def _khz_marks(centres):
    """(band, kHz) of round frequencies within the bands."""
    if len(centres) < 2:
        return []
    places = range(len(centres))
    inside = [khz for khz in _KHZ if centres[0] <= 1000 * khz <= centres[-1]]
    return [(float(np.interp(1000 * khz, centres, places)), f"{khz:g}") for khz in inside[::2]]


def _draw_attention(drawing, across, band, attention, info):
    """The attention weights as multiples of 1 / P, what mean pooling would give each frame."""
    relative = attention.astype(np.float64) * len(attention)
    top = max(2.0, float(np.ceil(relative.max())))
    up = Scale(0, top, *band[::-1])
    y_axis(drawing, up, _LEFT, across.end, "attention (mean pooling: 1)", (0, 1, top))
    drawing.path(*_steps(across, up, relative, info), "line")


def _draw_gate(drawing, across, band, gate, info):
    up = Scale(0, 1, *band[::-1])
    y_axis(drawing, up, _LEFT, across.end, "gate (static stream: 1, dynamic: 0)", (0, 0.5, 1))
    drawing.path(*_steps(across, up, gate.astype(np.float64), info), "line second")


def _steps(across, up, values, info):
    """Points of a line through ``values``, each at the middle of its frame."""
    times = info["width_s"] / 2 + np.arange(len(values)) * info["step_s"]
    inside = times <= across.high
    return [across(time) for time in times[inside]], [up(value) for value in values[inside]]


_DRAW = {
    "wave": _draw_wave,
    "features": _draw_features,
    "attention": _draw_attention,
    "gate": _draw_gate,
}


def map_chart(experiment, explained):
    """The map of embeddings (Drawing), or ``None``; points carry class and speaker for the page.

    Colour and name: the reference class; filled: test utterances, which the model has not seen.
    """
    arrays, classes = explained.arrays, explained.info["classes"]
    if "map_xy" not in arrays:
        return None
    xy, labels = arrays["map_xy"].astype(np.float64), arrays["map_reference"]
    low, high = xy.min(axis=0), xy.max(axis=0)
    size = max(float((high - low).max()), 1e-9)
    places = 14 + (xy - (low + high) / 2 + size / 2) / size * (_MAP - 28)
    label = f"{experiment.name}: map of the utterances of fold {explained.info['fold']}"
    drawing = Drawing(_MAP, _MAP, label)
    tested = arrays["map_part"] == "test"
    for row in np.argsort(tested, kind="stable"):  # test points on top
        drawing.add(_point(places[row], arrays, row, classes))
    for index, name in enumerate(classes):
        own = places[labels == index]
        if len(own):
            x, y = _densest(own)
            drawing.text(x, y, name, f"halo ink{index % 8}", "middle")
    return drawing


def _point(place, arrays, row, classes):
    label, part = int(arrays["map_reference"][row]), str(arrays["map_part"][row])
    speaker = str(arrays["map_speaker"][row])
    x, y = (number(value) for value in place)
    kind = f"p{label % 8}" + (" seen" if part != "test" else "")
    words = f"{arrays['map_utterance'][row]}: {classes[label]}, speaker {speaker}, {part}"
    shape = f'class="{kind}" data-c="{label}" data-s="{escape(speaker, quote=True)}"'
    radius = "2.4" if part != "test" else "4.5"
    title = f"<title>{escape(words)}</title>"
    return f'<circle {shape} cx="{x}" cy="{y}" r="{radius}">{title}</circle>'


def _densest(points):
    """The point that is nearest to all others of its class: where to write the class's name."""
    distances = np.linalg.norm(points[:, None] - points[None], axis=2).sum(axis=1)
    return points[int(np.argmin(distances))]
