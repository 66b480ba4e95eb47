"""Lists of utterances, in whatever form others keep them.

- one utterance id a line, or a path of its audio file; more columns may follow;
- JSON, one object a line (as EmoBox publishes its folds), or a file that is one list of such
  objects or maps ids to them. Of the keys in ``_FIELDS`` the first that is there counts.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import PurePath

from pyser.audit.facts import Audio, Facts
from pyser.data.tables import read_text, text_lines
from pyser.errors import InputError

_FIELDS = {
    "id": ("key", "id", "utt", "utt_id", "utterance", "segment_id", "name"),
    "path": (
        "wav",
        "audio",
        "path",
        "audio_path",
        "wav_path",
        "file",
        "filename",
        "audio_filepath",
    ),
    "speaker": ("spk", "speaker", "spk_id", "speaker_id", "spkid"),
    "session": ("session", "session_id"),
    "dialog": ("dialog", "dialogue", "dialog_id", "dialogue_id"),
    "text": ("text", "transcript", "transcription", "sentence"),
    "label": ("emo", "emotion", "label"),
    "start": ("start_time", "start"),
    "end": ("end_time", "end"),
}
_KINDS = ("speaker", "session", "dialog", "text", "label")
_COLUMNS = re.compile(r"[\t,|; ]")
# Suffixes are cut from names of audio files only: an id may have a full stop in it (sp0.9-a1).
_SUFFIX = re.compile(
    r"\.(wav|flac|ogg|opus|mp3|m4a|aac|aiff?|au|sph|nist|caf|avi|mp4|mkv|webm)$", re.IGNORECASE
)


@dataclass
class Entry:
    """One line: the id, the path of the audio (or None), and what else is said (kind -> name)."""

    name: str
    path: str | None = None
    values: dict[str, str] = field(default_factory=dict)
    times: tuple[float, float] | None = None

    def names(self):
        """What the utterance may be called elsewhere, the surest first."""
        yield self.name
        if self.path:
            yield self.path
        columns = [piece for piece in _COLUMNS.split(self.name) if piece]
        if len(columns) > 1:
            yield columns[0]


def read_entries(path):
    """Read a list, of any of the forms above (list of Entry, in the order of the file).

    Raises:
        FileError: the file cannot be read.
        InputError: an object without id and path, bad JSON, or nothing in it; the line is named.
    """
    text = read_text(path).replace("\r\n", "\n")
    head = text.lstrip()[:1]
    if head in ("{", "["):
        entries = [_entry(value, where) for value, where in _objects(text, path)]
    else:
        lines = (line.strip() for line in text_lines(text))
        entries = [_plain(line) for line in lines if line and not line.startswith("#")]
    if not entries:
        raise InputError("no utterances", path, "an id, a path or a JSON object a line")
    return entries


def _plain(line):
    """A line that is an id or a path; what has a folder or a suffix is a path."""
    first = line if "/" in line else _COLUMNS.split(line)[0]
    return Entry(first, first if "/" in first or _SUFFIX.search(first) else None)


def _objects(text, path):
    """Pairs of a JSON object and its ``file:line``."""
    lines = [(line, f"{path}:{n}") for n, line in enumerate(text_lines(text), 1) if line.strip()]
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        return [(_parse(line, where), where) for line, where in lines]
    if isinstance(whole, list):
        return [(value, f"{path}: item {n}") for n, value in enumerate(whole, 1)]
    if any(isinstance(value, dict) for value in whole.values()):
        keyed = ((key, value) for key, value in whole.items() if isinstance(value, dict))
        return [({"key": key, **value}, f"{path}: {key}") for key, value in keyed]
    return [(whole, f"{path}:1")]


def _parse(line, where):
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"is no JSON ({error.msg})", where, "one object a line") from error


def _entry(value, where):
    if not isinstance(value, dict):
        raise InputError(f"found a {type(value).__name__}", where, "a JSON object")
    found = {}
    for kind, keys in _FIELDS.items():
        known = [value[key] for key in keys if isinstance(value.get(key), str | int | float)]
        if known and str(known[0]).strip():
            found[kind] = str(known[0]).strip()
    path = found.get("path")
    name = found.get("id") or (PurePath(_SUFFIX.sub("", path)).name if path else None)
    if name is None:
        expected = f"one of the keys {' '.join(_FIELDS['id'] + _FIELDS['path'])}"
        raise InputError("an object without id and path", where, expected)
    return Entry(name, path, {k: found[k] for k in _KINDS if k in found}, _times(found))


def _times(found):
    """Start and end (s), None where they are not given or are no numbers."""
    try:
        return float(found["start"]), float(found["end"])
    except (KeyError, ValueError):
        return None


def list_facts(entries, patterns):
    """The Facts that lists tell by themselves.

    Args:
        entries: iterable of Entry.
        patterns: kind -> regular expression, searched in the id, then in the path; its first group
            (the whole match without one) is the name. Goes before what the list says.

    Raises:
        InputError: a pattern that fits none.
    """
    facts = Facts(
        sources={kind: f"no such key in the lists, no --{kind}-pattern" for kind in _KINDS}
    )
    entries = list(entries)
    for entry in entries:
        for kind, name in entry.values.items():
            facts.tables.setdefault(kind, {})[entry.name] = name
        if entry.path:
            start_s, end_s = entry.times or (None, None)
            facts.audio[entry.name] = Audio(entry.path, start_s, end_s)
            facts.tables.setdefault("recording", {})[entry.name] = entry.path
    for kind, pattern in patterns.items():
        facts.tables[kind] = _by_pattern(kind, pattern, entries)
    return facts


def _by_pattern(kind, pattern, entries):
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise InputError(f"is no regular expression ({error})", f"--{kind}-pattern") from error
    found = {}
    for entry in entries:
        match = compiled.search(entry.name) or compiled.search(entry.path or "")
        if match:
            found[entry.name] = match[1] if compiled.groups else match[0]
    if not found:
        where, example = f"--{kind}-pattern", entries[0].path or entries[0].name
        raise InputError(f"{pattern!r} fits no utterance", where, f"names as {example}")
    return found


class Matcher:
    """Finds the utterances of a data directory under the names of others' lists.

    By id, else by file name: the path that agrees in most folders, or the file's name without
    folder and suffix if no other file has it.
    """

    def __init__(self, facts):
        self._known = set(facts.universe)
        self._stems = {}
        for utterance, audio in facts.audio.items():
            parts = _parts(audio.path)
            self._stems.setdefault(parts[-1], []).append((utterance, parts))

    def find(self, entry):
        """The utterance (str) that an Entry is, or None."""
        for name in entry.names():
            if name in self._known:
                return name
        for name in entry.names():
            parts = _parts(name)
            others = self._stems.get(parts[-1], ())
            best = sorted(((_agreeing(parts, p), u) for u, p in others), reverse=True)
            if best and (len(best) == 1 or best[0][0] > best[1][0]):
                return best[0][1]
        return None


def _parts(path):
    return PurePath(_SUFFIX.sub("", path)).parts or ("",)


def _agreeing(one, other):
    """How many last parts of two paths are the same."""
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count
