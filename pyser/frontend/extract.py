"""``pyser features``: waveforms -> an archive of features, in one pass.

A bad utterance does not stop the others: it is told, listed in ``failed.tsv`` and makes the command
fail in the end, unless ``--max-failed`` tolerates it. The rows of the good ones are written in
either case; ``frontend.json``, by which a rerun sees that nothing is to do, only on success.
With a scp, ``utt2cmvn.ark`` holds the statistics of each utterance (see ``pyser.data.keptstats``).

Reading, computing and writing go on at the same time, in order and in bounded memory, whatever the
number and the length of the utterances. One that is long is read and written piece by piece; held
whole are only those of formats other than 16-bit PCM WAV, those out of a command in a table, those
in kaldiio's AUDIO envelope, and all with ``--compress`` or ``--subtract-mean``, which need the last
row before they can write the first. Of an archive out of a pipe the samples of an utterance are
held if it may turn out truncated when its rows cannot be taken back any more, that is if they go
into a pipe too, and with ``--allow-truncated``.
"""

from contextlib import closing

from pyser import _native
from pyser.config import Option, Parser
from pyser.data.keptstats import STATS_FILE, TIE_FILE
from pyser.errors import FileError, InputError, PyserError, UsageError
from pyser.frontend import Frontend, FrontendOptions, decode
from pyser.frontend.archive import (
    Record,
    check_folder,
    feature_writer,
    side_file,
    write_failed,
)
from pyser.frontend.frontend import usable_cpus
from pyser.frontend.options import option_table
from pyser.frontend.segments import SegmentSource
from pyser.frontend.sources import ArkSource, ScpSource
from pyser.frontend.specifiers import (
    parse_rspecifier,
    parse_wspecifier,
    refuse_overwriting,
)
from pyser.frontend.tally import Tally
from pyser.log import log, progress

_TYPES = {"bool": bool, "int": int, "float": float, "str": str}
_RUN_OPTIONS = [
    Option("segments", str, None, "table '<utterance> <recording> <start> <end>' in seconds"),
    Option("channel", int, -1, "channel to take, from 0; -1: there must be only one"),
    Option("allow-truncated", bool, False, "use what there is of files that end too early"),
    Option("allow-pipes", bool, False, "run the commands ('... |') that stand in tables"),
    Option("max-failed", int, 0, "how many failed utterances are tolerated"),
    Option(
        "num-threads",
        int,
        0,
        "threads that compute, not counting those that read or write; 0: all CPUs",
    ),
    Option("compress", bool, False, "write compressed matrices, one or two bytes a value"),
    Option("compression-method", int, 1, "as in Kaldi: 1 automatic ... 7", tuple(range(1, 8))),
    Option("overwrite", bool, False, "replace features that were made in another way"),
]
_SIDE_FILES = ("frontend.json", "utt2num_frames", "failed.tsv", STATS_FILE, TIE_FILE)


def main(argv):
    """Run ``pyser features`` with ``argv``; return its exit status."""
    parser = Parser(
        "pyser features [--config=FILE] [options] WAV_RSPECIFIER FEATS_WSPECIFIER",
        "Computes the features of waveforms: scp:wav.scp or ark:wav.ark to ark:FILE, ark,t:FILE,\n"
        "ark,scp:FILE.ark,FILE.scp or - (the standard output).",
        _frontend_options() + _RUN_OPTIONS,
        num_arguments=2,
        kaldi_config=True,
    )
    args = parser.parse(argv)
    if args is None:
        return 0
    try:
        return _extract(args)
    except PyserError:
        raise
    except OSError as error:
        raise FileError(error.strerror or str(error), error.filename) from error


def _frontend_options():
    """The front-end options as command-line options."""
    options = []
    for row in option_table():
        unit = f" ({row['unit']})" if row["unit"] else ""
        name = row["name"].replace("_", "-")
        kind = _TYPES[row["type"]]
        options.append(Option(name, kind, row["default"], row["help"] + unit, row["choices"]))
    return options


