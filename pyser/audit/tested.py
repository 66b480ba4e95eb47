"""Findings on what is tested, by what labels, and by what it was selected."""

from collections import Counter

from pyser.audit.findings import Finding
from pyser.audit.groups import members, unknown
from pyser.data.folds import name_some


def check_tested(plan):
    """Utterances tested in several folds or in none, in no part at all, or not in the data."""
    counts = Counter(utterance for fold in plan.folds for utterance in set(fold["test"]))
    often = tuple(sorted(utterance for utterance, count in counts.items() if count > 1))
    if often:
        yield Finding(
            "tested-twice", f"{len(often)} utterances are tested in more than one fold", often
        )
    there = set(members(plan.folds))
    if plan.complete:
        never = tuple(sorted(there - set(counts)))
        if never:
            what = f"{len(never)} utterances are in no test part: {name_some(never)}"
            yield Finding("untested", what, never)
        out = tuple(u for u in plan.facts.universe or () if u not in there)
        if out:
            what = f"{len(out)} utterances are in no part of any fold: {name_some(out)}"
            yield Finding("left-out", what, out)
    if plan.unknown:
        what = f"{len(plan.unknown)} utterances of the lists are not in the data directory: "
        yield Finding("unchecked-utterance", what + name_some(plan.unknown), plan.unknown)
    without = [str(number) for number, fold in enumerate(plan.folds, 1) if not fold.get("dev")]
    if without:
        what = "there is no dev part" if len(plan.folds) == 1 else "no dev part in fold "
        what += "" if len(plan.folds) == 1 else " ".join(without)
        yield Finding("no-dev", what)


def check_classes(folds, label):
    """Classes that a part of a fold lacks."""
    classes = sorted({label[u] for u in members(folds) if u in label})
    for part in ("train", "dev", "test"):
        for name in classes:
            lacks = [
                str(number)
                for number, fold in enumerate(folds, 1)
                if fold.get(part) and name not in {label.get(u) for u in fold[part]}
            ]
            if lacks:
                what = f"class {name} does not occur in {part} of fold {' '.join(lacks)}"
                yield Finding(f"class-absent-{part}", what)


def check_labels(plan):
    """Labels that differ between files; a class that has another name in the lists is no other."""
    label = plan.facts.table("label")
    tables = [(file, table) for file, table in plan.labels if table]
    usual = _usual_names([table for _, table in tables], plan.known_labels)
    for number, (file, table) in enumerate(tables):
        named = {utterance: usual.get(name, name) for utterance, name in table.items()}
        yield from _conflicts(file, named, "the data", plan.known_labels)
        for other_file, other in tables[:number]:
            yield from _conflicts(file, table, other_file, other)
    yield from unknown(plan.folds, "label", label, "neither utt2emo nor a key of the lists")


def _conflicts(file, table, other_file, other):
    found = tuple(sorted(u for u in table if u in other and table[u] != other[u]))
    if found:
        example = f"{found[0]}: {table[found[0]]}, {other[found[0]]}"
        what = f"{len(found)} utterances have other labels in {file} than in {other_file}"
        yield Finding("label-conflict", f"{what} ({example})", found)


def _usual_names(tables, known):
    """Label in the lists -> what the same utterances are called most often in the data."""
    names = {}
    for utterance, name in (pair for table in tables for pair in table.items()):
        if utterance in known:
            names.setdefault(name, Counter())[known[utterance]] += 1
    return {name: max(sorted(counts), key=counts.get) for name, counts in names.items()}
