"""The command line: ``pyser VERB ...``, one lazily imported module per verb."""

import importlib
import shlex
import signal
import sys

from pyser.errors import PyserError, UsageError
from pyser.log import log

# verb -> (module with ``main(argv) -> exit status``, one line of help)
VERBS = {
    "prepare": ("pyser.corpora.prepare", "a corpus release -> a data directory"),
    "validate": ("pyser.data.validate", "check a data directory"),
    "features": ("pyser.frontend.extract", "waveforms -> feature archive, in one pass"),
    "split": ("pyser.data.split", "data directory + protocol -> folds and statistics"),
    "audit": ("pyser.audit.run", "a split, anybody's -> what it gives away"),
    "train": ("pyser.train.run", "train a model on every fold"),
    "score": ("pyser.score.run", "score the trained models on their test folds"),
    "report": ("pyser.report.run", "scores -> RESULTS.md and plots"),
}


class _Terminated(KeyboardInterrupt):
    """Asked to end by SIGTERM or SIGHUP: what is half done is tidied up, as after Ctrl-C."""


def usage():
    """The text of ``pyser --help``."""
    width = max(map(len, VERBS))
    lines = [f"  {verb:<{width}}  {text}" for verb, (_, text) in VERBS.items()]
    return "\n".join(
        ["usage: pyser VERB [options] ...   (pyser VERB --help tells more)", "", *lines]
    )


def main(argv=None):
    """Run ``pyser`` with ``argv`` (without the program name); return the exit status.

    0: done; 1: failed, with one line that says what, where, expected, remedy; 2: usage; 130, 143:
    interrupted, terminated.
    """
    if argv is None:  # the process is ours, and so are its signals
        _end_tidily()
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv and argv[0] in ("--help", "-h"):
        print(usage())
        return 0
    if argv and argv[0] == "--version":
        from pyser import __version__

        print(f"pyser {__version__}")
        return 0
    try:
        if not argv or argv[0] not in VERBS:
            found = f"unknown verb {argv[0]!r}" if argv else "no verb given"
            raise UsageError(found, expected=f"one of: {' '.join(VERBS)}")
        if "--help" not in argv:
            log("pyser " + shlex.join(argv))
        module = importlib.import_module(VERBS[argv[0]][0])
        return module.main(argv[1:])
    except UsageError as error:
        log(f"ERROR: {error}")
        return 2
    except PyserError as error:
        log(f"ERROR: {error}")
        return 1
    except OSError as error:  # a full disk, no permission: the message names the file
        log(f"ERROR: {error}")
        return 1
    except KeyboardInterrupt as error:
        terminated = isinstance(error, _Terminated)
        how = "terminated" if terminated else "interrupted"
        log(f"ERROR: {how}; run the same command again to continue")
        return 143 if terminated else 130


def _end_tidily():
    """From now on, raise _Terminated where SIGTERM or SIGHUP would end the process at once."""

    def terminate(number, frame):
        raise _Terminated

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # ignored (SIGHUP under nohup) stays ignored
            signal.signal(number, terminate)
