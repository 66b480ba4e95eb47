"""``pyser train``: models on every fold of a split, one process per model, fold and seed."""

import json
import shlex
import sys
from pathlib import Path

from pyser.config import Option, Parser
from pyser.data.protocols import parse_folds
from pyser.errors import InputError, UsageError
from pyser.files import read_json
from pyser.frontend.frontend import usable_cpus
from pyser.log import log, progress, warn
from pyser.train import cost, grid, plan
from pyser.train.childenv import child_environment
from pyser.train.experiment import Experiment, Row, read_experiment
from pyser.train.judged import dev_text
from pyser.train.rows import plan_row, queue, row_features
from pyser.train.yamlfile import make_entry

PARSER = Parser(
    usage="pyser train (--config MODEL.yaml | --experiment EXPERIMENT.yaml) --data DATA_DIR"
    " --split SPLIT_DIR --exp EXP_DIR",
    description=(
        "Train a model, or all rows of an experiment, on every fold, one process per fold and\n"
        "seed. A command that was killed goes on where it was when it is given again; what is\n"
        "complete is left as it is. Settings of a model can be given on the command line, such\n"
        "as --train.epochs=3; those of an experiment are in its file."
    ),
    options=[
        Option("config", str, help="YAML file with the sections model, data, train"),
        Option("experiment", str, help="YAML file: title, protocol, seeds, reference, rows"),
        Option(
            "data",
            str,
            help="data directory with feats.scp (of a row with data.features=F: that of DATA-F)",
            required=True,
        ),
        Option("split", str, help="folder in it, made by pyser split", required=True),
        Option(
            "exp",
            str,
            help="folder for fold<k>/seed<s>; of an experiment, for ROW/PROTOCOL/fold<k>/seed<s>",
            required=True,
        ),
        Option("folds", str, help="such as 1,3-5 (default: all)"),
        Option("seeds", int, help="train with the seeds 1..K (default: the experiment's, or 1)"),
        Option("nj", int, help="runs at once (default: the number of cores)"),
        Option("threads", int, 1, "torch threads of a run; with others, other rounding"),
        Option("device", str, "cpu", "cpu, cuda, cuda:N, or auto; all runs at once share it"),
        Option(
            "dry-run", bool, False, "only say what is complete, begun and missing, and its cost"
        ),
        Option("command", str, help="what to show as the way to repeat this (default: this)"),
    ],
    dotted=True,
)


def main(argv):
    """Train what is missing; return 1 if a run failed."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    _check(options)
    experiment, places = _experiment(options)
    protocol = _read_protocol(experiment, options)
    options.folds = parse_folds(options.folds, protocol["folds"])
    options.command = options.command or shlex.join(["pyser", "train", *argv])
    options.nj = options.nj or max(1, usable_cpus() // options.threads)
    rows = list(_plan_rows(experiment, places, options))
    if options.dry_run:
        print("\n".join(cost.describe(rows, options.nj)))
        return 0
    runs = [run for row in rows for run in row.runs]
    for run in runs:
        if run.complete:
            run.discard_checkpoint()
    if all(run.complete for run in runs):
        log(f"nothing to do: all {len(runs)} runs in {options.exp} are complete")
        return 0
    if protocol["data"].get("standin"):
        warn("the data are a synthetic stand-in: results say nothing about real speech")
    return _train(rows, options)


def _check(options):
    for name in ("seeds", "nj", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name}={value}", expected="at least 1")
    if bool(options.config) == bool(options.experiment):
        raise UsageError("--config or --experiment, one of them", remedy=f"usage: {PARSER.usage}")
    if options.experiment and options.dotted:
        found = f"--{next(iter(options.dotted))} with --experiment"
        raise UsageError(found, remedy="the settings of its rows are in the file")


def _experiment(options):
    """The Experiment and the folder of each row: a model given alone is one of a single row."""
    if not options.config:
        experiment = read_experiment(options.experiment)
        return experiment, [experiment.place(options.exp, row) for row in experiment.rows]
    overrides = tuple(make_entry(*pair) for pair in options.dotted.items())
    name = Path(options.config).stem
    row = Row(name, name, Path(options.config), overrides)
    return Experiment(name, None, 1, name, (row,)), [options.exp]


def _read_protocol(experiment, options):
    """The protocol.json of the splits of all rows: the experiment's protocol, if it names one.

    Each set of features has a split of its own, and a row's need not be the default one.
    """
    named = experiment.protocol
    for features in sorted({row_features(row) for row in experiment.rows}):
        _, split = plan.places_of(features, options.data, options.split)
        protocol = plan.read_split(split)
        if named and protocol["id"] != named:
            found, expected = f"protocol is {named}", f"{protocol['id']}, that of {split}"
            remedy = "split with the experiment's protocol"
            raise InputError(found, options.experiment, expected, remedy)
    return protocol


def _plan_rows(experiment, places, options):
    """Yield a PlannedRow for each row; ``places`` are their folders."""
    seeds = range(1, (options.seeds or experiment.seeds) + 1)
    for row, place in zip(experiment.rows, places, strict=True):
        runs = plan.list_runs(place, options.folds, seeds)
        yield plan_row(row, runs, options.data, options.split)


def _train(rows, options):
    """Train what is missing in child processes; report each run as it ends."""
    jobs = {_job(row, run, options, len(rows) > 1): run for row, run in queue(rows)}
    failed = 0
    for row in rows:
        if row.repeats_itself:
            name = row.settings["model"]["name"]
            warn(f"{row.row.name}: {name} draws nothing at random, so all seeds give the same")
    log(f"{len(jobs)} runs, {options.nj} at once, threads of each: {options.threads}")
    for outcome in progress(grid.run_jobs(list(jobs), options.nj), len(jobs), "train: runs"):
        if outcome.ok:
            record = read_json(jobs[outcome.job].directory / plan.RECORD)
            epochs = f"at epoch {record['kept_epoch']} of {record['epochs']}"
            log(f"{outcome.job.name}: {dev_text(record)} {epochs}")
        else:
            failed += 1
            log(f"ERROR: {outcome}; the end of {outcome.job.log}:\n{grid.tail(outcome.job.log)}")
    log(f"Done {len(jobs) - failed} out of {len(jobs)} runs.")
    return 1 if failed else 0


def _job(planned, run, options, named):
    """The child process of a run; ``named`` after its row too, where there are several."""
    spec = {
        "name": planned.row.name,
        "directory": str(run.directory),
        "data": str(planned.data),
        "split": str(planned.split),
        "fold": run.fold,
        "seed": run.seed,
        "config": planned.settings,
        "request": planned.request,
        "threads": options.threads,
        "device": options.device,
        "command": options.command,
    }
    command = (sys.executable, "-m", "pyser.train.worker", json.dumps(spec))
    environment = child_environment(options.threads)
    name = f"{planned.row.name}, {run}" if named else str(run)
    return grid.Job(name, command, Path(run.directory) / "train.log", environment)
