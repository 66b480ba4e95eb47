"""RIFF/WAVE files as they are met: extensible, extra chunks, odd sizes, streams, damage."""

import random
import struct
import subprocess
import sys

import numpy as np
import pytest

from pyser import _native
from pyser.errors import FileError, InputError, PyserError

SAMPLES = np.arange(-40, 60, dtype=np.int16) * 300
PCM_GUID = b"\x01\x00\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"


def fmt(tag=1, channels=1, rate=16000, bits=16, extra=b""):
    block = channels * bits // 8
    body = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block, bits) + extra
    return b"fmt " + struct.pack("<I", len(body)) + body


def chunk(name, body, pad=True):
    return name + struct.pack("<I", len(body)) + body + (b"\0" if pad and len(body) % 2 else b"")


def riff(*chunks, size=None):
    body = b"WAVE" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def data(samples=SAMPLES, size=None):
    body = samples.tobytes()
    return b"data" + struct.pack("<I", len(body) if size is None else size) + body


def read(content, tmp_path=None, **options):
    """The utterance read from ``content``: from memory, and, given a folder, from a file."""
    results = []
    options = _native.ReadOptions(**options)
    memory = _native.Utterance("key", "memory")
    memory.read_bytes(content, options)
    results.append(memory)
    if tmp_path:
        path = tmp_path / "a.wav"
        path.write_bytes(content)
        file = _native.Utterance("key", str(path))
        file.read_file(options)
        results.append(file)
        assert file.outcome == memory.outcome
        np.testing.assert_array_equal(file.samples, memory.samples)
    return results[-1]


WELL_FORMED = {
    "plain": riff(fmt(), data()),
    "extra chunks": riff(chunk(b"LIST", b"INFO" * 5), fmt(), chunk(b"fact", b"1234"), data()),
    "odd chunk, padded": riff(fmt(), chunk(b"note", b"odd"), data()),
    "odd chunk, not padded": riff(fmt(), chunk(b"note", b"odd", pad=False), data()),
    "long fmt": riff(fmt(extra=b"\0\0"), data()),
    "very long fmt": riff(fmt(extra=b"\0" * 100), data()),
    "extensible": riff(fmt(0xFFFE, extra=struct.pack("<HHI", 22, 16, 4) + PCM_GUID), data()),
    "trailing chunk": riff(fmt(), data(), chunk(b"LIST", b"INFO")),
    "long header": riff(chunk(b"junk", b"x" * 200_000), fmt(), data()),
    "sizes 0, as in streams": riff(fmt(), data(size=0), size=0),
    "sizes 2^32-1, as in streams": riff(fmt(), data(size=0xFFFFFFFF), size=0xFFFFFFFF),
    "sizes as sox writes to a pipe": riff(fmt(), data(size=0x7FFFF000), size=0x7FFFF024),
    "size 2^31-1": riff(fmt(), data(size=0x7FFFFFFF)),
    "wrong RIFF size": riff(fmt(), data(), size=7),
}


@pytest.mark.parametrize("name", WELL_FORMED)
def test_samples_are_read(name, tmp_path):
    utterance = read(WELL_FORMED[name], tmp_path)
    assert utterance.outcome == "loaded"
    assert utterance.sample_rate == 16000
    assert not utterance.truncated
    np.testing.assert_array_equal(utterance.samples, SAMPLES)


def test_long_files_pass_the_buffer(tmp_path):
    samples = np.random.default_rng(0).integers(-32768, 32768, 300_001).astype(np.int16)
    utterance = read(riff(fmt(), data(samples)), tmp_path)
    np.testing.assert_array_equal(utterance.samples, samples)


def test_empty_file_is_empty(tmp_path):
    assert len(read(riff(fmt(), data(SAMPLES[:0])), tmp_path).samples) == 0


@pytest.mark.parametrize("channel", [0, 1])
def test_channel_is_taken(channel, tmp_path):
    stereo = np.stack([SAMPLES, SAMPLES[::-1]], axis=1)
    utterance = read(riff(fmt(channels=2), data(stereo)), tmp_path, channel=channel)
    np.testing.assert_array_equal(utterance.samples, stereo[:, channel])


