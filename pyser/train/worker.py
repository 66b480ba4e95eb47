"""One run in a process of its own: ``python -m pyser.train.worker SPEC``, started by the verb.

SPEC is a JSON object with directory, data, split, fold, seed, config, request, threads, device and
command.
"""

import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import torch
import yaml

from pyser.errors import PyserError
from pyser.files import read_json, write_json, write_text
from pyser.log import log, warn
from pyser.train import checkpoint, grid, plan
from pyser.train.energy import EnergyMeter
from pyser.train.fit import FitState, finished
from pyser.train.inputs import load_fold
from pyser.train.judged import dev_name, dev_text, dev_value
from pyser.train.learn import learn, make_model
from pyser.train.record import describe_run, pack_model
from pyser.train.settings import Settings, with_defaults
from pyser.train.torchsetup import prepare_torch


def main(argv):
    """Train the run that ``argv[0]`` describes; return the exit status."""
    grid.exit_with_parent()
    spec = SimpleNamespace(**json.loads(argv[0]))
    try:
        with checkpoint.only_writer(spec.directory):
            train_run(spec)
    except PyserError as error:
        log(f"ERROR: {error}")
        return 1
    return 0


def train_run(spec):
    """Train one run to its end, going on from its checkpoint if there is one."""
    began = time.monotonic()
    run = plan.Run(spec.fold, spec.seed, Path(spec.directory))
    settings = Settings.from_dict(spec.config)
    digests = plan.input_digests(spec.data, spec.split, [spec.fold], settings.as_dict())[spec.fold]
    if run.complete:
        record = with_defaults(read_json(run.directory / plan.RECORD))
        plan.check_same(record, settings.as_dict(), digests, run.directory)
        log("already complete")
        return
    run.discard_results()
    start = _start_point(run, settings, digests, spec.threads)
    spec.threads = start["threads"]
    device = prepare_torch(spec.threads, spec.device)
    inputs = plan.inputs_asked(settings.as_dict())
    fold = load_fold(spec.data, spec.split, spec.fold, settings.data, ["train", "dev"], inputs)
    model = make_model(settings, fold, spec.seed).to(device)
    _log_start(run, settings, fold, model, spec.threads, device)
    write_text(run.directory / "config.yaml", yaml.safe_dump(settings.as_dict(), sort_keys=False))

    meter = EnergyMeter(start.get("joules"))

    def spent():
        """What led to what is there now: not the seconds and joules of epochs that a kill undid."""
        seconds = start["seconds"] + time.monotonic() - began
        return {"seconds": seconds, "joules": meter.joules()}

    def on_epoch(state, seconds):
        reached = {"state": checkpoint.pack(state)} | spent()
        checkpoint.save(run.directory / plan.CHECKPOINT, start | reached)
        _write_metrics(run, state)
        _log_epoch(state, settings, seconds)

    state = learn(model, fold, settings, spec.seed, checkpoint.unpack(start["state"]), on_epoch)
    _write_metrics(run, state)
    record = describe_run(spec, settings, fold, model, state, digests, spent())
    checkpoint.save(run.directory / plan.MODEL, pack_model(model, fold, record))
    write_json(run.directory / plan.RECORD, record)  # last: now the run is complete
    run.discard_checkpoint()


def _start_point(run, settings, digests, threads):
    """The checkpoint of this run, or one before the first epoch.

    A run that was begun keeps its number of threads: sums in another order would end elsewhere.
    """
    path = run.directory / plan.CHECKPOINT
    if not path.is_file():
        state = checkpoint.pack(FitState(keep=settings.train.keep))
        begun = {"config": settings.as_dict(), "digests": digests, "threads": threads}
        return begun | {"state": state, "seconds": 0.0, "joules": 0.0}
    start = with_defaults(checkpoint.load(path))
    plan.check_same(start, settings.as_dict(), digests, run.directory)
    log(f"going on after epoch {len(start['state']['history'])}")
    return start


def _write_metrics(run, state):
    lines = [json.dumps(entry) + "\n" for entry in state.history]
    write_text(run.directory / "metrics.jsonl", "".join(lines))


def _log_start(run, settings, fold, model, threads, device):
    if fold.corpus.get("standin"):
        warn("the data are a synthetic stand-in: results say nothing about real speech")
    counts = ", ".join(f"{len(items)} {part}" for part, items in fold.examples.items())
    size = f"{model.num_parameters} parameters, " if model.num_parameters else ""
    log(f"{settings.name}, {run}: {size}{counts} utterances")
    log(f"torch {torch.__version__} on {device}, {threads} threads")


def _log_epoch(state, settings, seconds):
    entry, best = state.history[-1], state.history[state.best_epoch - 1]
    log(
        f"epoch {entry['epoch']} of {settings.train.epochs}: "
        f"train loss {entry['train_loss']:.4f}, dev loss {entry['dev_loss']:.4f}, "
        f"{dev_text(entry)}, best {dev_value(best)} at {best['epoch']}, {seconds:.1f} s"
    )
    if finished(state, settings.train) and entry["epoch"] < settings.train.epochs:
        log(f"no better {dev_name(entry)} for {settings.train.patience} epochs: stopping")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
