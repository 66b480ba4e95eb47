"""Which utterances are cut from the same audio, under whatever name the file goes."""

import os

from pyser.errors import InputError
from pyser.files import file_digest


def utterance_recordings(data, utterances):
    """Utterance -> recording (dict of str), from ``segments``; without it each is its own.

    Raises:
        InputError: an utterance without a segment.
    """
    if not data.has("segments"):
        return {utterance: utterance for utterance in utterances}
    segments = data.table("segments")
    missing = [utterance for utterance in utterances if utterance not in segments]
    if missing:
        where, remedy = data.path / "segments", f"run pyser validate {data.path}"
        raise InputError(f"no line for {missing[0]}", where, "a line per utterance", remedy)
    return {utterance: segments[utterance].split()[0] for utterance in utterances}


def audio_files(data, recordings):
    """Recording -> name of its audio, the same name for the same audio.

    Files are the same when their resolved paths or their inodes (hard links) are, or when their
    bytes are; only files of equal size are read for that. A pipe is known by its command.

    Args:
        data: DataDir with ``wav.scp``.
        recordings: iterable of recording ids.

    Returns:
        dict from recording to a path or command

    Raises:
        InputError: a recording that ``wav.scp`` does not have.
    """
    scp = data.table("wav.scp")
    names, sizes = {}, {}
    for recording in sorted(set(recordings)):
        if recording not in scp:
            remedy = f"run pyser validate {data.path}"
            raise InputError(f"no line for {recording}", data.path / "wav.scp", remedy=remedy)
        value = scp[recording]
        names[recording] = value if value.endswith("|") else os.path.realpath(value)
        if value.endswith("|"):
            continue
        try:
            status = os.stat(value)
        except OSError:  # not there: known by its path alone (a remark tells)
            continue
        inodes = sizes.setdefault(status.st_size, {})
        inodes.setdefault((status.st_dev, status.st_ino), names[recording])
        names[recording] = inodes[status.st_dev, status.st_ino]
    same = _same_content(sizes)
    return {recording: same.get(name, name) for recording, name in names.items()}


def _same_content(sizes):
    """Path -> first path with the same bytes, for files of which another has the same size."""
    same = {}
    for size, inodes in sizes.items():
        paths = list(inodes.values())
        if len(paths) < 2 or size == 0:
            continue
        first = {}
        for path in paths:
            same[path] = first.setdefault(file_digest(path), path)
    return same
