"""Folds of utterances from a protocol and the data, proven fair before anyone trains on them."""

import difflib

from pyser.data.audio import audio_files, utterance_recordings
from pyser.data.protocols import PARTS
from pyser.errors import InputError


def name_some(names, limit=5):
    """``a, b, c and 7 more``: a readable list of at most ``limit`` names."""
    names = list(names)
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def members(folds):
    """All utterances of ``folds``, byte-sorted."""
    return sorted({utterance for parts in folds for part in PARTS for utterance in parts[part]})


def label_of(data, utterances):
    """Utterance -> class label, for ``utterances``; InputError names those without one."""
    return _column(data, "utt2emo", utterances)


def select(protocol, data):
    """The utterances (sorted list) that meet the conditions of the protocol.

    Raises:
        FileError: a table of a condition is missing.
        InputError: an utterance has no value there, no utterance has the value, or none is left.
    """
    chosen = data.utterances
    for table, values in protocol.where.items():
        column = _column(data, table, data.utterances)
        known = set(column.values())
        strange = [value for value in values if value not in known]
        if strange:
            found = f"no utterance has {table} = {strange[0]}"
            raise InputError(found, protocol.id, f"one of: {name_some(sorted(known), 20)}")
        chosen = [utterance for utterance in chosen if column[utterance] in values]
    if not chosen:
        raise InputError("no utterance meets all conditions", protocol.id)
    return chosen


def resolve(protocol, data, exclude=()):
    """Turn speakers into utterances and prove that nothing leaks between the parts.

    Proven: every speaker named is in the data; train, dev and test of a fold share no speaker, no
    recording and no audio file; no part is empty; every utterance is tested in exactly one fold
    (in at most one, if the protocol allows untested speakers); there are two classes or more, and
    training sees every one.

    Args:
        protocol: Protocol.
        data: DataDir.
        exclude: utterances to leave out, such as those without features.

    Returns:
        One dict per fold, from part to sorted list of utterances.

    Raises:
        InputError: a proof fails; fold, parts, speaker and utterances are named.
    """
    utt2spk = data.table("utt2spk")
    excluded = set(exclude)
    chosen = [utterance for utterance in select(protocol, data) if utterance not in excluded]
    by_speaker = {}
    for utterance in chosen:
        by_speaker.setdefault(utt2spk[utterance], []).append(utterance)
    _check_speakers_known(protocol, set(utt2spk.values()))
    folds = [
        {
            part: sorted(u for name in fold.speakers(part) for u in by_speaker.get(name, []))
            for part in PARTS
        }
        for fold in protocol.folds
    ]
    recordings = utterance_recordings(data, chosen)
    names = audio_files(data, recordings.values())
    files = {utterance: names[recording] for utterance, recording in recordings.items()}
    for kind, group in (("speaker", utt2spk), ("recording", recordings), ("audio file", files)):
        for number, parts in enumerate(folds, 1):
            _check_disjoint(_place(protocol, number), parts, group, kind)
    _check_tested_once(protocol, folds, by_speaker)
    labels = label_of(data, chosen)
    _check_classes(data, labels)
    for number, parts in enumerate(folds, 1):
        _check_parts(_place(protocol, number), parts, labels)
    return folds


def _place(protocol, number):
    """Where an error about a fold is: the line of the file if there is one, and the fold."""
    where = protocol.folds[number - 1].where or f"protocol {protocol.id}"
    return f"{where}: fold {number}"


def _column(data, table, utterances):
    values = data.table(table)
    missing = [utterance for utterance in utterances if utterance not in values]
    if missing:
        found = f"no line for {name_some(missing)}"
        raise InputError(found, data.path / table, "a line for every utterance of utt2spk")
    return {utterance: values[utterance] for utterance in utterances}


def _check_speakers_known(protocol, known):
    for number, fold in enumerate(protocol.folds, 1):
        for part in PARTS:
            for name in fold.speakers(part):
                if name in known:
                    continue
                near = difflib.get_close_matches(name, sorted(known), n=1)
                remedy = f"did you mean {near[0]}?" if near else None
                found = f"{part} names speaker {name}, who is not in the data"
                expected = f"one of: {name_some(sorted(known), 20)}"
                raise InputError(found, _place(protocol, number), expected, remedy)


def _check_disjoint(place, parts, group, kind):
    """Prove that no ``group`` (utterance -> name) is in two parts of a fold."""
    owners = {}
    for part in PARTS:
        for utterance in parts[part]:
            owners.setdefault(group[utterance], {}).setdefault(part, []).append(utterance)
    for name, by_part in owners.items():
        if len(by_part) < 2:
            continue
        listed = "; ".join(f"{part}: {name_some(by_part[part])}" for part in by_part)
        found = f"{' and '.join(by_part)} share {kind} {name} ({listed})"
        raise InputError(found, place, "disjoint parts", f"keep each {kind} in one part")


def _check_tested_once(protocol, folds, by_speaker):
    tested = {}
    for number, parts in enumerate(folds, 1):
        for utterance in parts["test"]:
            if utterance in tested:
                first = tested[utterance]
                both = sorted(set(parts["test"]) & set(folds[first - 1]["test"]))
                speakers = [s for s in protocol.folds[number - 1].test if both[0] in by_speaker[s]]
                found = f"tests speaker {speakers[0]} ({name_some(both)}), as fold {first} does"
                raise InputError(found, _place(protocol, number), "every utterance tested once")
            tested[utterance] = number
    for speaker, utterances in sorted(by_speaker.items()):
        if utterances[0] not in tested and not protocol.untested:
            found = f"no fold tests speaker {speaker} ({name_some(utterances)})"
            remedy = "add the speaker to a test part, or the line '# untested: allowed'"
            raise InputError(found, f"protocol {protocol.id}", "every utterance tested", remedy)


def _check_classes(data, labels):
    """Prove that there is something to tell apart."""
    classes = set(labels.values())
    if len(classes) == 1:
        found = f"utt2emo has the one class {classes.pop()}; at least two are needed"
        raise InputError(found, data.path)


def _check_parts(place, parts, labels):
    """Prove that no part is empty and that training has all classes."""
    for part in PARTS:
        if not parts[part]:
            raise InputError(f"{part} has no utterances", place, "at least one")
    missing = set(labels.values()) - {labels[utterance] for utterance in parts["train"]}
    for label in sorted(missing):
        has = [u for u in (*parts["dev"], *parts["test"]) if labels[u] == label]
        found = f"train has no utterance of class {label}"
        others = f" (dev and test have {name_some(has)})" if has else ""
        remedy = "use fewer, larger folds, or a label policy without this class"
        raise InputError(found + others, place, "every class in training", remedy)
