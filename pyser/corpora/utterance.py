"""What a corpus parser returns, and the tables of a data directory made from it."""

import wave
from dataclasses import dataclass
from pathlib import Path

from pyser.data.spoken import write_words
from pyser.errors import FileError, InputError


@dataclass(frozen=True)
class Utterance:
    """One labelled recording of one speaker.

    Args:
        id: utterance id; begins with the speaker, as Kaldi's sorting asks for.
        wav: the audio file.
        speaker: speaker id.
        raw_emotion: the label as published, before any label policy.
        duration_s: length in seconds.
        gender: ``m`` or ``f``.
        text: the words; empty when there are none, None when the corpus has no transcripts.
        session, dialog, style: where it was recorded and how it was acted.
        words: (start, end, word) of each word, in seconds from the start of the utterance; None
            when they are not known.
        vad: mean ratings of valence, activation and dominance, on the corpus's scale.
    """

    id: str
    wav: Path
    speaker: str
    raw_emotion: str
    duration_s: float
    gender: str | None = None
    text: str | None = None
    session: str | None = None
    dialog: str | None = None
    style: str | None = None
    vad: tuple[float, float, float] | None = None
    words: tuple[tuple[float, float, str], ...] | None = None


def label(utterances, policy):
    """Apply a label policy ({raw label: class}).

    Returns:
        (the utterances that it maps to a class, dict from their ids to the class).
    """
    kept = [one for one in utterances if one.raw_emotion in policy]
    return kept, {one.id: policy[one.raw_emotion] for one in kept}


def data_tables(utterances, classes):
    """The tables of a data directory (dict from file name to dict) for labelled utterances.

    Args:
        utterances: list of Utterance with distinct ids.
        classes: dict from utterance id to class label.

    Raises:
        InputError: two utterances share an id, or one does not begin with its speaker.
    """
    seen = {}
    for one in utterances:
        if not one.id.startswith(one.speaker + "-"):
            raise InputError(f"id {one.id} does not begin with speaker {one.speaker}", one.wav)
        if one.id in seen:
            raise InputError(f"utterance {one.id} was also made from {seen[one.id]}", one.wav)
        seen[one.id] = one.wav
    columns = {
        "wav.scp": lambda one: str(one.wav),
        "utt2spk": lambda one: one.speaker,
        "utt2rawemo": lambda one: one.raw_emotion,
        "utt2dur": lambda one: f"{one.duration_s:.4f}",
        "text": lambda one: one.text,
        "utt2words": lambda one: None if one.words is None else write_words(one.words),
        "utt2session": lambda one: one.session,
        "utt2dialog": lambda one: one.dialog,
        "utt2style": lambda one: one.style,
        "utt2vad": lambda one: one.vad and " ".join(f"{value:.4f}" for value in one.vad),
    }
    tables = {"utt2emo": dict(classes)}
    for name, value in columns.items():
        table = {one.id: value(one) for one in utterances if value(one) is not None}
        if table:
            tables[name] = table
    genders = {one.speaker: one.gender for one in utterances if one.gender}
    return {**tables, "spk2gender": genders} if genders else tables


def wav_duration_s(path):
    """The length in seconds that the header of a RIFF/WAVE PCM file tells; FileError if none."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except OSError as error:
        raise FileError(f"cannot be read ({error.strerror})", path) from error
    except (wave.Error, EOFError, ZeroDivisionError) as error:
        found = f"no usable WAV header ({error or 'file ends inside it'})"
        raise FileError(found, path, "RIFF/WAVE PCM", "copy the file again") from error


def visible(folder, suffix):
    """Files ``*suffix`` in ``folder``, sorted by name; none when there is no such folder.

    Names that start with a dot are left out: copies of releases that went over a Mac carry
    ``._name`` companions with the same suffix that are no recordings.
    """
    folder = Path(folder)
    if not folder.is_dir():
        return []
    names = (path for path in folder.iterdir() if path.suffix == suffix)
    return sorted(path for path in names if not path.name.startswith(".") and path.is_file())
