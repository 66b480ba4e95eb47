"""The runs of an experiment, merged.

EXP/fold<k>/seed<s>/{run.json,scores.tsv,dev_scores.tsv} -> EXP/{result.json,scores.tsv}
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pyser.audit.statistics import of_run
from pyser.data.datadir import DataDir
from pyser.data.protocols import parse_folds
from pyser.data.splitdir import AUDIT_FILE
from pyser.errors import FileError, InputError
from pyser.files import read_json, write_text
from pyser.log import warn
from pyser.score.calibration import fit_temperature
from pyser.score.ratings import Ratings, format_ratings, parse_answers, read_answers
from pyser.score.table import format_scores, read_scores

RUN_FILE, MODEL_FILE = "run.json", "model.pt"  # of a run; run.json is written last
SCORES_FILE, RESULT_FILE = "scores.tsv", "result.json"
DEV_SCORES_FILE = "dev_scores.tsv"  # of a run, beside its scores.tsv
INFERENCE_FILE = "inference.json"  # of a run: how long its scores.tsv took
STYLE_TABLE = "utt2style"
_RUN_PATH = re.compile(r"fold(\d+)/seed(\d+)")
# what all runs of one experiment must agree on
_COMMON = (
    "name",
    "model",
    "config",
    "protocol",
    "classes",
    "corpus",
    "normalisation",
)
_COMMON_DIGESTS = ("features", "labels", "ratings", "extras")
# what may differ from run to run; the first run's is told, and a remark says that others differ
_PROVENANCE = ("command", "commit", "versions", "environment")


@dataclass(frozen=True)
class Run:
    """One cell of the grid folds x seeds; ``info`` is its run.json, ``None`` while incomplete."""

    fold: int
    seed: int
    path: Path
    info: dict | None

    @property
    def scores_path(self):
        """Where the scores of its test utterances belong."""
        return self.path / SCORES_FILE


def find_runs(exp):
    """The runs below the experiment folder ``exp``, complete or not, sorted by fold and seed.

    Raises:
        FileError: there are none.
    """
    runs = []
    for path in Path(exp).glob("fold*/seed*"):
        match = _RUN_PATH.fullmatch(path.relative_to(exp).as_posix())
        if match and path.is_dir():
            runs.append(Run(int(match[1]), int(match[2]), path, _run_info(path)))
    if not runs:
        raise FileError("no runs", exp, "folders fold<k>/seed<s>", "run pyser train first")
    return sorted(runs, key=lambda run: (run.fold, run.seed))


def _run_info(path):
    """The run.json of a complete run, ``None`` of another; scores are as good as the model."""
    done = any((path / name).is_file() for name in (MODEL_FILE, SCORES_FILE))
    return read_json(path / RUN_FILE) if done and (path / RUN_FILE).is_file() else None


def select_runs(runs, folds=None, seeds=None):
    """The complete runs that are asked for, and the (fold, seed) pairs that are not there.

    Args:
        runs: as from ``find_runs``.
        folds: such as ``1,3-5``; None for all folds of the protocol.
        seeds: K for the seeds 1..K; None for those that any run was begun with.
    """
    complete = [run for run in runs if run.info]
    most = max(run.fold for run in runs)
    num_folds = max([most, *(run.info["protocol"]["folds"] for run in complete)])
    wanted_seeds = range(1, seeds + 1) if seeds else sorted({run.seed for run in runs})
    wanted = {(fold, seed) for fold in parse_folds(folds, num_folds) for seed in wanted_seeds}
    chosen = [run for run in complete if (run.fold, run.seed) in wanted]
    return chosen, sorted(wanted - {(run.fold, run.seed) for run in chosen})


def merge_scores(runs):
    """The Scores (or Ratings) of complete runs as one table, with the styles if there are some.

    Raises:
        FileError, InputError: a table is missing or cannot be used.
    """
    tables = [read_answers(run.scores_path) for run in runs]
    first = tables[0]
    for run, table in zip(runs, tables, strict=True):
        if type(table) is not type(first) or table.outputs != first.outputs:
            found = f"{table.kind} {' '.join(table.outputs)}"
            raise InputError(
                found, run.scores_path, f"as in the first run: {' '.join(first.outputs)}"
            )
    joined = {
        name: np.concatenate([getattr(table, name) for table in tables])
        for name in first.ARRAYS
        if name not in ("fold", "seed")
    }
    lengths = [len(table) for table in tables]
    merged = replace(
        first,
        utterances=tuple(name for table in tables for name in table.utterances),
        speakers=tuple(name for table in tables for name in table.speakers),
        fold=np.repeat([run.fold for run in runs], lengths),
        seed=np.repeat([run.seed for run in runs], lengths),
        has_grid=True,
        findings=(),
        **joined,
    )
    if not isinstance(merged, Ratings):
        merged = replace(merged, styles=_styles(runs[0], merged.utterances))
    # what is written is what is checked: the same utterance in two runs, and the like
    return parse_answers(format_answers(merged), runs[0].path.parents[1] / SCORES_FILE)


def format_answers(answers):
    """The text of the scores.tsv that holds Scores or Ratings."""
    return (format_ratings if isinstance(answers, Ratings) else format_scores)(answers)


def _styles(run, utterances):
    """The style of each utterance, ``None`` where the data directory is gone or tells none."""
    path = run.info.get("data")
    if not path or not Path(path).is_dir():
        if path:
            warn(f"{run.path}: its data directory {path} is not found from here, so no styles")
        return None
    data = DataDir(path)
    if not data.has(STYLE_TABLE):
        return None
    table = data.table(STYLE_TABLE)
    absent = next((name for name in utterances if name not in table), None)
    if absent is not None:
        where = Path(path) / STYLE_TABLE
        raise InputError(f"no style for utterance {absent}", where, "one for every utterance")
    return tuple(table[name] for name in utterances)


def describe(runs, missing, command=None):
    """The content of result.json: what the complete ``runs`` have in common, what dev said of each.

    ``command`` makes all of them; without it the one that made the first run is told.

    Raises:
        InputError: the runs are not of one experiment; names the first difference.
    """
    first = runs[0].info
    for run in runs[1:]:
        key = _first_difference(first, run.info)
        if key:
            found = f"{key} differs from that of {runs[0].path}"
            remedy = "train the older ones again, or into another experiment folder"
            raise InputError(found, run.path / RUN_FILE, "one experiment in a folder", remedy)
    protocol = first["protocol"]
    return {
        **{key: first.get(key) for key in (*_COMMON, *_PROVENANCE)},
        # support vectors: each fold has a number of its own
        "num_parameters": max(run.info.get("num_parameters") or 0 for run in runs) or None,
        "transductive": first.get("normalisation") == "speaker",
        "folds": sorted({run.fold for run in runs}),
        "num_folds": protocol["folds"],
        "seeds": sorted({run.seed for run in runs}),
        "missing": [list(pair) for pair in missing],
        "dev": [_dev(run) for run in runs],
        "remarks": [*protocol.get("remarks", []), *_provenance_remarks(runs, command)],
        **_optional(runs),
    } | ({"command": command} if command else {})


def _dev(run):
    """What the dev part said of a run; its temperature, where there are posteriors to soften."""
    told = {"fold": run.fold, "seed": run.seed, "dev_ua": run.info.get("dev_ua")}
    if run.info.get("dev_ccc") is not None:
        told["dev_ccc"] = run.info["dev_ccc"]
    told["kept_epoch"] = run.info.get("kept_epoch")
    path = run.path / DEV_SCORES_FILE
    if not path.is_file() or "dev_ccc" in told:
        return told
    return told | {"temperature": fit_temperature(read_scores(path))}


def _optional(runs):
    """What not all runs tell: what they cost, digests they share, the audit."""
    first, told = runs[0].info, {}
    for cost in ("seconds", "joules"):
        values = [run.info.get(cost) for run in runs]
        if None not in values:
            told[cost] = round(sum(values), 1)
    factors = [_real_time_factor(run) for run in runs]
    if None not in factors:
        told["real_time_factor"] = float(f"{np.median(factors):.2g}")
    digests = [run.info.get("digests", {}) for run in runs]
    told["digests"] = {
        key: value
        for key, value in digests[0].items()
        if all(other.get(key) == value for other in digests)
    }
    audit = Path(first["split"]) / AUDIT_FILE if first.get("split") else None
    if audit and audit.is_file():
        told["audit"] = of_run(read_json(audit), first.get("normalisation"))
    return told


def run_temperatures(result):
    """(fold, seed) -> temperature, ``None`` unless every run in result.json has one."""
    dev = result.get("dev", [])
    if not dev or any(run.get("temperature") is None for run in dev):
        return None
    return {(run["fold"], run["seed"]): run["temperature"] for run in dev}


def _real_time_factor(run):
    """Seconds a run took for a second of the test part, None if unknown."""
    path = run.path / INFERENCE_FILE
    cost = read_json(path) if path.is_file() else {}
    return cost["seconds"] / cost["audio_seconds"] if cost.get("audio_seconds") else None


def _first_difference(one, other):
    for key in _COMMON:
        if one.get(key) != other.get(key):
            return key
    digests, others = one.get("digests", {}), other.get("digests", {})
    return next(
        (f"digest of {key}" for key in _COMMON_DIGESTS if digests.get(key) != others.get(key)), None
    )


def _provenance_remarks(runs, command):
    for key in _PROVENANCE:
        if key == "command" and command:
            continue
        values = [run.info.get(key) for run in runs]
        others = sum(value != values[0] for value in values)
        if others:
            yield f"{others} of {len(runs)} runs were made with another {key} than the first"


def write_if_changed(path, text):
    """Write ``text`` (str) to ``path``, atomically, unless it is there; whether it was written."""
    path = Path(path)
    if path.is_file() and path.read_bytes() == text.encode():
        return False
    write_text(path, text)
    return True
