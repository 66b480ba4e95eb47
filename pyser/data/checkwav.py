"""Open every audio file of a data directory (``pyser validate --check-wav``)."""

import os
from pathlib import Path

from pyser.log import progress

# Durations are often written with two decimals.
_TOLERANCE_S = 0.02


def check_wavs(wav_scp, utt2dur):
    """Add findings to the Scan ``wav_scp``: unreadable, empty, many channels, another rate, length.

    Args:
        wav_scp: the Scan of ``wav.scp``; names that are commands or not there are passed over.
        utt2dur: the Scan of the expected durations, None when they are not of whole files.
    """
    import soundfile

    durations = utt2dur.values if utt2dur else {}
    first = None
    for key, (line, value) in progress(list(wav_scp.rows.items()), what="validate, files"):
        if value.endswith("|") or not os.path.isfile(value):
            continue
        try:
            info = soundfile.info(value)
        except (OSError, RuntimeError) as error:
            wav_scp.add("bad-audio", f"{value} cannot be opened ({error})", line)
            continue
        if not info.frames:
            wav_scp.add("bad-audio", f"{value} has no samples", line)
        if info.channels != 1:
            wav_scp.add("channels", f"{value} has {info.channels} channels", line)
        first = first or (info.samplerate, key)
        if info.samplerate != first[0]:
            what = f"{Path(value).name} has {info.samplerate} Hz, {first[1]} {first[0]} Hz"
            wav_scp.add("rate", what, line)
        _check_duration(wav_scp, line, info, durations.get(key))


def _check_duration(wav_scp, line, info, written):
    try:
        expected_s = float(written)
    except (TypeError, ValueError):  # not there, or found by its own rule
        return
    found_s = info.frames / info.samplerate
    if abs(found_s - expected_s) > _TOLERANCE_S:
        wav_scp.add("duration", f"lasts {found_s:.3f} s, utt2dur says {written}", line)
