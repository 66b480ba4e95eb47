"""What training an experiment would still cost, from what its runs have taken so far."""

import heapq

from pyser.files import read_json
from pyser.train import plan
from pyser.train.rows import queue

_HEAD = ("row", "complete", "begun", "missing", "left")


def describe(rows, num_jobs):
    """Lines of text: a table of ``rows`` (list of PlannedRow), and the time ``num_jobs`` need.

    Seconds are those that runs of the same row took, on whatever machine that was: a missing run
    takes the mean of the complete ones, or with none the most epochs at the pace of those begun.
    """
    estimates = [_Estimate(row) for row in rows]
    lines = _aligned([_HEAD, *(estimate.cells() for estimate in estimates)])
    known = {id(estimate.row): estimate for estimate in estimates}
    costs = [known[id(row)].seconds_left(run) for row, run in queue(rows)]
    if not costs:
        return [*lines, "nothing to do: all runs are complete"]
    unknown = costs.count(None)
    wall = _wall_seconds([cost for cost in costs if cost is not None], num_jobs)
    if unknown == len(costs):
        time = "time unknown: no run of these rows has been timed yet"
    elif unknown:
        time = f"{duration(wall)}, and the unknown time of {unknown} of them"
    else:
        time = f"about {duration(wall)}"
    return [*lines, f"{len(costs)} runs to train with --nj={num_jobs}: {time}"]


def duration(seconds):
    """Seconds in words: ``2 h 5 min``, ``5 min 3 s`` or ``3 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


class _Estimate:
    """What is known of the runs of one PlannedRow: states, epochs and seconds."""

    def __init__(self, row):
        self.row = row
        records = [read_json(run.directory / plan.RECORD) for run in row.runs if run.complete]
        self._num_complete = len(records)
        self._begun = {run: _begun(run, row) for run in row.runs if _is_begun(run)}
        finished = [record["seconds"] for record in records if "seconds" in record]
        self._run_seconds = sum(finished) / len(finished) if finished else None
        paces = [(r["seconds"], r["epochs"]) for r in records if "seconds" in r]
        paces += self._begun.values()
        epochs = sum(number for _, number in paces)
        self._epoch_seconds = sum(seconds for seconds, _ in paces) / epochs if epochs else None

    def seconds_left(self, run):
        """The seconds that a run which is not complete still needs; None: unknown."""
        if run not in self._begun and self._run_seconds is not None:
            return self._run_seconds
        if self._epoch_seconds is None:
            return None
        _, done = self._begun.get(run, (0.0, 0))
        return self._epoch_seconds * max(0, self._num_epochs - done)

    def cells(self):
        """The row of the table."""
        left = [self.seconds_left(run) for run in self.row.runs if not run.complete]
        begun = " ".join(f"{done}/{self._num_epochs}" for _, done in self._begun.values())
        return (
            self.row.row.name,
            str(self._num_complete),
            f"{len(self._begun)} (epoch {begun})" if begun else "0",
            str(len(left) - len(self._begun)),
            "unknown" if None in left else duration(sum(left)),
        )

    @property
    def _num_epochs(self):
        # A model that is not trained in epochs has no such section.
        return self.row.settings.get("train", {"epochs": 1})["epochs"]


def _is_begun(run):
    return not run.complete and (run.directory / plan.CHECKPOINT).is_file()


def _begun(run, row):
    """The seconds and epochs of a run that was begun; InputError: with something else."""
    from pyser.train import checkpoint
    from pyser.train.settings import with_defaults

    start = with_defaults(checkpoint.load(run.directory / plan.CHECKPOINT))
    plan.check_same(start, row.settings, row.digests[run.fold], run.directory)
    return start["seconds"], len(start["state"]["history"])


def _wall_seconds(costs, num_jobs):
    """When the last of the jobs ends, each begun in order as soon as a place is free."""
    free = [0.0] * num_jobs
    for cost in costs:
        heapq.heapreplace(free, free[0] + cost)
    return max(free)


def _aligned(table):
    """Rows of cells as lines: the first column on the left, the others on the right."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return [
        "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])])
        for cells in table
    ]
