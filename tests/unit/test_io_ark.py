"""Archives: what is written is what kaldiio and Kaldi read; audio archives are read safely."""

import io
import pickle
import struct

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser import _native
from pyser.errors import FileError, InputError

ODD_VALUES = np.array(
    [[0.0, -0.0, 1.0, -15.9424], [1e-30, 3.4e38, 1 / 3, 16777216.0], [5e-45, -1e10, 123.0, 0.1]],
    np.float32,
)


def write(path, matrices, **how):
    writer = _native.ArkWriter(str(path), **how)
    places = [writer.write(key, rows) for key, rows in matrices.items()]
    writer.close()
    return places


def read_all(path, **options):
    reader = _native.AudioArkReader(str(path), _native.ReadOptions(**options))
    utterances = []
    while True:
        utterance = _native.Utterance("", "")
        if not reader.next(utterance):
            return utterances
        utterances.append(utterance)


@pytest.fixture
def matrices():
    draw = np.random.default_rng(1)
    shapes = [(1, 1), (3, 78), (500, 78), (5000, 78), (2, 4)]
    made = {f"m{i}": draw.normal(size=s).astype(np.float32) for i, s in enumerate(shapes)}
    return made | {"odd": ODD_VALUES}


@pytest.fixture
def recordings():
    draw = np.random.default_rng(2)
    return {
        f"r{i}": (16000, draw.integers(-30000, 30000, 400 * i).astype(np.int16)) for i in range(5)
    }


@pytest.mark.parametrize("text", [False, True])
def test_kaldiio_reads_the_same_bits(matrices, text, tmp_path):
    path = tmp_path / "a.ark"
    offsets = write(path, matrices, text=text)
    by_key = dict(kaldiio.load_ark(str(path)))
    assert list(by_key) == list(matrices)
    for (key, wanted), offset in zip(matrices.items(), offsets, strict=True):
        by_offset = kaldiio.load_mat(f"{path}:{offset}")
        for found in (by_key[key], by_offset):
            assert found.dtype == np.float32
            assert found.shape == wanted.shape
            assert found.tobytes() == wanted.tobytes()


def test_text_is_laid_out_as_kaldi_does(tmp_path):
    write(tmp_path / "a.ark", {"key": ODD_VALUES[1:, 2:3]}, text=True)
    text = (tmp_path / "a.ark").read_text()
    assert text == "key  [\n  0.33333334 \n  123.0 ]\n"


@pytest.mark.parametrize(("case", "method"), [("0174", 1), ("0177", 4), ("0180", 7)])
def test_compression_equals_kaldis(goldens, case, method, tmp_path):
    plain = dict(kaldiio.load_ark(str(goldens / "ark/0000.ark")))
    write(tmp_path / "a.ark", {k: plain[k] for k in ("emoA", "synC")}, compression=method)
    assert (tmp_path / "a.ark").read_bytes() == (goldens / f"ark/{case}.ark").read_bytes()


# the largest step between two codes, as a part of the range of the values (or absolute)
STEPS = {1: 1 / 63, 2: 1 / 63, 3: 1 / 65535, 4: 1.0, 5: 1 / 255, 6: 1.0, 7: 1 / 255}


@pytest.mark.parametrize("method", range(1, 8))
@pytest.mark.parametrize("num_rows", [1, 2, 3, 4, 5, 8, 9, 200])
def test_compressed_matrices_read_back_within_a_step(method, num_rows, tmp_path):
    values = np.random.default_rng(num_rows).uniform(0, 1, (num_rows, 5)).astype(np.float32)
    values *= 1 if method == 7 else 200
    write(tmp_path / "a.ark", {"key": values}, compression=method)
    (found,) = dict(kaldiio.load_ark(str(tmp_path / "a.ark"))).values()
    scale = 1 if method in (4, 6, 7) else np.ptp(values) if num_rows > 1 else 200
    assert np.abs(found - values).max() <= 0.51 * STEPS[method] * scale + 1e-3


@pytest.mark.parametrize("method", [4, 6, 7])
def test_fixed_ranges_clip(method, tmp_path):
    values = np.array([[-1e6, 1e6]], np.float32)
    write(tmp_path / "a.ark", {"key": values}, compression=method)
    (found,) = dict(kaldiio.load_ark(str(tmp_path / "a.ark"))).values()
    limits = {4: (-32768, 32767), 6: (0, 255), 7: (0, 1)}[method]
    np.testing.assert_allclose(found[0], limits, atol=0.01)


@pytest.mark.parametrize("method", range(1, 8))
def test_constant_matrices_survive_compression(method, tmp_path):
    write(tmp_path / "a.ark", {"key": np.full((20, 3), 0.5, np.float32)}, compression=method)
    (found,) = dict(kaldiio.load_ark(str(tmp_path / "a.ark"))).values()
    np.testing.assert_allclose(found, 0.5, atol=0.51)


def test_writer_errors(tmp_path):
    with pytest.raises(InputError, match=r"compression method 8.*1 to 7"):
        _native.ArkWriter(str(tmp_path / "a.ark"), compression=8)
    with pytest.raises(FileError, match="cannot be opened for writing"):
        _native.ArkWriter(str(tmp_path / "none/a.ark"))
    writer = _native.ArkWriter("/dev/full")
    with pytest.raises(FileError, match=r"cannot be written \(No space left"):
        writer.write("key", np.zeros((10000, 78), np.float32))
    with pytest.raises(FileError, match="cannot be written"):
        small = _native.ArkWriter("/dev/full")
        small.write("key", ODD_VALUES)
        small.close()
    closed = _native.ArkWriter(str(tmp_path / "a.ark"))
    closed.close()
    closed.close()
    with pytest.raises(FileError, match="is closed"):
        closed.write("key", ODD_VALUES)


