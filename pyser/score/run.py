"""``pyser score``: the trained models' answers on their test folds, and what they are worth."""

import importlib
import json
from itertools import groupby
from pathlib import Path

from pyser.config import Option, Parser
from pyser.errors import FileError, PyserError, UsageError
from pyser.log import log, progress, warn
from pyser.score.calibration import calibration
from pyser.score.choice import is_explained
from pyser.score.compareanswers import comparison_of
from pyser.score.curves import CURVES_FILE, curves_text
from pyser.score.experiment import score_rows
from pyser.score.ratings import Ratings, read_answers
from pyser.score.ratingsummary import rating_lines, summarise_ratings
from pyser.score.result import (
    RESULT_FILE,
    SCORES_FILE,
    describe,
    find_runs,
    format_answers,
    merge_scores,
    run_temperatures,
    select_runs,
    write_if_changed,
)
from pyser.score.selective import selective
from pyser.score.summary import summarise, summarise_styles
from pyser.score.text import STANDIN_WARNING, percent, plural, posteriors_text, summary_text

MOST_SYSTEMS = 1000  # in one comparison

PARSER = Parser(
    usage="pyser score (--exp EXP_DIR [--experiment FILE] [options] | SCORES_TSV |"
    " --compare SCORES SCORES ...)",
    description="Score the trained runs EXP_DIR/fold<k>/seed<s> on their test folds, merge them\n"
    "into EXP_DIR/scores.tsv, result.json and curves.tsv, and print WA, UA and macro-F1 with\n"
    "intervals, of ratings CCC. Given a table of scores, anybody's, print the same for it. With\n"
    "--compare, test systems (tables of scores, or folders that hold one) against the first.",
    options=[
        Option("exp", str, None, "experiment folder, as given to pyser train"),
        Option("experiment", str, None, "experiment file: score its rows, then compare them"),
        Option("folds", str, help="such as 1,3-5 (default: all)"),
        Option("seeds", int, help="the seeds 1..K (default: those that were begun)"),
        Option("command", str, help="what to show as the way to repeat this (default: as trained)"),
        Option("overwrite", bool, False, "score again what has been scored"),
        Option("allow-missing", bool, False, "accept an incomplete grid of folds and seeds"),
        Option("explain", bool, True, "look inside the models: explain.npz, for the report"),
        Option("compare", bool, False, "paired tests of the arguments against the first"),
    ],
    num_arguments=(0, MOST_SYSTEMS),
)


def main(argv):
    """Run ``pyser score``; return the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    tables = len(options.arguments)
    if options.compare and (options.exp or tables < 2 or len(set(options.arguments)) < tables):
        found = "--compare takes two or more different SCORES"
        raise UsageError(found, remedy=f"usage: {PARSER.usage}")
    if not options.compare and bool(options.exp) + tables != 1:
        raise UsageError("--exp or SCORES_TSV, one of them", remedy=f"usage: {PARSER.usage}")
    if options.experiment and not options.exp:
        raise UsageError("--experiment without --exp", expected="the folder of its rows")
    if options.compare:
        print(comparison_of({name: _read_system(name) for name in options.arguments}))
    elif options.experiment:
        return score_rows(options, score_experiment)
    elif options.exp:
        score_experiment(Path(options.exp), options)
    else:
        show(read_answers(options.arguments[0]), options.arguments[0])
    return 0


def _read_system(path):
    """The answers in a table, or those of an experiment folder that was scored."""
    if not Path(path).is_dir():
        return read_answers(path)
    if not (Path(path) / SCORES_FILE).is_file():
        remedy = "run pyser score --exp first"
        raise FileError(f"no {SCORES_FILE}", path, "a scored experiment folder", remedy)
    return read_answers(Path(path) / SCORES_FILE)


def score_experiment(exp, options):
    """Score the complete runs of the folder ``exp``, merge them and print the summary.

    Args:
        exp: folder with fold<k>/seed<s>.
        options: what the command line said: folds, seeds, command, overwrite, allow_missing.

    Raises:
        FileError: runs are missing (after those that are there were scored), unless allowed.
    """
    runs, missing = select_runs(find_runs(exp), options.folds, options.seeds)
    predicted = _predict([r for r in runs if options.overwrite or not r.scores_path.is_file()])
    if missing:
        _say_missing(missing, exp, options.allow_missing and bool(runs))
    scores = merge_scores(runs)
    result = describe(runs, missing, options.command)
    result["remarks"] += scores.findings
    text = json.dumps(result, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    written = write_if_changed(exp / SCORES_FILE, format_answers(scores))
    written |= write_if_changed(exp / RESULT_FILE, text)
    curves = curves_text(runs)
    written |= curves is not None and write_if_changed(exp / CURVES_FILE, curves)
    explained = isinstance(scores, Ratings) or not options.explain
    if not explained and (options.overwrite or not is_explained(exp, scores)):
        written |= _explain(exp, runs, scores)
    if not predicted and not written:
        log(f"{exp}: nothing to do")
    show(scores, exp, result)


def _predict(runs):
    """Write the scores.tsv of ``runs``; return how many there were."""
    if runs:
        # torch is needed here and nowhere else in this package
        predict = importlib.import_module("pyser.train.predict")
        for run in progress(runs, what="pyser score, runs"):
            predict.predict_run(run.path)
        log(f"{plural(len(runs), 'run')} predicted")
    return len(runs)


def _explain(exp, runs, scores):
    """Write explain.npz of ``runs`` that tell what data they read; whether there was anything."""
    if not all(run.info.get("data") and run.info.get("split") for run in runs):
        return False
    explain = importlib.import_module("pyser.train.explain")
    try:
        return explain.explain_experiment(exp, runs, scores)
    except (PyserError, OSError) as error:  # scores are complete without a look inside
        warn(f"{exp}: the report will not show what is inside the models: {error}")
        return False


def _say_missing(missing, exp, allowed):
    folds = groupby(missing, key=lambda pair: pair[0])
    listed = ", ".join(
        f"fold {fold} (seed {' '.join(str(seed) for _, seed in pairs)})" for fold, pairs in folds
    )
    found = f"{plural(len(missing), 'run')} not complete: {listed}"
    if not allowed:
        remedy = "run pyser train again to finish them, or score with --allow-missing"
        raise FileError(found, exp, "all folds with all seeds", remedy)
    warn(f"{exp}: {found}")


def show(scores, name, result=None):
    """Print the summary of ``scores`` (Scores or Ratings), and one line for each of its styles."""
    for finding in scores.findings:
        warn(f"{name}: {finding}")
    print(f"\n{name}")
    if result and result["corpus"].get("standin"):
        print(f"{STANDIN_WARNING}.")
    if result and result["transductive"]:
        print("Normalised by each test speaker's own statistics: transductive.")
    if result and result.get("audit"):
        print(f"Audit of the split: {result['audit']['verdict']}.")
    if isinstance(scores, Ratings):
        print("\n".join(rating_lines(summarise_ratings(scores))))
        return
    print(summary_text(summarise(scores), scores.classes))
    reliable = calibration(scores, run_temperatures(result or {}))
    print(f"\n{posteriors_text(reliable, selective(scores))}")
    for style, part in summarise_styles(scores).items():
        values = ", ".join(f"{key} {percent(e.pooled)}" for key, e in part.metrics.items())
        print(f"{style}: {values} ({plural(part.num_utterances, 'utterance')})")
