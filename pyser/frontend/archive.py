"""What ``pyser features`` leaves: an archive, its tables, and the record of how it was made."""

import contextlib
import os
from pathlib import Path

from pyser import __version__, _native
from pyser.data.keptstats import remove_stats, stats_file, tie_to_archive
from pyser.data.tables import write_counts
from pyser.errors import InputError
from pyser.files import atomic_path, digest, read_json, write_json, write_text
from pyser.frontend.probe import probe

_FAILED_HEADER = "utterance\tstatus\tpath\treason\n"
_REMEDY = "--overwrite replaces the features, or name another folder"


class Record:
    """``frontend.json`` beside an archive with a scp: how it was made, written when it is complete.

    Args:
        wspecifier: Wspecifier; without a scp there is no record.
        frontend: Frontend.
        identity: of the source: dict of digests, or None when it has none.
        extraction: dict of the other settings that change the archive.
    """

    def __init__(self, wspecifier, frontend, identity, extraction):
        self.path = Path(wspecifier.scp).parent / "frontend.json" if wspecifier.scp else None
        self._wspecifier = wspecifier
        options = frontend.options.as_dict()
        self._content = {
            "options": options,
            "digest": digest(options),
            "version": __version__,
            "dim": frontend.dim,
            "blocks": {name: [s.start, s.stop] for name, s in frontend.blocks.items()},
            "probe": probe(frontend) if wspecifier.scp else None,
            "input": identity,
            "extraction": extraction,
            "scp": Path(wspecifier.scp).name if wspecifier.scp else None,
        }

    def is_done(self, max_failed=0):
        """Whether the archive is there already, made as it would be made now.

        Args:
            max_failed: an archive with more failed utterances than these is not done.

        Raises:
            InputError: there is one, complete, but made in another way.
        """
        if not self.path or not self._complete():
            return False
        try:
            before = read_json(self.path)
            differences = self._differences(before)
        except ValueError as error:
            raise InputError(f"is no JSON ({error})", self.path, remedy=_REMEDY) from error
        if differences:
            found = f"stands beside complete features, but {differences[0]}"
            raise InputError(found, self.path, remedy=_REMEDY)
        return before.get("utterances", {}).get("failed", 0) <= max_failed

    def remove(self):
        """Remove the record and the tables, so that they never describe another archive."""
        if self.path:
            for path in (self.path, self.path.with_name("utt2num_frames"), self._wspecifier.scp):
                Path(path).unlink(missing_ok=True)
            remove_stats(self.path.parent)

    def write(self, counts):
        """Write the record, with the dict ``counts`` of what was done."""
        if self.path:
            write_json(self.path, self._content | {"utterances": counts})

    def _complete(self):
        tables = (self.path, self.path.with_name("utt2num_frames"), self._wspecifier.scp)
        return all(Path(path).exists() for path in (*tables, self._wspecifier.ark))

    def _differences(self, before):
        """What of the present settings differs from those of the record ``before``, in words."""
        now, texts = self._content, []
        for section in ("options", "extraction"):
            for name, value in now[section].items():
                old = before.get(section, {}).get(name)
                if old != value:
                    texts.append(f"with {name}={old}, not {value}")
        if before.get("scp") != now["scp"]:
            texts.append(f"they are those of {before.get('scp')}, not of {now['scp']}")
        if before.get("probe") != now["probe"]:
            texts.append("the front end computes other values than the one that made them")
        return texts + _input_differences(before.get("input"), now["input"])


def _input_differences(before, now):
    """What differs between the identities of two sources, in words; nothing tells of None."""
    if now is None:
        return ["whether they are of this input cannot be told without reading it"]
    if before == now:
        return []
    if isinstance(before, dict) and before | {"files": now["files"]} == now:
        return ["audio files have changed since (their sizes or times of modification)"]
    return ["they are of other utterances"]


def side_file(wspecifier, name):
    """The path of a file ``name`` beside the output; None when that is no file in a folder."""
    path = wspecifier.scp or wspecifier.ark
    return None if _is_special(path) else Path(path).with_name(name)


