"""The rows of an experiment with their runs, checked before anything is trained. No torch here,
unless something is missing: then it is needed anyway, and settings are worked out with it.
"""

from dataclasses import dataclass
from pathlib import Path

from pyser.files import read_json, write_json
from pyser.train import plan
from pyser.train.codedigest import model_modules
from pyser.train.experiment import Row


@dataclass(frozen=True)
class PlannedRow:
    """A row and what is to be done for it.

    Attributes:
        row: experiment.Row.
        runs: list of plan.Run, complete or not; the complete ones are what the row asks for.
        digests: fold -> as from ``plan.input_digests``.
        request: as from ``plan.request_digest``.
        settings: all settings (sections of values); None where no run needs them.
        data, split: the directories it is trained on, Paths.
    """

    row: Row
    runs: list
    digests: dict
    request: str
    settings: dict | None
    data: Path
    split: Path

    @property
    def repeats_itself(self):
        """Whether it is to be trained with several seeds and has no use for them."""
        seeds = {run.seed for run in self.runs}
        return len(seeds) > 1 and self.settings is not None and "train" not in self.settings


def plan_row(row, runs, data, split):
    """Check a Row and its ``runs`` (list of plan.Run).

    Args:
        data, split: the directories with the default features (see ``plan.places_of``).

    Raises:
        FileError, InputError: a table is missing, a setting cannot be used, a complete run was
            trained with something else.
    """
    entries = row.entries()
    if getattr(entries.get("model.name"), "value", None) not in model_modules():
        _resolve(entries)  # says what is wrong, and where
    folds = sorted({run.fold for run in runs})
    request = plan.request_digest(entries)
    data, split = plan.places_of(row_features(row), data, split)
    digests = plan.input_digests(data, split, folds, _sections(entries))
    asked = {fold: digests[fold] | {"request": request} for fold in folds}
    unsure = [run for run in runs if not plan.answers(run, asked[run.fold])]
    settings = _resolve(entries) if unsure else None
    for run in unsure:
        if run.complete:
            _check_complete(run, settings, digests[run.fold])
    return PlannedRow(row, runs, digests, request, settings, data, split)


def row_features(row):
    """The name of the feature set a Row is trained on."""
    entry = row.entries().get("data.features")
    return plan.DEFAULT_FEATURES if entry is None else str(entry.value)


def queue(rows):
    """What is to be trained, as (PlannedRow, plan.Run), in order: by seed, row, fold.

    By seed first: an experiment that is stopped early has few seeds of all rows, which can be
    compared, rather than all seeds of a few.
    """
    pairs = [(row, run) for row in rows for run in row.runs if not run.complete]
    return sorted(pairs, key=lambda pair: pair[1].seed)  # stable: rows and folds stay in order


def _sections(entries):
    """Sections of the values that were given."""
    sections = {}
    for entry in entries.values():
        sections.setdefault(entry.section, {})[entry.key] = entry.value
    return sections


def _resolve(entries):
    from pyser.train.settings import Settings

    return Settings.from_entries(entries).as_dict()


def _check_complete(run, settings, digests):
    """Refuse a run of something else; one from before a setting existed is told its default."""
    from pyser.train.settings import with_defaults

    path = run.directory / plan.RECORD
    record = read_json(path)
    completed = with_defaults(record)
    plan.check_same(completed, settings, digests, run.directory)
    if completed != record:
        write_json(path, completed)
