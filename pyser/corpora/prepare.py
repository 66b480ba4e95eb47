"""``pyser prepare``: a corpus release -> a validated data directory."""

import json
import os
from collections import Counter
from pathlib import Path

from pyser.config import Option, Parser
from pyser.corpora import CORPORA, corpus_module
from pyser.corpora.totals import compare, count, table_lines
from pyser.corpora.utterance import data_tables, label
from pyser.data.datadir import INFO_FILE, OPTIONAL_TABLES, DataDir
from pyser.data.findings import count_errors, shortened
from pyser.data.validate import validate
from pyser.errors import FileError, InputError, UsageError
from pyser.files import read_json
from pyser.log import log, warn

STANDIN = "standin"
OWN = "own"
CROSS = "cross"
STANDIN_FILE = "STANDIN.txt"  # at the root of a generated release; nothing else tells them apart

PARSER = Parser(
    usage="pyser prepare CORPUS --root=DIR --out=DIR [--labels=POLICY]\n"
    "       pyser prepare cross --root=DIR --test-data=DIR --out=DIR [--label-map=FILE]\n"
    "       pyser prepare standin --out=DIR [--size=SIZE]",
    description="Read a corpus release and write a data directory (wav.scp, utt2spk, ...),\n"
    f"checked against the published totals. CORPUS: {' '.join(CORPORA)}, or\n"
    f"{OWN}: a data directory of your own (wav.scp, utt2spk, utt2emo, any others);\n"
    f"{CROSS}: two data directories as one, to train on --root and test on --test-data;\n"
    f"{STANDIN}: generate a synthetic stand-in in the layout of IEMOCAP.",
    options=[
        Option("root", help="folder of the release"),
        Option("out", help="folder to write", required=True),
        Option("labels", help="label policy: which raw labels make which classes"),
        Option("test-data", help="data directory of the corpus to test on"),
        Option("label-map", help="lines '<label> <class>'; without a line, a label is left out"),
        Option("size", help="size of the stand-in: small or tiny", default="small"),
    ],
    num_arguments=1,
)


def main(argv):
    """The verb ``prepare``; returns the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    corpus = options.arguments[0]
    if corpus not in (*CORPORA, OWN, CROSS, STANDIN):
        expected = f"one of: {' '.join((*CORPORA, OWN, CROSS, STANDIN))}"
        raise UsageError(f"unknown corpus {corpus!r}", expected=expected)
    _refuse_useless(corpus, options)
    if corpus == STANDIN:
        from pyser.corpora.standin import generate

        generate(options.out, options.size)
        return 0
    if corpus == OWN:
        from pyser.corpora.own import read

        tables, info = read(options.root)
    elif corpus == CROSS:
        from pyser.corpora.cross import read

        tables, info = read(options.root, options.test_data, options.label_map)
    else:
        tables, info = read_release(corpus, options.root, options.labels)
    return write(options.out, tables, info)


def read_release(corpus, root, policy=None):
    """Parse a release and apply a label policy.

    Args:
        corpus: a name in CORPORA.
        root: the release folder or what the parser accepts for it.
        policy: a name in the corpus's LABEL_POLICIES; None for the default, the first.

    Returns:
        (tables, info): dict from file name to table, and what ``corpus.json`` will hold.
    """
    module = corpus_module(corpus)
    default = next(iter(module.LABEL_POLICIES))
    policy = policy or default
    if policy not in module.LABEL_POLICIES:
        expected = f"one of: {' '.join(module.LABEL_POLICIES)}"
        raise UsageError(f"--labels={policy} is unknown", corpus, expected)
    root = module.locate(os.path.abspath(root))
    remarks = []
    utterances = module.parse(root, remarks.append)
    for remark in remarks:
        warn(remark)
    standin = read_standin(root)
    expected = module.EXPECTED if standin is None else standin
    found = count(utterances, module.groups, module.LABEL_POLICIES[default])
    differences = _report_totals(module.TITLE, expected, found, standin is not None)
    kept, classes = label(utterances, module.LABEL_POLICIES[policy])
    if not kept:
        raise InputError(f"no utterance has a label of policy {policy}", root)
    info = {
        "name": corpus,
        "title": module.TITLE,
        "standin": standin is not None,
        "labels": policy,
        "labels_default": policy == default,
        "classes": sorted(set(classes.values())),
        "totals": found,
        "differences": differences,
        "remarks": remarks,
    }
    return data_tables(kept, classes), info


def read_standin(root):
    """The totals in the STANDIN.txt of a generated release; None when ``root`` has none."""
    path = Path(root) / STANDIN_FILE
    if not path.is_file():
        return None
    totals = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        group, *rest = line.split("\t")
        if len(rest) == 2:
            totals.setdefault(group, {})[rest[0]] = json.loads(rest[1])
    return totals


def write(out, tables, info):
    """Write the data directory ``out`` if it is not there already; returns the exit status."""
    out = Path(out)
    if _is_written(out, tables, info):
        log(f"{out}: nothing to do")
    else:
        DataDir.write(out, tables, info)
    findings = validate(out)
    for line in shortened(findings):
        log(line)
    sizes = Counter(tables["utt2emo"].values())
    log(", ".join(f"{name} {sizes[name]}" for name in sorted(sizes)))
    speakers = len(set(tables["utt2spk"].values()))
    log(f"{out}: {len(tables['utt2emo'])} utterances of {speakers} speakers")
    return 1 if count_errors(findings) else 0


def _refuse_useless(corpus, options):
    """Options that another kind of corpus takes are errors, not ignored."""
    release = {"root", "labels"}
    takes = {STANDIN: {"size"}, CROSS: release | {"test_data", "label_map"}}.get(corpus, release)
    every = {"root", "labels", "size", "test_data", "label_map"}
    for name in sorted(options.given & every - takes):
        found = f"--{name.replace('_', '-')} is given"
        raise UsageError(found, remedy=f"pyser prepare {corpus} takes none")
    needed = {"root": "the folder of the release", "test_data": "the corpus to test on"}
    for name in needed.keys() & takes:
        if getattr(options, name) is None:
            found = f"--{name.replace('_', '-')} is not given"
            raise UsageError(found, expected=needed[name])
    if corpus in (OWN, CROSS) and options.labels not in (None, "all"):
        raise UsageError(f"--labels={options.labels}", expected="all: utt2emo is taken as it is")


def _report_totals(title, expected, found, standin):
    """Log how the counts compare to the expected ones; returns the list of differences."""
    differences, compared = compare(expected, found)
    source = "the stand-in's own" if standin else "published"
    if standin:
        warn(f"this is a synthetic stand-in, not {title}; its numbers say nothing about speech")
    log(f"{title}: {compared - len(differences)} of {compared} totals are as {source}")
    if differences:
        warn(f"{len(differences)} totals are not; is it a part of the corpus, or a bad copy?")
        for line in table_lines(differences):
            log(f"  {line}")
    return differences


def _is_written(out, tables, info):
    """Whether ``out`` already holds exactly this; InputError when it holds other data."""
    if not (out / INFO_FILE).is_file():
        return False
    there = read_json(out / INFO_FILE)
    for name in ("name", "standin", "labels"):
        if there.get(name) != info.get(name):
            found = f"holds data with {name} {there.get(name)!r}, not {info.get(name)!r}"
            raise InputError(found, out, remedy="remove the folder or give another --out")
    try:
        existing = DataDir(out)
        same = all(existing.table(name) == table for name, table in tables.items())
        same = same and not any(existing.has(name) for name in set(OPTIONAL_TABLES) - set(tables))
    except (FileError, InputError):
        return False
    return same and there == json.loads(json.dumps(info))
