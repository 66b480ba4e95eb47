"""Files that exist only when complete: written under a temporary name, then renamed."""

import contextlib
import fcntl
import hashlib
import itertools
import json
import os
import shutil
import time
from pathlib import Path

from pyser.errors import InputError

_RETRY_S = 0.001


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path beside ``path``; rename it to ``path`` when the block succeeds.

    The temporary file is removed when the block raises. Parent folders are made. A process that is
    killed leaves only the temporary name (``.<name>.tmp``) behind, never half a ``path``; the next
    one that writes ``path`` takes it over.
    """

    def opened(name):
        return os.open(name, os.O_RDWR | os.O_CREAT, 0o666)

    with _own_name(Path(path), opened) as temporary:
        try:
            os.truncate(temporary, 0)
            yield temporary
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def atomic_folder(path):
    """As ``atomic_path``, for a folder: yield an empty one that becomes ``path``.

    A folder ``path`` that is there is removed just before: a process killed then leaves none.
    """

    def opened(name):
        name.mkdir(exist_ok=True)
        return os.open(name, os.O_RDONLY | os.O_DIRECTORY)

    with _own_name(Path(path), opened) as temporary:
        try:
            _clear(temporary)
            yield temporary
            shutil.rmtree(path, ignore_errors=True)
            os.replace(temporary, path)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


@contextlib.contextmanager
def _own_name(path, opened):
    """A temporary name beside ``path`` that nobody else writes to, as long as the block lasts.

    The name is held by a lock, which goes with the process however it ends: a name without a lock
    was left behind and may be taken. While another process writes ``path``, and on file systems
    without locks, the process number makes a name of its own.

    Args:
        path: what will be written.
        opened: function that makes what a name stands for, or finds it, and opens it (descriptor).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    shared, own = (path.with_name(f".{path.name}{word}.tmp") for word in ("", f".{os.getpid()}"))
    locks = _has_locks(path.parent)
    for name in itertools.cycle([shared, own] if locks else [own]):
        descriptor = opened(name)
        try:
            if not locks or _lock(descriptor, name):
                yield name
                return
        finally:
            os.close(descriptor)
        time.sleep(_RETRY_S)


def _has_locks(folder):
    """Whether the file system of ``folder`` can lock."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    finally:
        os.close(descriptor)
    return True


def _lock(descriptor, name):
    """Lock an open file; whether it is ours, and ``name`` still stands for this very file."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(descriptor), os.stat(name))
    except (BlockingIOError, FileNotFoundError):
        return False


def _clear(folder):
    """Remove what is in ``folder``, left behind by a process that was killed."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def write_text(path, text):
    """Write ``text`` (str) to ``path`` as UTF-8, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path, value):
    """Write ``value`` as indented JSON with sorted keys, atomically."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path):
    """Read the JSON file ``path``; InputError (with file and line) when it is none."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise InputError(f"is no JSON ({error.msg})", f"{path}:{error.lineno}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"is no UTF-8 ({error.reason})", path) from error


def digest(value):
    """SHA-256 (hex) of a JSON-able value, independent of the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def file_digest(path):
    """SHA-256 (hex) of the bytes of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
