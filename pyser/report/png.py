"""Small pictures as PNG inside a page: rows of numbers through a colour ramp."""

import base64
import struct
import zlib

import numpy as np

# from dark to light, evenly in lightness: it reads on both backgrounds, and in grey
_RAMP = np.array(
    [(13, 12, 40), (66, 28, 98), (140, 41, 99), (205, 72, 70), (243, 136, 62), (252, 232, 164)]
)


def palette():
    """The colours of the values 0 .. 255: uint8 ``[256, 3]``."""
    places = np.linspace(0, len(_RAMP) - 1, 256)
    channels = [np.interp(places, np.arange(len(_RAMP)), channel) for channel in _RAMP.T]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def png_uri(values):
    """A picture as a ``data:`` address.

    Args:
        values: uint8 ``[rows, columns]``, the upper row first; 255 is the lightest.

    Returns:
        str: a PNG with a palette (ISO/IEC 15948), one byte per cell; not compressed, since other
        builds of zlib compress to other bytes.
    """
    height, width = values.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), values], axis=1)  # 0: no filter
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", palette().tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 0)),
        (b"IEND", b""),
    ]
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _chunk(name, content):
    check = struct.pack(">I", zlib.crc32(name + content))
    return struct.pack(">I", len(content)) + name + content + check
