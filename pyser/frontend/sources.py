"""Where utterances come from: a table of audio files, or an archive of audio.

A source has ``identity`` (dict of digests that say which utterances it names and, as ``files``, the
sizes and times of modification of their audio; None when only reading can tell),
``total`` (their number, or None), ``broken`` (the error that ended an archive too early, or None)
and ``utterances()``, an iterator over ``_native.Utterance``: pending ones that name a file, loaded
ones, foreign ones that soundfile must decode, or ones that failed already.
"""

import contextlib
import os
import stat
import subprocess

from pyser import _native
from pyser.data.tables import read_table
from pyser.errors import FileError, InputError, PyserError
from pyser.files import digest
from pyser.frontend import decode
from pyser.frontend.specifiers import is_pipe
from pyser.log import warn

_BATCH_UTTERANCES = 1024
_BATCH_BYTES = 32 << 20


def batches(utterances):
    """Group utterances into lists, bounded in number and in the audio they hold."""
    batch, held = [], 0
    for utterance in utterances:
        batch.append(utterance)
        held += utterance.num_bytes
        if len(batch) == _BATCH_UTTERANCES or held >= _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


class ScpSource:
    """The utterances of a ``wav.scp``: ``<key> <file>``, ``<file>:<offset>`` or ``<command> |``.

    Args:
        path: of the table; ``-`` is the standard input.
        read: ``_native.ReadOptions``.
        allow_pipes: whether commands are run.
    """

    broken = None

    def __init__(self, path, read, allow_pipes=False):
        self._read = read
        with _readable(path, allow_pipes) as readable:
            self.table = read_table("/dev/stdin" if readable == "-" else readable)
        if not self.table:
            raise InputError("names no utterance", path, "lines of the form '<key> <file>'")
        if not allow_pipes:
            _refuse_pipes(self.table, path)
        warn_unsorted(self.table, path)
        self.total = len(self.table)
        files = dict.fromkeys(split_place(place)[0] for place in self.table.values())
        states = [None if is_pipe(path) else _state(path) for path in files]
        self.identity = {"scp": digest(list(self.table.items())), "files": digest(states)}

    def utterances(self):
        """Yield the utterances in the order of the table."""
        return map(self.utterance, self.table)

    def utterance(self, key):
        """The utterance ``key``: pending, or read already if it comes out of a command."""
        place = self.table[key]
        if is_pipe(place):
            return self._run(key, place)
        return _native.Utterance(key, *split_place(place))

    def _run(self, key, place):
        utterance = _native.Utterance(key, place)
        command = place.rstrip().removesuffix("|")
        result = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False)
        if result.returncode != 0:
            utterance.fail(f"the command exited with {result.returncode}")
            return utterance
        try:
            utterance.read_bytes(result.stdout, self._read)
        except PyserError as error:
            decode.fail(utterance, error)
        return utterance


class ArkSource:
    """The utterances of an archive of audio, as Kaldi's wav-copy or kaldiio's save_ark write it.

    Args:
        path: of the archive; ``-`` is the standard input.
        read: ``_native.ReadOptions``.
        allow_pipes: whether ``path`` may be a command.
    """

    total = None

    def __init__(self, path, read, allow_pipes=False):
        self._path, self._read, self._allow_pipes = path, read, allow_pipes
        self.broken = None
        is_file = path != "-" and not is_pipe(path) and os.path.isfile(path)
        self.identity = None
        if is_file:
            self.identity = {"ark": digest(path), "files": digest([_state(path)])}

    def utterances(self):
        """Yield the utterances until the archive ends or cannot be continued (``broken``)."""
        with _readable(self._path, self._allow_pipes) as readable:
            reader = _native.AudioArkReader(readable, self._read)
            try:
                yield from self._entries(reader)
            finally:
                reader.close()  # or a command that writes the archive would wait for its reader

    def _entries(self, reader):
        keys = set()
        while True:
            utterance = _native.Utterance("", "")
            try:
                if not reader.next(utterance):
                    return
            except PyserError as error:
                self.broken = error
                decode.fail(utterance, error)
                yield utterance
                return
            if utterance.key in keys:
                utterance.fail("its key was seen before in this archive", "every key once")
            keys.add(utterance.key)
            yield utterance


def warn_unsorted(keys, path):
    """Warn once if the keys of a table are not in byte order."""
    previous = ""
    for number, key in enumerate(keys, 1):
        if key < previous:
            warn(f"{path}:{number}: not sorted as by LC_ALL=C sort, nor will the output be")
            return
        previous = key


def _refuse_pipes(table, path):
    for number, place in enumerate(table.values(), 1):
        if is_pipe(place):
            found = f"found the command {place!r}, and commands are not run"
            raise InputError(found, f"{path}:{number}", "a file", "--allow-pipes runs them")


def split_place(place):
    """``file:offset`` as (file, offset), anything else as (place,)."""
    path, colon, offset = place.rpartition(":")
    if colon and offset.isascii() and offset.isdigit() and len(offset) < 19:
        return path, int(offset)
    return (place,)


def _state(path):
    """[bytes, time of modification in ns] of a file; None for a device or a pipe."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # the latter for names with a zero byte
        return "missing"
    return [status.st_size, status.st_mtime_ns] if stat.S_ISREG(status.st_mode) else None


@contextlib.contextmanager
def _readable(path, allow_pipes):
    """A path that can be opened: ``path`` itself, or the output of the command that it is."""
    if not is_pipe(path):
        yield path
        return
    if not allow_pipes:
        raise InputError("is a command, and commands are not run", path, "a file", "--allow-pipes")
    command = path.rstrip().removesuffix("|")
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE) as process:
        yield f"/dev/fd/{process.stdout.fileno()}"
    if process.returncode != 0:
        raise FileError(f"the command exited with {process.returncode}", path)
