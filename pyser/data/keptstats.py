"""Statistics kept beside an archive of features, so that none has to be read for them again.

``utt2cmvn.ark`` has those of each utterance (see ``pyser.frontend.cmvn``), as Kaldi's binary double
matrices in the order of the archive. They count only as long as ``utt2cmvn.json`` agrees with the
archive's size and time of modification, the places of its utterances and the digest of
``utt2cmvn.ark``: in any doubt the features themselves are read.
"""

import contextlib
import os
import struct
from pathlib import Path

from pyser.errors import PyserError
from pyser.files import atomic_path, digest, file_digest, read_json, write_json

STATS_FILE, TIE_FILE = "utt2cmvn.ark", "utt2cmvn.json"
_HEADER = struct.Struct("<6sbibi")  # " \0BDM ", then twice the number 4 and an integer of 4 bytes


@contextlib.contextmanager
def stats_file(folder):
    """A binary file to write statistics to, in the order of the archive.

    It appears in ``folder`` when the block succeeds, and counts after ``tie_to_archive``.
    """
    with atomic_path(Path(folder) / STATS_FILE) as temporary, open(temporary, "wb") as file:
        yield file


def remove_stats(folder):
    """Remove what is kept in ``folder``."""
    for name in (TIE_FILE, STATS_FILE):
        (Path(folder) / name).unlink(missing_ok=True)


def tie_to_archive(folder, archive, places):
    """Say of which archive the statistics in ``folder`` are.

    Args:
        folder: of ``utt2cmvn.ark``.
        archive: path of the features.
        places: utterance -> archive and offset, as ``FeatureReader.places``.
    """
    write_json(Path(folder) / TIE_FILE, _tie(folder, [archive], places))


def kept_stats(reader):
    """Statistics kept beside the table of ``reader`` (FeatureReader), if they are of its archive.

    Returns:
        dict from utterance to float64 [2, D + 1]; empty when there are none that surely are.
    """
    try:
        folder = reader.path.parent
        if read_json(folder / TIE_FILE) != _tie(folder, reader.archives(), reader.places()):
            return {}
        return _parse((folder / STATS_FILE).read_bytes())
    except (OSError, PyserError, ValueError, struct.error):
        return {}


def _tie(folder, archives, places):
    status = [os.stat(path) for path in archives]
    return {
        "archives": [{"bytes": s.st_size, "mtime_ns": s.st_mtime_ns} for s in status],
        "places": digest(places),
        "statistics": file_digest(Path(folder) / STATS_FILE),
    }


def _parse(content):
    import numpy as np  # not at the top: who writes statistics needs none of it

    found, start = {}, 0
    while start < len(content):
        end = content.index(b" ", start)
        *_, rows, _, columns = _HEADER.unpack_from(content, end)
        matrix = np.frombuffer(content, "<f8", rows * columns, end + _HEADER.size)
        found[content[start:end].decode()] = matrix.reshape(rows, columns).copy()
        start = end + _HEADER.size + matrix.nbytes
    return found