@pytest.mark.parametrize("envelope", [None, "soundfile"])
def test_kaldiios_audio_archives_are_read(recordings, envelope, tmp_path):
    path = str(tmp_path / "wav.ark")
    kaldiio.save_ark(path, recordings, write_function=envelope, scp=str(tmp_path / "wav.scp"))
    found = read_all(path)
    assert [u.key for u in found] == list(recordings)
    for utterance, (rate, samples) in zip(found, recordings.values(), strict=True):
        assert (utterance.outcome, utterance.sample_rate) == ("loaded", rate)
        np.testing.assert_array_equal(utterance.samples, samples)
    for line in (tmp_path / "wav.scp").read_text().splitlines():
        key, place = line.split()
        file, offset = place.rsplit(":", 1)
        utterance = _native.Utterance(key, file, int(offset))
        utterance.read_file(_native.ReadOptions())
        np.testing.assert_array_equal(utterance.samples, recordings[key][1])


def wav_bytes(samples, rate=16000, **how):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=how.pop("format", "WAV"), **how)
    return buffer.getvalue()


def test_entries_end_where_their_files_end(recordings, tmp_path):
    """24-bit files, trailing chunks and odd sizes in between do not hide the next key."""
    samples = recordings["r3"][1]
    plain = wav_bytes(samples)
    eight_bits = wav_bytes(samples[:101], subtype="PCM_U8")
    note = b"LIST" + struct.pack("<I", 4) + b"INFO"
    tagged = plain[:4] + struct.pack("<I", len(plain) - 8 + len(note)) + plain[8:] + note
    files = {
        "tagged": tagged,
        "wide": wav_bytes(samples, subtype="PCM_24"),
        "eight": eight_bits,
        "plain": plain,
    }
    path = tmp_path / "wav.ark"
    path.write_bytes(b"".join(key.encode() + b" " + file for key, file in files.items()))
    found = read_all(path)
    assert [u.key for u in found] == list(files)
    assert [u.outcome for u in found] == ["loaded", "foreign", "foreign", "loaded"]
    assert found[1].blob == files["wide"]


def test_a_bad_entry_does_not_end_the_archive(recordings, tmp_path):
    stereo = np.stack([recordings["r2"][1]] * 2, axis=1)
    path = tmp_path / "wav.ark"
    path.write_bytes(b"a " + wav_bytes(stereo) + b"b " + wav_bytes(stereo[:, 0]))
    first, second = read_all(path)
    assert (first.outcome, first.found) == ("failed", "has 2 channels")
    assert second.outcome == "loaded"


class Bomb:
    def __reduce__(self):
        return pytest.fail, ("a pickle was loaded",)


NO_AUDIO = {
    "pickle, which is never loaded": b"PKL" + pickle.dumps(Bomb()),
    "NumPy array": b"NPY\x01\x00",
    "bare FLAC": b"fLaC",
    "matrix or vector": b"\0BFM \4\1\0\0\0\4\1\0\0\0\0\0\0\0",
    "no WAV file": b"[ 1 2 3 ]\n",
    "without a length": b"AUDIO\x00",
    "promises 255 bytes, found 3": b"AUDIO\x01\xffabc",
}


@pytest.mark.parametrize("text", NO_AUDIO)
def test_other_content_is_refused_by_name(text, tmp_path):
    path = tmp_path / "a.ark"
    path.write_bytes(b"key " + NO_AUDIO[text])
    with pytest.raises(InputError, match=text):
        read_all(path)


@pytest.mark.parametrize("content", [b"\n\n\n\n", b" a", b"nospace", b"\x00\x01 a", b"k" * 9000])
def test_archives_begin_with_a_key(content, tmp_path):
    path = tmp_path / "a.ark"
    path.write_bytes(content)
    with pytest.raises(InputError, match="has no key at byte 0"):
        read_all(path)


def test_streams_have_no_end_in_an_archive(tmp_path):
    content = bytearray(wav_bytes(np.zeros(100, np.int16)))
    content[4:8] = content[40:44] = b"\xff" * 4
    (tmp_path / "a.ark").write_bytes(b"key " + content)
    with pytest.raises(InputError, match="does not say how long"):
        read_all(tmp_path / "a.ark")


def test_truncated_archives(recordings, tmp_path):
    path = tmp_path / "wav.ark"
    kaldiio.save_ark(str(path), recordings)
    path.write_bytes(path.read_bytes()[:-101])
    with pytest.raises(InputError, match=r"truncated.*--allow-truncated"):
        read_all(path)
    last = read_all(path, allow_truncated=True)[-1]
    assert last.truncated
    np.testing.assert_array_equal(last.samples, recordings["r4"][1][: len(last.samples)])
    assert len(last.samples) == 1600 - 51
    path.write_bytes(b"key AUDIO\x02\x00\x01" + wav_bytes(recordings["r1"][1])[:200])
    assert read_all(path, allow_truncated=True)[0].truncated


def test_offsets_outside_the_file(tmp_path):
    (tmp_path / "a.ark").write_bytes(b"abc")
    with pytest.raises(FileError, match="has 3 bytes, no byte 4"):
        _native.Utterance("key", str(tmp_path / "a.ark"), 4).read_file(_native.ReadOptions())
