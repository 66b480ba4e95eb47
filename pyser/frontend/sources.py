"""Where utterances come from: a table of audio files, or an archive of audio.

A source has ``identity`` (dict of digests that say which utterances it names and, as ``files``, the
sizes and times of modification of their audio; None when only reading can tell),
``total`` (their number, or None), ``open()`` (a context in which it is a ``_native.Source``),
``read(utterance)``, which is asked for the audio that C++ leaves to Python, from any thread, and
``broken`` (whether an archive ended too early; to be asked when all is done).
"""

import contextlib
import os

from pyser import _native
from pyser.data.tables import read_table
from pyser.errors import FileError, InputError, PyserError
from pyser.files import digest
from pyser.frontend import decode
from pyser.frontend.specifiers import is_pipe
from pyser.log import warn


class ScpSource:
    """The utterances of a ``wav.scp``: ``<key> <file>``, ``<file>:<offset>`` or ``<command> |``.

    Args:
        path: of the table; ``-`` is the standard input.
        read: ``_native.ReadOptions``.
        allow_pipes: whether commands are run.
    """

    broken = False

    def __init__(self, path, read, allow_pipes=False):
        self._read = read
        with _readable(path, allow_pipes) as readable:
            table = read_table("/dev/stdin" if readable == "-" else readable)
        if not table:
            raise InputError("names no utterance", path, "lines of the form '<key> <file>'")
        self._commands = {place for place in table.values() if is_pipe(place)}
        if self._commands and not allow_pipes:
            _refuse_pipes(table, path)
        warn_unsorted(table, path)
        self.total = len(table)
        self.places = {key: split_place(place) for key, place in table.items()}
        files = dict.fromkeys(file for file, _ in self.places.values())
        self.files = [file for file in files if file not in self._commands]
        self.identity = {
            "scp": digest("".join(f"{key} {place}\n" for key, place in table.items())),
            "files": digest(_native.file_states(self.files)),
        }

    @contextlib.contextmanager
    def open(self):
        """The utterances in the order of the table, those of commands to be read by ``read``."""
        places = self.places.items()
        commands = self._commands
        lines = ((key, file, offset, file in commands, None) for key, (file, offset) in places)
        yield _native.TableSource(lines, self._read)

    def utterance(self, key):
        """The utterance ``key``: pending, or read already if it comes out of a command."""
        file, offset = self.places[key]
        utterance = _native.Utterance(key, file, offset)
        self.read(utterance)
        return utterance

    def read(self, utterance):
        """Run the command that an utterance is; what is a file stays as it is."""
        if not is_pipe(utterance.path):
            return
        import subprocess

        command = utterance.path.rstrip().removesuffix("|")
        result = subprocess.run(command, shell=True, stdout=subprocess.PIPE, check=False)
        if result.returncode != 0:
            utterance.fail(f"the command exited with {result.returncode}")
            return
        try:
            utterance.read_bytes(result.stdout, self._read)
        except PyserError as error:
            decode.fail(utterance, error)


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
        self._native = None
        is_file = path != "-" and not is_pipe(path) and os.path.isfile(path)
        self.identity = None
        if is_file:
            self.identity = {"ark": digest(path), "files": digest(_native.file_states([path]))}

    @contextlib.contextmanager
    def open(self):
        """The utterances until the archive ends or cannot be continued (``broken``)."""
        with _readable(self._path, self._allow_pipes) as readable:
            self._native = _native.ArkSource(readable, self._read)
            yield self._native

    def read(self, utterance):
        """Nothing: what is in an archive was read with it."""

    @property
    def broken(self):
        """Whether the archive ended too early."""
        return self._native.is_broken


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
    """``file:offset`` as (file, offset), anything else as (place, -1)."""
    path, colon, offset = place.rpartition(":")
    if colon and offset.isascii() and offset.isdigit() and len(offset) < 19:
        return path, int(offset)
    return place, -1


@contextlib.contextmanager
def _readable(path, allow_pipes):
    """A path that can be opened: ``path`` itself, or the output of the command that it is."""
    if not is_pipe(path):
        yield path
        return
    if not allow_pipes:
        raise InputError("is a command, and commands are not run", path, "a file", "--allow-pipes")
    import subprocess

    command = path.rstrip().removesuffix("|")
    with subprocess.Popen(command, shell=True, stdout=subprocess.PIPE) as process:
        yield f"/dev/fd/{process.stdout.fileno()}"
    if process.returncode != 0:
        raise FileError(f"the command exited with {process.returncode}", path)
