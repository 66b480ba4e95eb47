"""Findings on the statistics that features are normalised by."""

import numpy as np

from pyser.audit.findings import Finding
from pyser.data.normalise import GLOBAL_KEY, SPEAKER_STATS, TRAIN_STATS
from pyser.data.reader import read_ark
from pyser.data.tables import read_table
from pyser.errors import InputError

_WHO = "speaker-statistics"


def check_statistics(plan, data_dir):
    """Whether a split's ``cmvn_train`` is of the frames of its training utterances, all and only.

    The number of frames tells; it is added up from ``utt2num_frames``, which the split did not use.

    Raises:
        FileError, InputError: statistics cannot be read.
    """
    if plan.split_dir is None:
        what = "which statistics features are normalised by is not known"
        yield Finding("unchecked-statistics", what)
        return
    path = data_dir / "utt2num_frames"
    frames = _numbers(read_table(path), path) if path.is_file() else {}
    for number, fold in enumerate(plan.folds, 1):
        path = plan.split_dir / f"fold{number}" / f"{TRAIN_STATS}.ark"
        yield from _check_fold(number, fold, path, frames)
    if (plan.split_dir / f"{SPEAKER_STATS}.ark").is_file():
        speaker = plan.facts.table("speaker")
        tested = {speaker.get(u) for fold in plan.folds for u in fold["test"]}
        found = sorted(tested & set(read_ark(plan.split_dir / f"{SPEAKER_STATS}.ark")))
        if found:
            what = f"{SPEAKER_STATS}.ark has statistics of {len(found)} speakers that are tested"
            yield Finding(_WHO, what)


def _numbers(table, path):
    try:
        return {utterance: int(value) for utterance, value in table.items()}
    except ValueError as error:
        raise InputError(str(error), path, "numbers of frames") from error


def _check_fold(number, fold, path, frames):
    if not path.is_file():
        yield Finding("unchecked-statistics", f"fold {number} has no {path.name}")
        return
    counted = float(np.asarray(read_ark(path)[GLOBAL_KEY], np.float64)[0, -1])
    missing = [u for part in fold.values() for u in part if u not in frames]
    if missing:
        what = (
            f"utt2num_frames lacks {missing[0]}, so that {path.name} of fold {number} is unproved"
        )
        yield Finding("unchecked-statistics", what, tuple(sorted(missing)))
        return
    sums = {part: sum(frames[u] for u in utterances) for part, utterances in fold.items()}
    if counted == sums["train"]:
        return
    what = (
        f"{path.name} of fold {number} counts {counted:.0f} frames, its training utterances have "
        f"{sums['train']}"
    )
    for parts in (("train", "test"), ("train", "dev"), ("train", "dev", "test")):
        if counted == sum(sums.get(part, 0) for part in parts):
            what += f" (as many as {' and '.join(parts)} have)"
    yield Finding("statistics-not-of-train", what, tuple(sorted(fold["test"])))


def of_run(audit, normalisation):
    """The content of ``audit.json`` (dict) for a run that normalises features in a known way.

    Whether the speakers' statistics, which every split has, make a result transductive depends on
    the run: their remark stays for ``speaker`` and goes for all others.

    Args:
        audit: dict; stays as it is.
        normalisation: ``speaker``, ``train`` or ``none``.

    Returns:
        dict
    """
    kept = [f for f in audit["findings"] if f["code"] != _WHO or normalisation == "speaker"]
    verdict = audit["verdict"] if kept or not audit["findings"] else "valid"
    return {**audit, "verdict": verdict, "findings": kept}
