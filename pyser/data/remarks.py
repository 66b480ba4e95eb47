"""What is legal in a split but has to be said beside its results, as sentences."""

import os

from pyser.data.audio import utterance_recordings
from pyser.data.folds import label_of, members, name_some


def split_remarks(data, folds, without_features):
    """All remarks on a split.

    Args:
        data: DataDir.
        folds: one dict per fold, from part to utterances.
        without_features: utterances that were left out.

    Returns:
        list of str.
    """
    found = [
        _left_out(without_features),
        _shared_text(data, folds),
        *_shared_sessions(data, folds),
        *_absent_classes(data, folds),
        _audio_not_there(data, folds),
    ]
    return [remark for remark in found if remark]


def _left_out(utterances):
    if not utterances:
        return None
    return f"{len(utterances)} utterances without features are left out: {' '.join(utterances)}"


def _shared_text(data, folds):
    """How many test utterances have words that training has too (a script, a fixed sentence)."""
    if not data.has("text"):
        return None
    words = {u: " ".join(text.casefold().split()) for u, text in data.table("text").items()}
    counts = []
    for parts in folds:
        known = {words.get(u) for u in parts["train"]} - {"", None}
        counts.append(sum(words.get(u) in known for u in parts["test"]))
    if not any(counts):
        return None
    sizes = [len(parts["test"]) for parts in folds]
    shares = [_percent(count, size) for count, size in zip(counts, sizes, strict=True)]
    return (
        f"{_percent(sum(counts), sum(sizes))} % of the test utterances have a text that also "
        f"occurs in training (by fold: {' '.join(shares)} %)"
    )


def _shared_sessions(data, folds):
    if not data.has("utt2session"):
        return
    session = data.table("utt2session")
    for part in ("train", "dev"):
        shared = [k for k, f in enumerate(folds, 1) if _meet(session, f[part], f["test"])]
        if shared:
            yield (
                f"{part} and test have utterances of the same session in {len(shared)} of "
                f"{len(folds)} folds"
            )


def _meet(group, first, second):
    return {group[u] for u in first if u in group} & {group[u] for u in second if u in group}


def _absent_classes(data, folds):
    labels = label_of(data, members(folds))
    for part in ("dev", "test"):
        for label in sorted(set(labels.values())):
            absent = [
                k for k, f in enumerate(folds, 1) if label not in {labels[u] for u in f[part]}
            ]
            if absent:
                yield f"class {label} does not occur in {part} of fold {' '.join(map(str, absent))}"


def _audio_not_there(data, folds):
    recordings = set(utterance_recordings(data, members(folds)).values())
    scp = data.table("wav.scp")
    absent = sorted(r for r in recordings if scp[r].endswith("|") or not os.path.exists(scp[r]))
    if not absent:
        return None
    return (
        f"the audio of {len(absent)} recordings could not be compared by content, as it is a pipe "
        f"or not there: {name_some(absent)}"
    )


def _percent(count, size):
    return f"{100 * count / size:.1f}"
