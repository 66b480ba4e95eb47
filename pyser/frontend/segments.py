"""Utterances that are pieces of recordings."""

from pyser import _native
from pyser.data.tables import read_table
from pyser.errors import InputError, PyserError
from pyser.files import digest
from pyser.frontend import decode
from pyser.frontend.sources import warn_unsorted

# A segment may end this much after its recording, as in Kaldi: times are rounded.
_MAX_OVERSHOOT_S = 0.5
_FORM = "lines of the form '<utterance> <recording> <start> <end>', in seconds"


class SegmentSource:
    """The utterances of a table ``<utterance> <recording> <start> <end>``, times in seconds.

    As in Kaldi, samples int(start * rate) up to int(end * rate) are taken, an end of -1 is the end
    of the recording, and an end up to 0.5 s after it means it. Segments of a recording that follow
    each other in the table share one reading of it.

    Args:
        recordings: ScpSource with the recordings.
        path: of the table.
        frontend: Frontend, for audio that is not 16-bit.
        read: ``_native.ReadOptions``.
    """

    broken = None

    def __init__(self, recordings, path, frontend, read):
        self._recordings, self._frontend, self._read = recordings, frontend, read
        self.table = recordings.table
        self._segments = {}
        for number, (key, text) in enumerate(read_table(path).items(), 1):
            self._segments[key] = parse_segment(text, f"{path}:{number}")
        if not self._segments:
            raise InputError("names no utterance", path, _FORM)
        warn_unsorted(self._segments, path)
        self.total = len(self._segments)
        self.identity = recordings.identity | {"segments": digest(list(self._segments.items()))}

    def utterances(self):
        """Yield loaded, computed and failed utterances, in the order of the table."""
        current, audio = None, None
        for key, (recording, start_s, end_s) in self._segments.items():
            if recording != current:
                current, audio = recording, self._load(recording)
            path, samples, rate, truncated, error = audio
            utterance = _native.Utterance(key, path)
            try:
                if error:
                    raise error
                self._fill(utterance, *cut(samples, rate, start_s, end_s))
                utterance.truncated = truncated
            except PyserError as reason:
                decode.fail(utterance, reason)
            yield utterance

    def _load(self, recording):
        """(path, samples, rate in Hz, whether truncated, error or None) of a recording."""
        if recording not in self._recordings.table:
            missing = InputError("is not among the recordings", recording)
            return recording, None, None, False, missing
        source = self._recordings.utterance(recording)
        try:
            scale = self._frontend.options.input_scale
            samples, rate = decode.load(source, scale, self._read)
            return source.path, samples, rate, source.truncated, None
        except PyserError as error:
            return source.path, None, None, False, error

    def _fill(self, utterance, samples, rate):
        if samples.dtype == "int16":
            utterance.set_samples(samples, rate)
        else:
            utterance.set_rows(self._frontend(samples, rate), rate)


def cut(samples, rate, start_s, end_s):
    """The segment of ``samples`` [N] at ``rate`` (Hz), and the rate; InputError outside of them."""
    start = int(start_s * rate)
    end = len(samples) if end_s == -1 else int(end_s * rate)
    if start >= len(samples) or end > len(samples) + _MAX_OVERSHOOT_S * rate:
        found = f"the segment from {start_s:g} to {end_s:g} s leaves the recording"
        raise InputError(found, expected=f"times up to {len(samples) / rate:g} s")
    return samples[start:end], rate


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
