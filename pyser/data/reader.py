"""Feature archives, read through kaldiio: Kaldi's matrix formats and nothing else.

Opening an archive never runs a command and never unpickles: what is not a Kaldi matrix is refused.
"""

import contextlib
import re
import struct
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from pyser import _native
from pyser.data.keptstats import kept_stats
from pyser.data.tables import read_table
from pyser.errors import FileError, InputError, PyserError
from pyser.files import digest, read_json

FRONTEND_FILE = "frontend.json"
_MATRICES = (b"FM ", b"DM ", b"CM ", b"CM2 ", b"CM3 ")
_FLOAT_MATRIX = b"\0BFM \4"
_HEAD = struct.Struct("<5sbibi")  # the marks, then each size after a byte that tells its width
_FORM = "a Kaldi matrix (FM, DM, CM, CM2, CM3 or text)"
_VECTORS = (b"FV ", b"DV ")
_VECTOR_FORM = "a Kaldi vector (FV, DV or text)"


class FeatureReader(Mapping):
    """Mapping from utterance to features, float32 [T, D], C-contiguous, read when asked for.

    Args:
        scp: table from utterance to ``file:offset``; file names are relative to the working
            directory, as in Kaldi.

    Raises:
        FileError: the table cannot be read.
        InputError: it is malformed.
    """

    def __init__(self, scp):
        self.path = Path(scp)
        self._places = read_table(scp)
        self._maps = {}  # archive -> its bytes

    def __iter__(self):
        return iter(self._places)

    def __len__(self):
        return len(self._places)

    def __contains__(self, utterance):
        return utterance in self._places

    def __getitem__(self, utterance):
        where = f"{self.path}: utterance {utterance}"
        matrix = read_matrix(self._places[utterance], where)
        return np.array(matrix, dtype=np.float32, order="C")  # a copy: kaldiio's is read-only

    def mapped(self, utterance):
        """Features [T, D] without reading them: a read-only view of the archive mapped into memory.

        What is no plain binary float32 matrix (compressed, double, text, a range of rows) is read
        as by ``reader[utterance]``.
        """
        path, offset = _split_place(self._places[utterance])
        if self._places[utterance].endswith("]"):
            return self[utterance]
        if path not in self._maps:
            try:
                self._maps[path] = np.memmap(path, np.uint8, "r")
            except (OSError, ValueError):  # not there, or empty: reading it will say so
                return self[utterance]
        head = bytes(self._maps[path][offset : offset + _HEAD.size])
        if len(head) < _HEAD.size or not head.startswith(_FLOAT_MATRIX):
            return self[utterance]
        *_, rows, _, columns = _HEAD.unpack(head)
        first = offset + _HEAD.size
        view = self._maps[path][first : first + 4 * rows * columns]
        if rows < 0 or columns < 0 or len(view) < 4 * rows * columns:
            return self[utterance]
        return view.view("<f4").reshape(rows, columns)

    def archives(self):
        """The files the features are in (sorted list of Path)."""
        return sorted({Path(_split_place(place)[0]) for place in self._places.values()})

    def places(self):
        """Utterance -> archive and offset without its folder (dict of str)."""
        return {utterance: place.rpartition("/")[2] for utterance, place in self._places.items()}

    @cached_property
    def frontend(self):
        """What made the features (dict: options, digest, dim, blocks, ...), None if unknown."""
        path = self.path.with_name(FRONTEND_FILE)
        return read_json(path) if path.is_file() else None

    def stats_lookup(self):
        """A function from utterance to its statistics, without the features having to be kept.

        It gives what ``pyser features`` kept of this very archive, else what one pass in C++ finds
        (float64 [2, D + 1], see ``pyser.frontend.cmvn``; the same bytes), and None where the
        features are no binary float matrix, or cannot be read: then ``reader[utterance]`` will do.
        """
        kept, archives = kept_stats(self), _native.StatsReader()

        def lookup(utterance):
            if utterance in kept:
                return kept[utterance]
            place = self._places[utterance]
            return None if place.endswith("]") else archives.stats(*_split_place(place))

        return lookup

    @property
    def made_by(self):
        """``frontend`` (empty if unknown) without the names of audio files (``input``).

        Those differ from machine to machine.
        """
        return {key: value for key, value in (self.frontend or {}).items() if key != "input"}

    def digest(self):
        """SHA-256 of what made the features and where each lies in the archive, not of values.

        Reading a whole archive would take seconds.
        """
        return digest([self.places(), self.made_by])

    @property
    def blocks(self):
        """Name (static, delta, delta2, ...) -> slice, in the order of columns; empty if unknown."""
        named = (self.frontend or {}).get("blocks", {})
        return {name: slice(*named[name]) for name in sorted(named, key=named.get)}

    @cached_property
    def dim(self):
        """Number of columns D, of the first matrix; InputError when there is none."""
        for utterance in self:
            return self[utterance].shape[1]
        raise InputError("no features", self.path, "at least one utterance")


