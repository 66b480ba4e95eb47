"""Audio that is not 16-bit PCM WAV: decoded by soundfile, computed by the same front end."""

import io

from pyser import _native
from pyser.errors import InputError, PyserError

_BLOCK_SAMPLES = 1 << 16
# The length of an MP3 without a header of its own is an estimate.
_MPEG_SLACK_SAMPLES = 4 * 1152
_USE_WHAT_THERE_IS = "copy it again, or use what there is with --allow-truncated"
# Sub-formats whose samples are whole numbers on the 16-bit scale, or coarser.
_SIXTEEN_BITS = {"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW"}


def compute(utterance, frontend, read):
    """Decode a ``foreign`` utterance and give it its samples or rows, or say in it why not.

    Args:
        utterance: ``_native.Utterance`` of outcome ``foreign``.
        frontend: Frontend.
        read: ``_native.ReadOptions``.
    """
    try:
        give(utterance, *decode(utterance, frontend.options.input_scale, read), frontend)
    except MemoryError:
        utterance.fail("needs more memory than there is", "", "cut it into segments")
    except PyserError as error:
        fail(utterance, error)


def give(utterance, samples, rate, frontend):
    """Give an utterance its ``samples`` [N] at ``rate`` (Hz): int16 as they are, others as rows."""
    if samples.dtype == "int16":
        utterance.set_samples(samples, rate)
    else:
        utterance.set_rows(frontend(samples, rate), rate)


def fail(utterance, error):
    """Mark ``utterance`` as failed for the reason a PyserError gives."""
    elsewhere = error.where and str(error.where) != utterance.path
    found = f"{error.where}: {error.what}" if elsewhere else str(error.what)
    utterance.fail(found, error.expected or "", error.remedy or "")


def load(utterance, input_scale, read):
    """Read the whole audio of an utterance that is pending, or was read from a command.

    Returns:
        as ``decode``.

    Raises:
        FileError, InputError: it cannot be read or used.
    """
    if utterance.outcome == "pending":
        utterance.read_file(read)
    if utterance.outcome == "failed":
        raise InputError(utterance.found, utterance.path, utterance.expected, utterance.remedy)
    if utterance.outcome == "loaded":
        return utterance.samples, utterance.sample_rate
    return decode(utterance, input_scale, read)


def decode(utterance, input_scale, read):
    """Decode the audio of a ``foreign`` utterance.

    Args:
        utterance: ``_native.Utterance``; its ``blob``, if any, is the file, else its ``path``.
        input_scale: what the front end will multiply float samples by.
        read: ``_native.ReadOptions``.

    Returns:
        ([N] samples, sample rate in Hz). Samples are int16 where the file has at most 16 bits.
        Files of floats give them as they are; everything else gives float32 of which
        ``input_scale`` makes 16-bit PCM, clipped as PCM is where a lossy codec overshoots.

    Raises:
        InputError: not decodable, truncated, no clear channel, or an absurd sample rate.
    """
    import numpy as np
    import soundfile

    where = utterance.path
    blob = utterance.blob
    try:
        with soundfile.SoundFile(io.BytesIO(blob) if blob else where) as file:
            _native.check_sample_rate(file.samplerate, where)
            channel = _native.checked_channel(file.channels, read, where)
            kind = file.subtype
            samples = _read_channel(file, channel, _dtype(kind), read, where)
            missing = file.frames - len(samples)
            slack = _MPEG_SLACK_SAMPLES if file.format == "MPEG" else 0
            rate = file.samplerate
    except (soundfile.SoundFileError, TypeError) as error:  # TypeError: headerless formats
        reason = str(getattr(error, "error_string", error)).rstrip(".")
        raise InputError(f"cannot be decoded ({reason})", where, "an audio file") from error
    if missing > slack and not read.allow_truncated:
        found = f"is truncated: {missing} of its {missing + len(samples)} samples are missing"
        raise InputError(found, where, remedy=_USE_WHAT_THERE_IS)
    utterance.truncated = utterance.truncated or missing > slack
    if samples.dtype == np.int16 or kind in ("FLOAT", "DOUBLE"):
        return samples, rate
    np.clip(samples, -1, 32767 / 32768, out=samples)
    return samples * np.float32(32768 / input_scale), rate


def _dtype(kind):
    if kind in _SIXTEEN_BITS:
        return "int16"
    return "float64" if kind == "DOUBLE" else "float32"


def _read_channel(file, channel, dtype, read, where):
    """One channel of an open SoundFile, block by block: a header's length is not believed."""
    import numpy as np
    from soundfile import SoundFileError

    count = max(1, _BLOCK_SAMPLES // file.channels)
    blocks = [np.empty(0, dtype)]
    while True:
        try:
            block = file.read(count, dtype=dtype, always_2d=True)
        except SoundFileError as error:
            if read.allow_truncated:
                break
            found = f"is truncated or damaged after sample {sum(map(len, blocks))} ({error})"
            raise InputError(found, where, remedy=_USE_WHAT_THERE_IS) from error
        blocks.append(np.ascontiguousarray(block[:, channel]))
        if len(block) < count:
            break
    return np.concatenate(blocks)
