"""Statistics kept beside an archive of features, so that none has to be read for them again.

``cmvn_utt.ark`` has those of each utterance (see ``pyser.frontend.cmvn``), as Kaldi's binary double
matrices in the order of the archive. They count only as long as ``cmvn_utt.json`` agrees with the
archive's size and time of modification, the places of its utterances and the digest of
``cmvn_utt.ark``: in any doubt the features themselves are read.
"""

import contextlib
import struct
from pathlib import Path

import numpy as np

from pyser.errors import PyserError
from pyser.files import atomic_path, digest, file_digest, read_json, write_json

STATS_FILE, TIE_FILE = "cmvn_utt.ark", "cmvn_utt.json"
_HEADER = struct.Struct("<6sbibi")  # " \0BDM ", then twice the number 4 and an integer of 4 bytes


@contextlib.contextmanager
def stats_file(folder):
    """A binary file to write statistics to, in the order of the archive.

    It appears in ``folder`` when the block succeeds, and counts after ``tie_to_archive``.
    """
    remove_stats(folder)
    with atomic_path(Path(folder) / STATS_FILE) as temporary, open(temporary, "wb") as file:
        yield file


def remove_stats(folder):
    """Remove what is kept in ``folder``."""
    for name in (TIE_FILE, STATS_FILE):
        (Path(folder) / name).unlink(missing_ok=True)


def tie_to_archive(reader):
    """Say that the statistics beside the table of ``reader`` (FeatureReader) are of its archive."""
    write_json(reader.path.with_name(TIE_FILE), _tie(reader))


def kept_stats(reader):
    """Statistics kept beside the table of ``reader`` (FeatureReader), if they are of its archive.

    Returns:
        dict from utterance to float64 [2, D + 1]; empty when there are none that surely are.
    """
    try:
        if read_json(reader.path.with_name(TIE_FILE)) != _tie(reader):
            return {}
        return _parse(reader.path.with_name(STATS_FILE).read_bytes())
    except (OSError, PyserError, ValueError, struct.error):
        return {}


def _tie(reader):
    status = [path.stat() for path in reader.archives()]
    return {
        "archives": [{"bytes": s.st_size, "mtime_ns": s.st_mtime_ns} for s in status],
        "places": digest(reader.places()),
        "statistics": file_digest(reader.path.with_name(STATS_FILE)),
    }


def _parse(content):
    found, start = {}, 0
    while start < len(content):
        end = content.index(b" ", start)
        *_, rows, _, columns = _HEADER.unpack_from(content, end)
        matrix = np.frombuffer(content, "<f8", rows * columns, end + _HEADER.size)
        found[content[start:end].decode()] = matrix.reshape(rows, columns).copy()
        start = end + _HEADER.size + matrix.nbytes
    return found