@pytest.mark.parametrize(
    ("content", "options", "text"),
    [
        (riff(fmt(channels=2), data()), {}, "has 2 channels.*--channel=0 to 1"),
        (riff(fmt(channels=2), data()), {"channel": 2}, "has no channel 2.*0 to 1"),
        (riff(fmt(), data()), {"channel": 1}, "has no channel 1"),
        (riff(fmt(channels=0), data()), {}, "0 channels"),
        (riff(fmt(rate=0), data()), {}, "sample rate of 0 Hz"),
        (riff(fmt(rate=4_000_000_000), data()), {}, "sample rate of 4000000000 Hz"),
        (riff(fmt(), data(size=300)), {}, "truncated.*promises 300 bytes, found 200"),
        (riff(fmt(bits=24), data(size=300)), {}, "truncated.*promises 300 bytes, found 200"),
        (riff(data()), {}, "before a 'fmt ' chunk"),
        (riff(fmt()), {}, "ends before its samples"),
        (riff(), {}, "ends inside its header"),
        (riff(b"fmt \x04\0\0\0abcd", data()), {}, "'fmt ' chunk of 4 bytes"),
        (riff(fmt(), b"\1\2\3\4\0\0\0\0", data()), {}, "chunk without a name at byte 36"),
        (
            riff(b"fmt \x10\0\0\0" + struct.pack("<HHIIHH", 1, 1, 16000, 0, 7, 16), data()),
            {},
            "sample frames of 7 bytes.*2 for 16 bits",
        ),
    ],
)
def test_errors_say_what_is_wrong(content, options, text, tmp_path):
    with pytest.raises(InputError, match=text):
        read(content, **options)
    path = tmp_path / "bad.wav"
    path.write_bytes(content)
    with pytest.raises(InputError, match=text) as caught:
        _native.Utterance("key", str(path)).read_file(_native.ReadOptions(**options))
    assert caught.value.where == str(path)


def test_truncated_is_used_when_allowed(tmp_path):
    content = riff(fmt(), data(size=300))[:-3]
    utterance = read(content, tmp_path, allow_truncated=True)
    assert utterance.truncated
    np.testing.assert_array_equal(utterance.samples, SAMPLES[:98])


@pytest.mark.parametrize(
    "content",
    [
        riff(fmt(bits=24), data(SAMPLES[:99])),
        riff(fmt(tag=3, bits=32), data()),
        riff(fmt(tag=6, bits=8), data()),
        riff(fmt(0xFFFE, extra=struct.pack("<HHI", 22, 16, 4) + b"\x01" * 16), data()),
        b"fLaC and so on",
        b"",
        b"RIFF",
    ],
)
def test_other_formats_are_left_to_others(content):
    utterance = read(content)
    assert utterance.outcome == "foreign"
    assert utterance.blob == content


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileError, match=r"cannot be opened \(No such file"):
        _native.Utterance("key", str(tmp_path / "none.wav")).read_file(_native.ReadOptions())
    with pytest.raises(FileError, match="is a folder"):
        _native.Utterance("key", str(tmp_path)).read_file(_native.ReadOptions())


def test_random_damage_gives_samples_or_an_error(tmp_path):
    draw = random.Random(1)
    good = WELL_FORMED["extra chunks"]
    path = tmp_path / "a.wav"
    outcomes = set()
    for _ in range(1500):
        content = bytearray(good[: draw.choice([len(good), draw.randrange(len(good))])])
        for _ in range(draw.randrange(1, 6)):
            if content:
                place = draw.randrange(min(len(content), 100))
                content[place] = draw.choice([0, 1, 0x7F, 0xFF, draw.randrange(256)])
        path.write_bytes(content)
        for offset in (-1, 0):
            utterance = _native.Utterance("key", str(path), offset)
            allow = draw.random() < 0.5
            try:
                utterance.read_file(_native.ReadOptions(allow_truncated=allow))
                outcomes.add(utterance.outcome)
                assert 2 * len(utterance.samples) + len(utterance.blob) <= 2 * len(good)
            except PyserError:
                outcomes.add("error")
    assert outcomes == {"loaded", "foreign", "error"}


def test_memory_follows_the_file_not_its_header():
    script = """
import os, resource, struct, sys, tempfile
from pyser import _native
from pyser.errors import PyserError

def header(size):
    rest = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    return b"RIFF" + struct.pack("<I", size - 36) + rest + b"data" + struct.pack("<I", size)

def attempt(path, read):
    try:
        read(path)
    except PyserError:
        pass

def from_file(path):
    _native.Utterance("a", path).read_file(_native.ReadOptions())

def from_archive(path):
    _native.AudioArkReader(path, _native.ReadOptions()).next(_native.Utterance("", ""))

folder = tempfile.mkdtemp()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for size in (0x7FFE0000, 0xFFFE0000, 0xFFFFFFFF):
    for key, read in ((b"", from_file), (b"key ", from_archive)):
        path = os.path.join(folder, "a")
        with open(path, "wb") as file:
            file.write(key + header(size) + bytes(64))
        attempt(path, read)
        reader, writer = os.pipe()
        os.write(writer, key + header(size) + bytes(64))
        os.close(writer)
        attempt(f"/dev/fd/{reader}", read)
        os.close(reader)
with open(path, "wb") as file:
    file.write(b"key AUDIO\\x07" + b"\\xff" * 7 + bytes(64))
attempt(path, from_archive)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert int(result.stdout) < 30_000  # KiB
