"""Tables: what is written is read back; what is malformed is refused with file and line."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyser.data.tables import read_list, read_table, write_list, write_table
from pyser.errors import FileError, InputError

WORDS = st.text(st.characters(exclude_categories=("Cs", "Z", "C")), min_size=1, max_size=5)


@settings(max_examples=50, deadline=None)
@given(table=st.dictionaries(WORDS, st.lists(WORDS, min_size=1, max_size=3).map(" ".join)))
def test_round_trip(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "utt2x"
    write_table(path, table)
    assert read_table(path) == table
    keys = [line.split(b" ")[0] for line in path.read_bytes().split(b"\n")[:-1]]
    assert keys == sorted(keys)


def test_order_is_that_of_sort_in_the_c_locale(tmp_path):
    path = tmp_path / "utt2spk"
    ids = ["b-1", "B_1", "a-10", "a-1", "a-2", "ä-1", "Z", "_", "1", "€", "\U0001f600"]
    write_table(path, dict.fromkeys(ids, "x"))
    subprocess.run(["sort", "-c", "-k1,1", str(path)], env={"LC_ALL": "C"}, check=True)


def test_value_is_the_rest_of_the_line(tmp_path):
    path = tmp_path / "text"
    path.write_text("a  one\ttwo  three \nb\tx\n")
    assert read_table(path) == {"a": "one\ttwo  three", "b": "x"}


def test_a_separator_of_unicode_does_not_break_a_line(tmp_path):
    write_table(tmp_path / "text", {"a": "one\u2028two\x85three"})
    assert read_table(tmp_path / "text") == {"a": "one\u2028two\x85three"}


@pytest.mark.parametrize(
    ("content", "line", "word"),
    [
        (b"a x\na y\n", 2, "line 1"),
        (b"a x\n\nb y\n", 2, "empty line"),
        (b" a x\n", 1, "white space"),
        (b"a\n", 1, "no value"),
        (b"a x\r\n", 1, "carriage return"),
        (b"a x\nb \xff\n", 2, "0xff"),
        (b"\xef\xbb\xbfa x\nb y\n", 1, "byte order mark; expected UTF-8 without one; remove it"),
    ],
)
def test_malformed_lines_are_named(tmp_path, content, line, word):
    path = tmp_path / "utt2spk"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_table(path)
    assert caught.value.where == f"{path}:{line}"
    assert word in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_table(tmp_path / "none")


def test_empty_values_only_where_allowed(tmp_path):
    path = tmp_path / "text"
    with pytest.raises(InputError, match="no value"):
        write_table(path, {"a": ""})
    write_table(path, {"a": "", "b": "yes"}, empty_values=True)
    assert path.read_bytes() == b"a\nb yes\n"
    assert read_table(path, empty_values=True) == {"a": "", "b": "yes"}


@pytest.mark.parametrize(
    "table",
    [
        {"a b": "x"},
        {"": "x"},
        {"a\u00a0": "x"},
        {"\ufeffa": "x"},
        {"a": "x\ny"},
        {"a": " x"},
        {"a": "x\r"},
    ],
)
def test_what_would_not_be_read_back_is_not_written(tmp_path, table):
    with pytest.raises(InputError):
        write_table(tmp_path / "t", table)
    assert not list(tmp_path.iterdir())


def test_lists(tmp_path):
    write_list(tmp_path / "train", ["b", "a"])
    assert (tmp_path / "train").read_text() == "a\nb\n"
    assert read_list(tmp_path / "train") == ["a", "b"]
