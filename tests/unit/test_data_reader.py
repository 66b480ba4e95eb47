"""Reading features: all of Kaldi's matrix types, and nothing that could run code."""

import json
import pickle

import kaldiio
import numpy as np
import pytest
from data_builder import make_data, write_feats

from pyser.data.reader import FeatureReader, read_ark, read_matrix
from pyser.errors import FileError, InputError, PyserError
from pyser.files import write_json

MATRIX = np.arange(12, dtype=np.float32).reshape(4, 3) + 0.25


def save(folder, matrix=MATRIX, **how):
    ark, scp = folder / "feats.ark", folder / "feats.scp"
    kaldiio.save_ark(str(ark), {"a": matrix, "b": matrix + 1}, scp=str(scp), **how)
    return scp


@pytest.mark.parametrize(
    ("how", "tolerance"),
    [({}, 0), ({"text": True}, 1e-6)] + [({"compression_method": m}, 0.1) for m in (2, 3, 5)],
)
def test_formats(tmp_path, how, tolerance):
    reader = FeatureReader(save(tmp_path, **how))
    assert list(reader) == ["a", "b"] and len(reader) == 2 and "a" in reader and "c" not in reader
    for key, offset in (("a", 0), ("b", 1)):
        found = reader[key]
        assert found.dtype == np.float32 and found.flags.c_contiguous and found.flags.writeable
        np.testing.assert_allclose(found, MATRIX + offset, atol=tolerance)
    assert reader.dim == 3


def test_double_matrices_become_float32(tmp_path):
    assert FeatureReader(save(tmp_path, MATRIX.astype(np.float64)))["a"].dtype == np.float32


def test_row_ranges(tmp_path):
    place = FeatureReader(save(tmp_path)).path.read_text().split()[1]
    np.testing.assert_array_equal(read_matrix(f"{place}[1:2]", "x"), MATRIX[1:3])


def test_unknown_utterance(tmp_path):
    with pytest.raises(KeyError):
        FeatureReader(save(tmp_path))["c"]


def test_frontend_and_blocks(tmp_path):
    scp = save(tmp_path)
    assert FeatureReader(scp).frontend is None and FeatureReader(scp).blocks == {}
    blocks = {"static": [0, 2], "delta": [2, 3]}
    (tmp_path / "frontend.json").write_text(json.dumps({"dim": 3, "blocks": blocks}))
    reader = FeatureReader(scp)
    assert reader.frontend["dim"] == 3
    assert reader.blocks == {"static": slice(0, 2), "delta": slice(2, 3)}
    write_json(tmp_path / "frontend.json", {"blocks": blocks})  # sorts by name
    assert list(FeatureReader(scp).blocks) == ["static", "delta"]
    (tmp_path / "frontend.json").write_text("{")
    with pytest.raises(InputError, match=r"frontend\.json"):
        _ = FeatureReader(scp).frontend


def test_archives_and_places(tmp_path):
    reader = FeatureReader(save(tmp_path))
    assert reader.archives() == [tmp_path / "feats.ark"]
    assert reader.places()["a"] == "feats.ark:2"


class Trap:
    def __reduce__(self):
        return (print, ("unpickled",))


@pytest.mark.parametrize(
    "content",
    [b"PKL" + pickle.dumps(Trap()), b"NPY    ", b"RIFF    ", b"\0BFV \4", b"\0B\4", b"AUDIO"],
)
def test_other_content_is_refused(tmp_path, capsys, content):
    (tmp_path / "x.ark").write_bytes(b"a " + content)
    (tmp_path / "x.scp").write_text(f"a {tmp_path}/x.ark:2\n")
    with pytest.raises(InputError, match=r"x\.scp: utterance a: .*Kaldi matrix"):
        FeatureReader(tmp_path / "x.scp")["a"]
    with pytest.raises(InputError, match="Kaldi matrix"):
        read_ark(tmp_path / "x.ark")
    assert "unpickled" not in capsys.readouterr().out


