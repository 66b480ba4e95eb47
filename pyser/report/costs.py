"""What models cost: parameters, time and energy of training, time of answers."""

import numpy as np

from pyser.report.notes import COST_NOTE, ENERGY_NOTE
from pyser.report.tables import Table
from pyser.score.text import plural
from pyser.train.cost import duration

_ENERGY = "energy, all runs (kWh)>"
_HEADINGS = ("model<", "parameters>", "training, a run>", "training, all runs>", _ENERGY)
_HEADINGS += ("real-time factor>",)
_TIMES = ("seconds", "joules", "real_time_factor")


def cost_table(group):
    """One row for each experiment of a Group; None when none of them tells a cost."""
    told = {name for one in group.experiments for name in cost_names(one)}
    if not told:
        return None
    rows = [_cells(one) for one in group.experiments]
    kept = [place for place, name in enumerate(_HEADINGS) if name != _ENERGY or "joules" in told]
    headings, *rows = [tuple(line[place] for place in kept) for line in (_HEADINGS, *rows)]
    return Table(headings, tuple(rows))


def cost_names(experiment):
    """The names of the costs that result.json tells (list of str)."""
    names = ("num_parameters", *_TIMES)
    return [name for name in names if experiment.result.get(name) is not None]


def _cells(experiment):
    result = experiment.result
    parameters, seconds, joules = map(result.get, ("num_parameters", "seconds", "joules"))
    factor = result.get("real_time_factor")
    return (
        experiment.name,
        "-" if parameters is None else f"{parameters:,}",
        "-" if seconds is None else _time(seconds / _num_runs(experiment)),
        "-" if seconds is None else _time(seconds),
        "-" if joules is None else f"{joules / 3.6e6:.3f}",
        "-" if factor is None else factor_text(factor),
    )


def _num_runs(experiment):
    """How many runs the scores are of: a run is one fold with one seed."""
    scores = experiment.scores
    return len(set(zip(scores.fold.tolist(), scores.seed.tolist(), strict=True)))


def _time(seconds):
    return "< 1 s" if 0 < seconds < 0.5 else duration(seconds)


def factor_text(factor):
    """A real-time factor with two digits that count, never with an exponent."""
    return np.format_float_positional(float(f"{factor:.2g}"), trim="-")


def cost_lines(group):
    """What stands below the table: what its columns are; a remark when machines differ."""
    energy = any("joules" in cost_names(one) for one in group.experiments)
    machines = {}
    for one in group.experiments:
        if any(name in _TIMES for name in cost_names(one)):
            machines.setdefault(_machine(one.result), []).append(one.name)
    lines = [f"{COST_NOTE} {ENERGY_NOTE}" if energy else COST_NOTE]
    if len(machines) > 1:
        each = (f"{machine}: {', '.join(names)}" for machine, names in machines.items())
        lines += [f"Remark: times are not of one machine. {'; '.join(each)}."]
    return lines


def _machine(result):
    """What times depend on most, as far as a result tells."""
    machine = result.get("environment") or {}
    parts = [machine[name] for name in ("cpu", "gpu") if machine.get(name)]
    parts += [plural(machine["threads"], "thread")] if machine.get("threads") else []
    return ", ".join(parts) or "a machine not told"
