"""Files of tensors, written whole or not at all, and the lock that keeps a run to one writer."""

import contextlib
import fcntl
import os
import pickle
from dataclasses import fields
from pathlib import Path

import torch

from pyser.errors import FileError, InputError
from pyser.files import atomic_path
from pyser.train.fit import FitState


def save(path, value):
    """Write ``value`` (dicts and lists of tensors, numbers and strings) to ``path``, atomically."""
    with atomic_path(path) as temporary:
        torch.save(value, temporary)


def load(path):
    """Read what ``save`` wrote, onto the CPU; a file that would run code is refused."""
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        remedy = "remove it and train again"
        raise InputError("is no file of weights", path, remedy=remedy) from error


def pack(state):
    """The plain form of a FitState, for ``save``."""
    return {entry.name: getattr(state, entry.name) for entry in fields(FitState)}


def unpack(value):
    """The FitState that ``pack`` packed."""
    return FitState(**value)


@contextlib.contextmanager
def only_writer(directory):
    """Hold the folder of a run; InputError when another process holds it.

    The lock goes with the process, however it ends, so nothing stale is ever left. Temporary files
    of a process that was killed are removed.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            found = f"process {lock.read().strip() or '?'} is training here"
            raise InputError(found, directory, remedy="wait for it, or stop it") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        for leftover in directory.glob(".*.tmp"):
            leftover.unlink()
        yield
