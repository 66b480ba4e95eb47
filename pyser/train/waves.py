"""The audio of single utterances, for pictures and for models that read it."""

import wave

import numpy as np

from pyser import _native
from pyser.data.audio import utterance_recordings
from pyser.errors import InputError
from pyser.frontend import decode
from pyser.frontend.options import FrontendOptions
from pyser.frontend.reference import inverse_mel, mel_edges
from pyser.frontend.segments import cut, parse_segment
from pyser.frontend.sources import split_place
from pyser.frontend.specifiers import is_pipe

WAVE_PARTS = 300


def read_samples(data, utterance):
    """The samples of one utterance, float32 [N] with +-1 at full scale, and its rate in Hz.

    Args:
        data: DataDir with ``wav.scp`` (and ``segments``).
        utterance: its id.

    Raises:
        FileError, InputError: it cannot be read, or is the output of a command.
    """
    recording = utterance_recordings(data, [utterance])[utterance]
    source = _native.Utterance(recording, *split_place(_place(data, recording)))
    samples, rate = decode.load(source, 32768.0, _native.ReadOptions(-1, True))
    if data.has("segments"):
        text = data.table("segments")[utterance]
        _, start_s, end_s = parse_segment(text, data.path / "segments")
        samples, rate = cut(samples, rate, start_s, end_s)
    scale = 32768.0 if samples.dtype == np.int16 else 1.0
    return (samples / scale).astype(np.float32), rate


def read_rates(data, utterances):
    """Utterance -> sampling rate in Hz (dict of int); a whole WAV file is asked by its header.

    Other audio is decoded for it. Arguments and errors are those of ``read_samples``.
    """
    of_recording, rates = {}, {}
    for utterance, recording in utterance_recordings(data, utterances).items():
        if recording not in of_recording:
            rate = _header_rate(_place(data, recording))
            of_recording[recording] = rate or round(read_samples(data, utterance)[1])
        rates[utterance] = of_recording[recording]
    return rates


def _header_rate(place):
    """The rate in Hz that the header of a PCM WAV file tells; None of anything else."""
    try:
        with wave.open(place, "rb") as file:
            return file.getframerate()
    except (OSError, EOFError, wave.Error):
        return None


def _place(data, recording):
    place = data.table("wav.scp").get(recording)
    if place is None or is_pipe(place):
        found = "is a command" if place else "is not in wav.scp"
        raise InputError(f"{recording} {found}", data.path / "wav.scp", "an audio file")
    return place


def wave_envelope(samples, parts=WAVE_PARTS):
    """Least and greatest sample in each of ``parts`` equal pieces: float32 [2, parts]."""
    parts = max(1, min(parts, len(samples)))
    starts = np.arange(parts) * len(samples) // parts
    least, greatest = (reduce.reduceat(samples, starts) for reduce in (np.minimum, np.maximum))
    return np.round(np.stack([least, greatest]), 4).astype(np.float32)


def band_centres_hz(options):
    """The centres of the mel bands of feature options (dict), rounded; [] without bands."""
    if options.get("feature_type") != "fbank":
        return []
    edges = mel_edges(FrontendOptions.from_dict(options))
    return np.round(inverse_mel(edges[1:-1]), 1).tolist()