def _extract(args):
    rspecifier = parse_rspecifier(args.arguments[0])
    wspecifier = parse_wspecifier(args.arguments[1])
    frontend = Frontend(_options_given(args))
    compression = _compression(args, wspecifier)
    read = _native.ReadOptions(args.channel, args.allow_truncated)
    source = _open_source(rspecifier, args, frontend, read)
    refuse_overwriting(_outputs(wspecifier), _inputs(args, rspecifier, source))
    extraction = {
        "channel": args.channel,
        "allow-truncated": args.allow_truncated,
        "compression": compression,
    }
    record = Record(wspecifier, frontend, source.identity, extraction)
    if not args.overwrite and record.is_done(args.max_failed):
        log(f"{wspecifier.scp}: complete, nothing to do")
        return 0
    check_folder(wspecifier)
    tally = Tally(frontend.options.sample_frequency)
    with (
        feature_writer(wspecifier, compression, record) as writer,
        source.open() as native,
        closing(_extraction(native, writer, source, frontend, read, args.num_threads)) as running,
    ):
        blocks = iter(running.next, None)
        for block in progress(blocks, source.total, "features", size=lambda block: block[0]):
            _, keys, places, num_rows, stats, told = block
            writer.add(keys, places, num_rows, stats)
            tally.add(len(keys), told)
    return _conclude(args, wspecifier, source, record, tally)


def _outputs(wspecifier):
    """The paths of all files that a run may write or remove."""
    beside = (side_file(wspecifier, name) for name in _SIDE_FILES)
    return [path for path in (wspecifier.ark, wspecifier.scp, *beside) if path]


def _inputs(args, rspecifier, source):
    """Yield the paths of the files that a run reads; of a command, it is not known which."""
    yield from (path for path in (rspecifier.path, args.segments, *args.config_files) if path)
    if rspecifier.kind == "scp":
        yield from source.files


def _options_given(args):
    """The FrontendOptions of a command line; what they refuse is a usage error."""
    names = [row["name"] for row in option_table() if row["name"] in args.given]
    try:
        return FrontendOptions(**{name: getattr(args, name) for name in names})
    except InputError as error:
        where = f"--{str(error.where).replace('_', '-')}" if error.where else None
        raise UsageError(error.what, where, error.expected, error.remedy) from error


def _compression(args, wspecifier):
    if args.max_failed < 0 or args.num_threads < 0 or args.channel < -1:
        raise UsageError("--max-failed, --num-threads or --channel is negative")
    if args.compress and wspecifier.text:
        raise UsageError("--compress with a text archive", expected="ark: without t")
    return args.compression_method if args.compress else 0


def _open_source(rspecifier, args, frontend, read):
    if rspecifier.kind == "ark":
        if args.segments:
            raise UsageError("--segments with an archive", expected="scp:FILE with --segments")
        return ArkSource(rspecifier.path, read, args.allow_pipes)
    table = ScpSource(rspecifier.path, read, args.allow_pipes)
    return SegmentSource(table, args.segments, frontend, read) if args.segments else table


def _extraction(native, writer, source, frontend, read, num_threads):
    """The running ``_native.Extraction`` of a source into a FeatureWriter."""

    def read_foreign(utterance):
        source.read(utterance)
        if utterance.outcome == "foreign":
            decode.compute(utterance, frontend, read)

    cpus = usable_cpus()
    num_threads = num_threads or cpus
    if num_threads == cpus == 1:
        num_threads = 0  # all in turn: other threads would only take the CPU from each other
    return _native.Extraction(
        frontend._plan, native, writer.ark, num_threads, writer.keeps_stats, read_foreign
    )


def _conclude(args, wspecifier, source, record, tally):
    """Say what was done, write failed.tsv and, on success, the record; return the exit status."""
    tally.warn_upsampled()
    counts = tally.counts
    listed = write_failed(wspecifier, tally.lines)
    if counts["short"]:
        log(f"{counts['short']} utterances are shorter than one frame and have no features{listed}")
    good = counts["failed"] <= args.max_failed and not source.broken
    if counts["failed"]:
        tolerated = "tolerated" if good else f"--max-failed={args.max_failed} are tolerated"
        log(f"{'' if good else 'ERROR: '}{counts['failed']} utterances failed{listed}; {tolerated}")
    if source.broken:
        log("ERROR: the archive ended too early; how many utterances are lost is not known")
    if good and not counts["done"]:
        log("ERROR: no utterance has features")
        good = False
    if good:
        record.write(counts)
    log(f"Done {counts['done']} out of {counts['requested']} utterances.")
    return 0 if good else 1
