"""``pyser split``: data directory + protocol -> folds, proven fair, and normalisation statistics.

::

    OUT/protocol.json                 what was split and how; written last: the split is complete
    OUT/protocol.tsv                  the folds, if they were generated
    OUT/utt2spk                       of the utterances of the protocol
    OUT/cmvn_speaker.{ark,scp}        statistics of each speaker, over all his utterances
    OUT/fold<k>/{train,dev,test}      utterance ids
    OUT/fold<k>/cmvn_train.ark        statistics of the fold's training utterances
"""

from pathlib import Path

from pyser.audit.audit import split_findings
from pyser.audit.facts import data_facts
from pyser.config import Option, Parser
from pyser.data.crossfold import cross_fold
from pyser.data.datadir import DataDir
from pyser.data.folds import label_of, members, resolve, select
from pyser.data.normalise import REMARKS
from pyser.data.protocols import PARTS, generate_folds, read_protocol, write_protocol
from pyser.data.reader import FeatureReader
from pyser.data.splitdir import (
    AUDIT_FILE,
    PROTOCOL_FILE,
    is_written,
    remove_folds,
    write_fold,
    write_speakers,
)
from pyser.errors import UsageError
from pyser.files import digest, file_digest, write_json
from pyser.frontend.cmvn import utterance_stats
from pyser.log import log, progress, warn

GENERATED_FILE = "protocol.tsv"
PARSER = Parser(
    usage="pyser split DATA_DIR (--protocol=FILE.tsv | --num-folds=K | --cross) --out=DIR",
    description="Make the folds of a protocol, prove that no speaker, recording or audio file is\n"
    "in two parts of a fold, and compute normalisation statistics from the features.",
    options=[
        Option("protocol", help="protocol file: which speakers train, select and test"),
        Option("num-folds", int, help="generate so many speaker-disjoint folds; 0: up to 5"),
        Option("cross", bool, False, "one fold: test on the corpus that was prepared for that"),
        Option("out", help="folder to write", required=True),
    ],
    num_arguments=1,
)


def main(argv):
    """The verb ``split``; returns the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    given = options.protocol is not None, options.num_folds is not None, options.cross
    if sum(given) != 1:
        found = "one of --protocol, --num-folds and --cross is needed"
        raise UsageError(found, expected=PARSER.usage)
    folds = {"num_folds": options.num_folds or 0, "cross": options.cross}
    split(options.arguments[0], options.out, options.protocol, **folds)
    return 0


def split(data_dir, out, protocol=None, *, num_folds=0, cross=False):
    """Write the split directory ``out``; False when it was complete and up to date.

    Args:
        data_dir: data directory with ``feats.scp``.
        out: folder to write.
        protocol: protocol file; without it folds are generated.
        num_folds: how many of those, as for ``generate_folds``.
        cross: generate one fold across corpora instead.

    Raises:
        FileError, InputError: something is missing, malformed or leaks.
    """
    out, data = Path(out), DataDir(data_dir)
    reader = FeatureReader(data.path / "feats.scp")
    if protocol is not None:
        plan = read_protocol(protocol)
    else:
        plan = _generate(data, reader, num_folds, cross)
    without = [utterance for utterance in select(plan, data) if utterance not in reader]
    folds = resolve(plan, data, without)
    description = describe(plan, data, reader, folds, without)
    if without:
        warn(f"{len(without)} utterances have no features: they are left out")
    for number, parts in enumerate(folds, 1):
        log(f"fold {number}: " + ", ".join(f"{part} {len(parts[part])}" for part in PARTS))
    for remark in description["remarks"]:
        log(f"remark: {remark}")
    if is_written(out, description, folds, reader):
        log(f"{out}: nothing to do")
        return False
    write(out, plan if protocol is None else None, data, reader, folds, description)
    log(f"{out}: {len(folds)} folds of protocol {description['id']}")
    return True


def _generate(data, reader, num_folds, cross):
    utt2spk = data.table("utt2spk")
    utt2spk = {u: utt2spk[u] for u in data.utterances if u in reader}
    return cross_fold(utt2spk, data) if cross else generate_folds(utt2spk, num_folds)


def describe(plan, data, reader, folds, without):
    """What ``protocol.json`` holds: no paths, nothing that differs between two equal splits."""
    info = data.info
    inputs = {
        "utt2emo": file_digest(data.path / "utt2emo"),
        "utt2spk": file_digest(data.path / "utt2spk"),
        "features": reader.digest(),
        "folds": digest(folds),
    }
    return {
        "id": plan.full_id(info),
        "classes": sorted(set(label_of(data, members(folds)).values())),
        "folds": len(folds),
        "sizes": [{part: len(parts[part]) for part in PARTS} for parts in folds],
        "where": {table: list(values) for table, values in plan.where.items()},
        "description": plan.description,
        "data": {
            "name": info.get("name", data.path.resolve().name),
            "standin": data.standin,
            "labels": info.get("labels"),
            "digest": digest([inputs[name] for name in ("utt2emo", "utt2spk", "features")]),
        },
        "inputs": inputs,
        "remarks": remarks(data, folds, without),
        "normalisation_remarks": REMARKS,
    }


def remarks(data, folds, without):
    """What is legal in a split but has to be said beside its results: sentences (list of str)."""
    left_out = f"{len(without)} utterances without features are left out: {' '.join(without)}"
    found = [finding.message for finding in split_findings(data_facts(data), folds)]
    return [left_out, *found] if without else found


def write(out, generated, data, reader, folds, description):
    """Write everything; ``protocol.json`` goes first and comes last: where it is, all is."""
    everyone = members(folds)
    stats = utterance_stats(reader, progress(everyone, what="statistics, utterances"))
    for name in (PROTOCOL_FILE, AUDIT_FILE):
        (out / name).unlink(missing_ok=True)
    remove_folds(out, len(folds))
    for number, parts in enumerate(folds, 1):
        write_fold(out / f"fold{number}", parts, stats)
    write_speakers(out, stats, {u: data.table("utt2spk")[u] for u in everyone})
    (out / GENERATED_FILE).unlink(missing_ok=True)
    if generated is not None:
        write_protocol(out / GENERATED_FILE, generated)
    write_json(out / PROTOCOL_FILE, description)