def test_commands_are_not_run(tmp_path):
    (tmp_path / "x.scp").write_text(f"a touch {tmp_path}/ran |\nb | touch {tmp_path}/ran\n")
    for key in "ab":
        with pytest.raises(InputError, match="command"):
            FeatureReader(tmp_path / "x.scp")[key]
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("place", "word"), [("feats.ark:999999", "past the end"), ("feats.ark:3", "starts")]
)
def test_wrong_offsets(tmp_path, place, word):
    save(tmp_path)
    with pytest.raises(InputError, match=word):
        read_matrix(f"{tmp_path}/{place}", "x")


def test_damaged_and_missing_archives(tmp_path):
    scp = save(tmp_path)
    ark = tmp_path / "feats.ark"
    ark.write_bytes(ark.read_bytes()[:30])
    with pytest.raises(InputError, match="damaged"):
        FeatureReader(scp)["a"]
    ark.unlink()
    with pytest.raises(FileError, match="working directory"):
        FeatureReader(scp)["a"]
    with pytest.raises(FileError):
        read_ark(ark)


def test_vectors_are_refused(tmp_path):
    (tmp_path / "x.ark").write_text("a  [ 1 2 3 ]\n")
    with pytest.raises(InputError, match="1 dimensions"):
        read_matrix(f"{tmp_path}/x.ark:2", "x")


def test_no_features(tmp_path):
    (tmp_path / "x.scp").write_text("")
    with pytest.raises(InputError, match="no features"):
        _ = FeatureReader(tmp_path / "x.scp").dim


def test_read_ark(tmp_path):
    save(tmp_path)
    found = read_ark(tmp_path / "feats.ark")
    assert list(found) == ["a", "b"]
    np.testing.assert_array_equal(found["b"], MATRIX + 1)


def test_data_directory(tmp_path):
    data = make_data(tmp_path / "data")
    written = write_feats(data)
    reader = FeatureReader(data.path / "feats.scp")
    assert list(reader) == data.utterances
    np.testing.assert_array_equal(reader["s1-u0"], written["s1-u0"])


def test_mapped_features_are_those_that_are_read(tmp_path):
    """Of all forms that Kaldi writes; a plain float matrix is not even copied."""
    random = np.random.default_rng(0)
    matrices = {f"u{k}": random.standard_normal((k + 1, 3)).astype(np.float32) for k in range(4)}
    for form, options in {"float": {}, "compressed": {"compression_method": 2}}.items():
        scp = tmp_path / f"{form}.scp"
        with kaldiio.WriteHelper(f"ark,scp:{tmp_path}/{form}.ark,{scp}", **options) as writer:
            for name, matrix in matrices.items():
                writer(name, matrix)
        reader = FeatureReader(scp)
        for name in matrices:
            mapped = reader.mapped(name)
            np.testing.assert_array_equal(mapped, reader[name])
            assert mapped.dtype == np.float32
            assert mapped.flags.writeable == (form == "compressed")
    ranges = tmp_path / "ranges.scp"
    place = FeatureReader(tmp_path / "float.scp")._places["u3"]
    ranges.write_text(f"part {place}[1:2]\n")
    np.testing.assert_array_equal(FeatureReader(ranges).mapped("part"), matrices["u3"][1:3])


@pytest.mark.parametrize("cut", [5, 20])
def test_mapping_a_damaged_archive_says_so(tmp_path, cut):
    with kaldiio.WriteHelper(f"ark,scp:{tmp_path}/f.ark,{tmp_path}/f.scp") as writer:
        writer("u", np.ones((4, 3), np.float32))
    archive = tmp_path / "f.ark"
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(PyserError, match="u"):
        FeatureReader(tmp_path / "f.scp").mapped("u")
    archive.unlink()
    with pytest.raises(PyserError, match="u"):
        FeatureReader(tmp_path / "f.scp").mapped("u")
