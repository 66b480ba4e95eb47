"""What commands say while they work: log lines and progress, both on stderr."""

import sys
import time

_LOG_INTERVAL_S = 10.0


def log(message):
    """Write one line to stderr."""
    print(message, file=sys.stderr, flush=True)


def warn(message):
    """Write one line marked as a warning to stderr."""
    log(f"WARNING: {message}")


def progress(items, total=None, what="", size=None):
    """Iterate over ``items``, showing a bar on a terminal and plain lines in a log.

    Args:
        items: any iterable.
        total: number of items; ``len(items)`` when not given and known.
        what: a word for the line, such as the verb and the unit.
        size: function that says how many of ``total`` an item stands for; 1 when not given.
    """
    if total is None and hasattr(items, "__len__"):
        total = len(items)
    if sys.stderr.isatty():
        from tqdm import tqdm

        with tqdm(total=total, desc=what) as bar:
            for item in items:
                yield item
                bar.update(size(item) if size else 1)
        return
    next_line, done = time.monotonic() + _LOG_INTERVAL_S, 0
    for item in items:
        yield item
        done += size(item) if size else 1
        if time.monotonic() >= next_line:
            log(f"{what}: {done} of {total if total is not None else '?'}")
            next_line = time.monotonic() + _LOG_INTERVAL_S
