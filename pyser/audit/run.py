"""``pyser audit``: what a split gives away, and whether its claim can be kept."""

from pathlib import Path

from pyser.audit.audit import audit
from pyser.audit.facts import data_facts
from pyser.audit.findings import CLAIMS, CODES, INVALID, INVALIDATES
from pyser.audit.plans import list_plan, plan_of
from pyser.config import Option, Parser
from pyser.data.datadir import DataDir
from pyser.data.folds import name_some
from pyser.data.splitdir import AUDIT_FILE
from pyser.errors import UsageError
from pyser.log import log

_PATTERNS = ("speaker", "session", "text")
_PARTS = ("train", "dev", "test")
_UNCHECKED = "unchecked-"
PARSER = Parser(
    usage="pyser audit DATA_DIR (PROTOCOL | --train=LIST --test=LIST) [options]\n"
    "       pyser audit --train=LIST --test=LIST [options]",
    description="Look for what a split of data into train, dev and test gives away: speakers,\n"
    "sessions, recordings, texts, the same or changed audio, augmented copies, statistics.\n"
    "PROTOCOL: a folder made by pyser split, the id of one in DATA_DIR/split, or a TSV file.\n"
    "LIST: utterance ids, file names, or JSON, an object a line, as EmoBox publishes folds.\n"
    "The exit status is 1 if a finding invalidates the claim.",
    options=[
        *(Option(part, help=f"list of the utterances of {part}") for part in _PARTS),
        Option("claim", str, CLAIMS[0], "what results of this split are to show", CLAIMS),
        *(
            Option(
                f"{kind}-pattern",
                help=f"regular expression that finds the {kind} in an id or"
                " a file name: its first group",
            )
            for kind in _PATTERNS
        ),
        Option("json", help=f"file to write (default: SPLIT/{AUDIT_FILE} if there is a split)"),
    ],
    num_arguments=(0, 2),
)


def main(argv):
    """The verb ``audit``; returns the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    lists = {part: getattr(options, part) for part in _PARTS if getattr(options, part)}
    _check_usage(options.arguments, lists)
    data_dir = options.arguments[0] if options.arguments else None
    facts = data_facts(DataDir(data_dir)) if data_dir else None
    if lists:
        patterns = {kind: getattr(options, f"{kind}_pattern") for kind in _PATTERNS}
        plan = list_plan(facts, lists, {k: p for k, p in patterns.items() if p})
    else:
        plan = plan_of(facts, data_dir, options.arguments[1])
    found = audit(plan, options.claim, data_dir)
    print(text(found))
    target = options.json or (plan.split_dir / AUDIT_FILE if plan.split_dir else None)
    if target:
        found.write(Path(target))
        log(f"{target}: {found.verdict}")
    return 1 if found.verdict == INVALID else 0


def _check_usage(arguments, lists):
    usage = f"usage: {PARSER.usage}"
    if lists and len(arguments) == 2:
        raise UsageError("a protocol and lists", expected="one of them", remedy=usage)
    if lists and not {"train", "test"} <= set(lists):
        raise UsageError("--train and --test are needed, both", remedy=usage)
    if not lists and len(arguments) < 2:
        raise UsageError("nothing to audit", expected="a protocol, or lists", remedy=usage)


def text(found):
    """An Audit as it is printed (str)."""
    number = sum(f.severity(found.claim) == INVALIDATES for f in found.findings)
    others = len(found.findings) - number
    looked = found.looked_at
    codes = dict.fromkeys(f.code for f in found.sorted_findings() if f.code.startswith(_UNCHECKED))
    lines = [
        f"{found.name}: {found.verdict}",
        f"claim: {found.claim}; findings that invalidate it: {number}, remarks: {others}",
        f"{found.num_utterances} utterances, {found.num_folds} folds; samples compared of "
        f"{looked['utterances']}, sound of {looked['compared_by_sound']} utterances",
    ]
    if codes:
        lines.append("not checked: " + ", ".join(code.removeprefix(_UNCHECKED) for code in codes))
    for finding in found.sorted_findings():
        lines += ["", f"[{finding.severity(found.claim)}] {finding.code}: {finding.message}"]
        lines.append(f"    claim: {CODES[finding.code][1]}")
        if finding.utterances:
            lines.append(f"    utterances: {name_some(finding.utterances, 8)}")
    lines += ["", "No list shows whether settings or epochs were chosen by looking at the test."]
    return "\n".join(lines)
