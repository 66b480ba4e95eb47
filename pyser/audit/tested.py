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
    """Labels that differ between files; a class that only has another name there does not."""
    label = plan.facts.table("label")
    tables = [(file, table) for file, table in plan.labels if table]
    for number, (file, table) in enumerate(tables):
        for other_file, other in [("the data", label), *tables[:number]]:
            conflicts = tuple(sorted(_conflicts(table, other)))
            if conflicts:
                what = f"{len(conflicts)} utterances have other labels in {file} than in "
                first = conflicts[0]
                example = f" ({first}: {table[first]}, {other[first]})"
                yield Finding("label-conflict", what + other_file + example, conflicts)
    yield from unknown(plan.folds, "label", label, "neither utt2emo nor a key of the lists")


def _conflicts(one, other):
    """Utterances whose label is not what its class is called most often in the other table."""
    both = [utterance for utterance in one if utterance in other]
    names = {}
    for utterance in both:
        names.setdefault(one[utterance], Counter())[other[utterance]] += 1
    usual = {name: max(sorted(n), key=n.get) for name, n in names.items()}
    return [utterance for utterance in both if usual[one[utterance]] != other[utterance]]
