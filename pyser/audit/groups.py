"""What two parts of a fold have in common: speakers, sessions, recordings, words, utterances."""

from pyser.audit.findings import CODES, Finding
from pyser.data.folds import name_some

PAIRS = (("train", "test"), ("dev", "test"), ("train", "dev"))


def check_utterances(folds):
    """The same utterance in two parts, or twice in one."""
    for first, second in PAIRS:
        shared = [sorted(set(f.get(first, ())) & set(f.get(second, ()))) for f in folds]
        found = tuple(dict.fromkeys(u for names in shared for u in names))
        if not found:
            continue
        code = f"utterance-{first}-{second}"
        where = _of_folds(shared)
        yield Finding(code, f"{len(found)} utterances are in {first} and {second}{where}", found)
    for number, fold in enumerate(folds, 1):
        if fold.get("dev") and set(fold["dev"]) == set(fold["test"]):
            what = f"dev and test of fold {number} are the same utterances"
            yield Finding("dev-is-test", what, tuple(sorted(fold["test"])))
        for part, listed in fold.items():
            twice = tuple(sorted(_repeated(listed)))
            if twice:
                what = f"{part} of fold {number} lists {len(twice)} utterances more than once"
                yield Finding("listed-twice", what, twice)


def _repeated(listed):
    seen = set()
    return {u for u in listed if u in seen or seen.add(u)}


def check_groups(folds, kind, group, missing=None):
    """The same speaker, session, dialog or recording in two parts.

    Args:
        folds: list of dict from part to utterances.
        kind: for the codes and sentences; only pairs of parts that CODES knows are looked at.
        group: utterance -> name.
        missing: says where the names would be; a finding tells which utterances have none. None:
            the kind need not be known.

    Yields:
        Finding
    """
    for first, second in PAIRS:
        if f"{kind}-{first}-{second}" in CODES:
            yield from _meeting(folds, kind, group, first, second)
    if missing is not None:
        yield from unknown(folds, kind, group, missing)


def _meeting(folds, kind, group, first, second):
    names, concerned, shared = {}, {}, []
    for fold in folds:
        # An utterance in two parts is another finding; it has its recording with it.
        told = set(fold.get(second, ())) if kind == "recording" else set()
        known = {group[u] for u in fold.get(first, ()) if u in group and u not in told}
        found = [u for u in fold.get(second, ()) if group.get(u) in known]
        shared.append(found)
        names |= dict.fromkeys(group[u] for u in found)
        concerned |= dict.fromkeys(found)
    if not concerned:
        return
    count = sum(map(bool, shared))
    what = (
        f"{first} and {second} have utterances of the same {kind} in {count} of "
        f"{len(folds)} folds: {name_some(sorted(names))}"
    )
    yield Finding(f"{kind}-{first}-{second}", what, tuple(sorted(concerned)))


def unknown(folds, kind, group, missing):
    """Of how many utterances the ``kind`` is not known."""
    everyone = members(folds)
    without = tuple(u for u in everyone if u not in group)
    if without:
        many = "any utterance" if len(without) == len(everyone) else f"{len(without)} utterances"
        what = f"the {kind} of {many} is not known ({missing}), so that a {kind} in two parts"
        yield Finding(f"unchecked-{kind}", f"{what} would not be seen", without)


def members(folds):
    """All utterances of the folds, byte-sorted."""
    return sorted({u for fold in folds for part in fold.values() for u in part})


def check_text(folds, text, missing=None):
    """How many test utterances have words that training has too (a script, a fixed sentence)."""
    words = {u: " ".join(line.casefold().split()) for u, line in text.items()}
    counts, concerned = [], {}
    for fold in folds:
        known = {words.get(u) for u in fold.get("train", ())} - {"", None}
        found = [u for u in fold["test"] if words.get(u) in known]
        counts.append(len(found))
        concerned |= dict.fromkeys(found)
    if concerned:
        sizes = [len(fold["test"]) for fold in folds]
        shares = [percent(count, size) for count, size in zip(counts, sizes, strict=True)]
        what = (
            f"{percent(sum(counts), sum(sizes))} % of the test utterances have a text that also "
            f"occurs in training (by fold: {' '.join(shares)} %)"
        )
        yield Finding("text-train-test", what, tuple(sorted(concerned)))
    if missing is not None and not text:
        what = f"no text is known ({missing}), so that shared sentences would not be seen"
        yield Finding("unchecked-text", what, tuple(members(folds)))


def check_overlaps(folds, recording, audio):
    """Segments of one recording that overlap in time, in two parts."""
    by_recording = {}
    for utterance, sound in audio.items():
        if sound.start_s is not None and utterance in recording:
            by_recording.setdefault(recording[utterance], []).append(utterance)
    pairs = set()
    for utterances in by_recording.values():
        utterances.sort(key=lambda u: (audio[u].start_s, u))
        for place, one in enumerate(utterances):
            for other in utterances[place + 1 :]:
                if audio[other].start_s >= audio[one].end_s:
                    break
                pairs.add((one, other))
    message = "{n} segments of {second} overlap in time with segments of {first}"
    yield from check_copies(folds, "overlap", partners_of(pairs), message)


def partners_of(sets):
    """Utterance -> set of those it belongs together with (itself too), from sets of utterances."""
    partners = {}
    for together in sets:
        for utterance in together:
            partners.setdefault(utterance, set()).update(together)
    return partners


def check_copies(folds, kind, partners, message):
    """Utterances that belong together, in two parts of a fold (or twice in test).

    Args:
        folds: list of dict from part to utterances.
        kind: for the codes; only those that CODES has are looked at.
        partners: utterance -> set of those it belongs together with.
        message: template with ``n`` (utterances of the second part), ``first``, ``second``.

    Yields:
        Finding
    """
    for first, second in (*PAIRS, ("test", "test")):
        code = f"{kind}-test" if first == second else f"{kind}-{first}-{second}"
        if code not in CODES:
            continue
        shared = [_meet(partners, fold, first, second) for fold in folds]
        concerned = {u: partner for found in shared for u, partner in found.items()}
        if concerned:
            what = message.format(n=len(concerned), first=first, second=second)
            examples = ", ".join(f"{u} = {concerned[u]}" for u in sorted(concerned)[:3])
            what = f"{what}{_of_folds(shared)} ({examples})"
            yield Finding(code, what, tuple(sorted(concerned)))


def _meet(partners, fold, first, second):
    """Utterance of the second part -> one of its partners in the first."""
    known, found = set(fold.get(first, ())), {}
    for utterance in fold.get(second, ()):
        there = (partners.get(utterance, set()) & known) - {utterance}
        if there:
            found[utterance] = min(there)
    return found


def _of_folds(shared):
    """`` of fold 1 3``, nothing when there is one fold only."""
    numbers = [str(number) for number, found in enumerate(shared, 1) if found]
    return f" of fold {' '.join(numbers)}" if len(shared) > 1 else ""


def percent(count, size):
    """``12.5``."""
    return f"{100 * count / size:.1f}"