def check_folder(wspecifier):
    """Refuse a folder whose side files belong to other features, or are not of this program.

    Raises:
        InputError: ``frontend.json`` is that of another scp which is still there, or
            ``failed.tsv`` has another header than ours.
    """
    record = side_file(wspecifier, "frontend.json")
    owner = _scp_of(record) if record else None
    name = Path(wspecifier.scp).name if wspecifier.scp else None
    if owner and owner != name and record.with_name(owner).exists():
        found = f"belongs to {owner}, whose tables {name or wspecifier.ark} would replace"
        remedy = "name another folder for each part or kind of features"
        raise InputError(found, record, "one output in a folder", remedy)
    failed = side_file(wspecifier, "failed.tsv")
    if failed and failed.exists() and not _is_failed_list(failed):
        found = "would be replaced, and is no list of failed utterances"
        raise InputError(found, failed, repr(_FAILED_HEADER), "move it, or name another folder")


def write_failed(wspecifier, lines):
    """Write failed.tsv beside the output, or remove an old one; where to look, in words."""
    path = side_file(wspecifier, "failed.tsv")
    if not path:
        return ""
    if lines:
        write_text(path, _FAILED_HEADER + "".join(lines))
        return f", listed in {path}"
    if path.exists() and _is_failed_list(path):
        path.unlink()
    return ""


def _scp_of(record):
    """The name of the scp that a frontend.json at the path ``record`` describes, or None."""
    try:
        content = read_json(record)
    except (OSError, ValueError):
        return None
    owner = content.get("scp") if isinstance(content, dict) else None
    return owner if isinstance(owner, str) else None


def _is_failed_list(path):
    """Whether the first line of a file is that of our lists of failed utterances."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.readline(len(_FAILED_HEADER)) == _FAILED_HEADER.encode()


@contextlib.contextmanager
def feature_writer(wspecifier, compression, record):
    """A FeatureWriter whose archive and tables appear only when the ``with`` block succeeds.

    Args:
        wspecifier: Wspecifier.
        compression: Kaldi's compression method, 1 to 7, or 0 for none.
        record: Record, removed before the archive it describes is replaced.
    """
    keeps_stats = wspecifier.scp and not compression and not _is_special(wspecifier.ark)
    kept = stats_file(Path(wspecifier.scp).parent) if keeps_stats else contextlib.nullcontext()
    with _destination(wspecifier.ark) as path, kept as stats:
        ark = _native.ArkWriter(str(path), wspecifier.text, compression)
        writer = FeatureWriter(ark, stats)
        yield writer
        ark.close()
        check_folder(wspecifier)  # again: another run may have ended there meanwhile
        record.remove()
    if wspecifier.scp:
        writer.write_tables(wspecifier)
    if keeps_stats:
        writer.tie_stats(wspecifier)


class FeatureWriter:
    """An archive that is being written, and what its tables need.

    Args:
        ark: ``_native.ArkWriter``.
        stats: binary file for the statistics of each matrix, or None.
    """

    def __init__(self, ark, stats=None):
        self.ark, self.keeps_stats, self._stats = ark, stats is not None, stats
        self._keys, self._places, self._num_rows = [], [], []

    def add(self, keys, places, num_rows, stats):
        """Note matrices that were written.

        Args:
            keys, places, num_rows: lists, of their keys, byte offsets and rows.
            stats: their statistics (bytes), as an archive has them; none unless ``keeps_stats``.
        """
        self._keys += keys
        self._places += places
        self._num_rows += num_rows
        if self.keeps_stats:
            self._stats.write(stats)

    def write_tables(self, wspecifier):
        """Write the scp, in the order of the archive, and utt2num_frames."""
        ark, keys = wspecifier.ark, self._keys
        places = [f"{key} {ark}:{place}\n" for key, place in zip(keys, self._places, strict=True)]
        write_text(wspecifier.scp, "".join(places))
        counts = zip(keys, self._num_rows, strict=True)
        write_counts(Path(wspecifier.scp).with_name("utt2num_frames"), counts)

    def tie_stats(self, wspecifier):
        """Say that the statistics are those of this very archive, now that it is complete."""
        name = Path(wspecifier.ark).name
        places = {k: f"{name}:{place}" for k, place in zip(self._keys, self._places, strict=True)}
        tie_to_archive(Path(wspecifier.scp).parent, wspecifier.ark, places)


def _destination(ark):
    """Where to write: a device or a pipe as it is, for no new file must take its place."""
    return contextlib.nullcontext(ark) if _is_special(ark) else atomic_path(ark)


def _is_special(path):
    """Whether ``path`` is the standard output, a device or a pipe."""
    return path == "-" or (os.path.exists(path) and not os.path.isfile(path))
