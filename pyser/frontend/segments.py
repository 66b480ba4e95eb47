"""Utterances that are pieces of recordings."""

import contextlib
import threading
from functools import lru_cache

from pyser import _native
from pyser.data.tables import read_table
from pyser.errors import InputError, PyserError
from pyser.files import digest
from pyser.frontend import decode
from pyser.frontend.sources import warn_unsorted
from pyser.frontend.specifiers import is_pipe

_LOADED_RECORDINGS = 2  # threads are at the end of one and at the beginning of the next
_FORM = "lines of the form '<utterance> <recording> <start> <end>', in seconds"


class SegmentSource:
    """The utterances of a table ``<utterance> <recording> <start> <end>``, times in seconds.

    Which samples are taken is told by ``segment_samples`` in C++. Of 16-bit PCM files only those
    are read; other recordings are decoded whole, once for the segments that follow each other.

    Args:
        recordings: ScpSource with the recordings.
        path: of the table.
        frontend: Frontend, for audio that is not 16-bit.
        read: ``_native.ReadOptions``.
    """

    broken = False

    def __init__(self, recordings, path, frontend, read):
        self._recordings, self._frontend, self._read = recordings, frontend, read
        self.files = recordings.files
        self._lock = threading.Lock()
        self._load = lru_cache(_LOADED_RECORDINGS)(self._load)
        self._segments = {}
        for number, (key, text) in enumerate(read_table(path).items(), 1):
            self._segments[key] = parse_segment(text, f"{path}:{number}")
        if not self._segments:
            raise InputError("names no utterance", path, _FORM)
        warn_unsorted(self._segments, path)
        self.total = len(self._segments)
        self.identity = recordings.identity | {"segments": digest(list(self._segments.items()))}

    @contextlib.contextmanager
    def open(self):
        """The utterances in the order of the table, those C++ cannot cut to be read by ``read``."""
        yield _native.TableSource(map(self._line, self._segments.items()), self._read)

    def _line(self, item):
        key, (recording, start_s, end_s) = item
        file, offset = self._recordings.places.get(recording, (recording, -1))
        foreign = recording not in self._recordings.places or is_pipe(file)
        return key, file, offset, foreign, (start_s, end_s)

    def read(self, utterance):
        """Give an utterance its samples, or its rows, or the reason why it has none."""
        recording, start_s, end_s = self._segments[utterance.key]
        with self._lock:  # whoever comes second finds the recording loaded
            samples, rate, truncated, error = self._load(recording)
        try:
            if error:
                raise error
            decode.give(utterance, *cut(samples, rate, start_s, end_s), self._frontend)
            utterance.truncated = truncated
        except PyserError as reason:
            decode.fail(utterance, reason)

    def _load(self, recording):
        """(samples, rate in Hz, whether truncated, error or None) of a recording."""
        if recording not in self._recordings.places:
            return None, None, False, InputError("is not among the recordings", recording)
        source = self._recordings.utterance(recording)
        try:
            scale = self._frontend.options.input_scale
            samples, rate = decode.load(source, scale, self._read)
            return samples, rate, source.truncated, None
        except PyserError as error:
            return None, None, False, error


def cut(samples, rate, start_s, end_s):
    """The segment of ``samples`` [N] at ``rate`` (Hz), and the rate; InputError outside of them."""
    first, count = _native.segment_samples(len(samples), rate, start_s, end_s)
    return samples[first : first + count], rate


def parse_segment(text, where):
    """(recording, start, end) in a line of a segments file; ``where`` is its file and line."""
    words = text.split()
    try:
        recording, start_s, end_s = words[0], float(words[1]), float(words[2])
    except (IndexError, ValueError):
        raise InputError(f"found {text!r}", where, _FORM) from None
    if len(words) != 3:
        raise InputError(f"found {text!r}", where, _FORM, "--channel names a channel")
    if not 0 <= start_s < float("inf") or not (end_s == -1 or start_s < end_s < float("inf")):
        found = f"the times are {start_s:g} and {end_s:g}"
        raise InputError(found, where, "0 <= start < end, or an end of -1")
    return recording, start_s, end_s
