"""``pyser train``: a model on every fold of a split, one process per fold and seed."""

import json
import shlex
import sys
from pathlib import Path

from pyser.config import Option, Parser
from pyser.data.protocols import parse_folds
from pyser.errors import UsageError
from pyser.files import read_json
from pyser.frontend.frontend import usable_cpus
from pyser.log import log, progress, warn
from pyser.train import grid, plan
from pyser.train.yamlfile import read_entries

PARSER = Parser(
    usage="pyser train --config MODEL.yaml --data DATA_DIR --split SPLIT_DIR --exp EXP_DIR",
    description=(
        "Train a model on every fold, one process per fold and seed. A command that was killed\n"
        "goes on where it was when it is given again; what is complete is left as it is. Settings\n"
        "of the configuration can be given on the command line, such as --train.epochs=3"
    ),
    options=[
        Option("config", str, help="YAML file with the sections model, data, train", required=True),
        Option("data", str, help="data directory with feats.scp", required=True),
        Option("split", str, help="folder made by pyser split", required=True),
        Option("exp", str, help="folder for fold<k>/seed<s>", required=True),
        Option("folds", str, help="such as 1,3-5 (default: all)"),
        Option("seeds", int, 1, "train with the seeds 1..K"),
        Option("nj", int, help="runs at once (default: the number of cores)"),
        Option("threads", int, 1, "torch threads of a run; with others, other rounding"),
        Option("device", str, "cpu", "cpu, cuda, cuda:N, or auto: cuda if there is one"),
        Option("command", str, help="what to show as the way to repeat this (default: this)"),
    ],
    dotted=True,
)


def main(argv):
    """Train what is missing; return 1 if a run failed."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    for name in ("seeds", "nj", "threads"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name}={value}", expected="at least 1")
    entries = read_entries(options.config, options.dotted)
    protocol = plan.read_split(options.split)
    folds = parse_folds(options.folds, protocol["folds"])
    runs = plan.list_runs(options.exp, folds, range(1, options.seeds + 1))
    request = plan.request_digest(entries)
    digests = plan.input_digests(options.data, options.split, folds)
    asked = {fold: digests[fold] | {"request": request} for fold in folds}
    unsure = [run for run in runs if not plan.answers(run, asked[run.fold])]
    missing, settings = _missing(unsure, entries, digests) if unsure else ([], None)
    for run in runs:
        if run.complete:
            run.discard_checkpoint()
    if not missing:
        log(f"nothing to do: all {len(runs)} runs in {options.exp} are complete")
        return 0
    options.command = options.command or shlex.join(["pyser", "train", *argv])
    return _train(missing, settings, options, request)


def _missing(runs, entries, digests):
    """The runs that are not complete and the settings; complete ones must be what is asked for."""
    from pyser.train.settings import Settings  # with torch, which only an incomplete answer needs

    settings = Settings.from_entries(entries).as_dict()
    for run in runs:
        if run.complete:
            record = read_json(run.directory / plan.RECORD)
            plan.check_same(record, settings, digests[run.fold], run.directory)
    return [run for run in runs if not run.complete], settings


def _train(runs, settings, options, request):
    """Train ``runs`` in child processes; report each as it ends."""
    num_jobs = options.nj or max(1, usable_cpus() // options.threads)
    jobs = {_job(run, settings, options, request): run for run in runs}
    failed = 0
    if plan.read_split(options.split)["data"].get("standin"):
        warn("the data are a synthetic stand-in: results say nothing about real speech")
    log(f"{len(runs)} runs, {num_jobs} at once, threads of each: {options.threads}")
    for outcome in progress(grid.run_jobs(list(jobs), num_jobs), len(jobs), "train: runs"):
        if outcome.ok:
            record = read_json(jobs[outcome.job].directory / plan.RECORD)
            ua, epoch = 100 * record["dev_ua"], record["best_epoch"]
            log(f"{outcome.job.name}: dev UA {ua:.2f} % at epoch {epoch} of {record['epochs']}")
        else:
            failed += 1
            log(f"ERROR: {outcome}; the end of {outcome.job.log}:\n{grid.tail(outcome.job.log)}")
    log(f"Done {len(runs) - failed} out of {len(runs)} runs.")
    return 1 if failed else 0


def _job(run, settings, options, request):
    spec = {
        "name": Path(options.config).stem,
        "directory": str(run.directory),
        "data": options.data,
        "split": options.split,
        "fold": run.fold,
        "seed": run.seed,
        "config": settings,
        "request": request,
        "threads": options.threads,
        "device": options.device,
        "command": options.command,
    }
    command = (sys.executable, "-m", "pyser.train.worker", json.dumps(spec))
    # cuBLAS needs the workspace to be deterministic; it reads it before torch could set it.
    environment = (
        ("OMP_NUM_THREADS", str(options.threads)),
        ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
    )
    return grid.Job(str(run), command, Path(run.directory) / "train.log", environment)