def read_matrix(place, where):
    """Read one matrix in its stored type.

    Args:
        place: ``file``, ``file:offset`` or either with a row range ``[first:last]``.
        where: what an error names.

    Raises:
        FileError: the file cannot be read.
        InputError: it holds no Kaldi matrix there, or ``place`` is a pipe.
    """
    return _check_shape(_load(place, where, _MATRICES, _FORM), place, where)


def read_vector(place, where):
    """Read one vector of finite numbers, float32 [d]; arguments and errors as ``read_matrix``."""
    vector = _load(place, where, _VECTORS, _VECTOR_FORM)
    if vector.ndim != 1 or not len(vector):
        raise InputError(f"{place} has the shape {list(vector.shape)}", where, _VECTOR_FORM)
    if not np.isfinite(vector).all():
        remedy = "extract it again"
        raise InputError(f"{place} has a value that is not finite", where, "numbers", remedy)
    return np.array(vector, dtype=np.float32)


def read_ark(path):
    """Read a whole binary archive; dict from key to matrix in its stored type.

    Raises:
        FileError: the file cannot be read.
        InputError: something in it is not a Kaldi matrix.
    """
    from kaldiio.matio import read_kaldi, read_token

    matrices = {}
    with _parsing("the archive", path), open(path, "rb") as file:
        while (key := read_token(file)) is not None:
            start = file.tell()
            _check_head(file.read(64), key, path)
            file.seek(start)
            matrices[key] = _check_shape(read_kaldi(file), key, path)
    return matrices


def _load(place, where, marks, form):
    """What is at ``place``, which begins with one of ``marks`` or is text; ``form`` in words."""
    import kaldiio

    if place.endswith("|") or place.startswith("|"):
        raise InputError(f"found the command {place!r}", where, "a file", "run it beforehand")
    path, offset = _split_place(place)
    with _parsing(place, where, form):
        with open(path, "rb") as file:
            file.seek(offset)
            _check_head(file.read(64), place, where, marks, form)
        return kaldiio.load_mat(place)


@contextlib.contextmanager
def _parsing(what, where, form=_FORM):
    """Turn what the system and kaldiio raise into errors that say what was read and where."""
    try:
        yield
    except PyserError:
        raise
    except OSError as error:
        remedy = "names in a scp are relative to the working directory"
        raise FileError(
            f"{what} cannot be read ({error.strerror})", where, remedy=remedy
        ) from error
    except Exception as error:  # kaldiio asserts, unpacks and converts: any of these on bad bytes
        found = f"{what} cannot be parsed ({type(error).__name__}: {error})"
        raise InputError(found, where, form, "the archive is damaged; write it again") from error


def _split_place(place):
    """``file:offset[range]`` -> (file, offset)."""
    bare = re.sub(r"\[[^]]*\]$", "", place)
    path, _, offset = bare.rpartition(":")
    return (path, int(offset)) if path and offset.isdecimal() else (bare, 0)


def _check_head(head, what, where, marks=_MATRICES, form=_FORM):
    """Look at the first bytes: kaldiio would also load audio, NumPy files and pickles."""
    binary = head[:2] == b"\0B" and head[2:].startswith(marks)
    if not binary and not head.lstrip().startswith(b"["):
        found = f"{what} starts with {head[:6]!r}" if head else f"{what} is past the end"
        raise InputError(found, where, form)


def _check_shape(matrix, what, where):
    if matrix.ndim != 2:
        raise InputError(f"{what} has {matrix.ndim} dimensions", where, _FORM)
    return matrix
