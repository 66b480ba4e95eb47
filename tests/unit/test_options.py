"""FrontendOptions: made from the table in C++, typed, immutable, by value."""

import copy
import inspect
import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from pyser import FrontendOptions
from pyser.errors import InputError
from pyser.frontend.options import option_table

TABLE = {row["name"]: row for row in option_table()}
TYPES = {"bool": bool, "int": int, "float": float, "str": str}


def refusal(**options):
    with pytest.raises(InputError) as caught:
        FrontendOptions(**options)
    return caught.value


def test_table_describes_every_option():
    for row in TABLE.values():
        keys = "name type default unit help choices items minimum maximum"
        assert set(row) == set(keys.split())
        assert row["help"] and row["type"] in TYPES
        if row["default"] is not None:
            assert type(row["default"]) is TYPES[row["type"]], row
        assert (row["type"] == "str") == bool(row["choices"] or row["items"])
        assert (row["minimum"] is not None) == (row["type"] in ("int", "float"))


def test_defaults_are_those_of_the_definition():
    o = FrontendOptions()
    assert (o.sample_frequency, o.frame_length, o.frame_shift) == (16000, 25, 10)
    assert (o.window_type, o.preemphasis_coefficient, o.dither) == ("hamming", 0.97, 0)
    assert (o.num_mel_bins, o.low_freq, o.high_freq) == (26, 20, 0)
    assert (o.delta_order, o.delta_window, o.delta_edges) == (2, 2, "kaldi")
    assert (o.feature_type, o.snip_edges, o.input_scale) == ("fbank", True, 32768)


@pytest.mark.parametrize("name", TABLE)
def test_the_default_may_be_given(name):
    assert FrontendOptions(**{name: TABLE[name]["default"]}) == FrontendOptions()


@pytest.mark.parametrize("kind, energy", [("fbank", False), ("mfcc", True), ("spectrogram", False)])
def test_use_energy_follows_the_feature_type(kind, energy):
    assert FrontendOptions(feature_type=kind).use_energy is energy
    assert FrontendOptions(feature_type=kind, use_energy=not energy).use_energy is not energy


def test_values_become_the_type_of_the_option():
    o = FrontendOptions(frame_length=np.int64(20), num_mel_bins=np.int32(40), snip_edges=np.True_)
    assert type(o.frame_length) is float and o.frame_length == 20
    assert type(o.num_mel_bins) is int and type(o.snip_edges) is bool
    json.dumps(o.as_dict())


@pytest.mark.parametrize(
    "name, value",
    [
        ("num_mel_bins", 26.0),
        ("num_mel_bins", True),
        ("num_mel_bins", "26"),
        ("num_mel_bins", None),
        ("frame_length", "25"),
        ("frame_length", False),
        ("frame_length", 25j),
        ("snip_edges", 1),
        ("snip_edges", "true"),
        ("window_type", 3),
        ("window_type", b"hamming"),
        ("use_energy", 0),
    ],
)
def test_other_types_are_refused(name, value):
    error = refusal(**{name: value})
    assert error.where == name and repr(value) in error.what and error.expected


@pytest.mark.parametrize("name, near", [("num_mel_bin", "num_mel_bins"), ("window", "window_type")])
def test_unknown_names_suggest_the_nearest(name, near):
    error = refusal(**{name: 3})
    assert error.where == name and near in error.remedy
    with pytest.raises(AttributeError, match=near):
        getattr(FrontendOptions(), name)


def test_unknown_name_without_a_near_one():
    assert refusal(qqqqqq=1).remedy is None


@pytest.mark.parametrize("name", [n for n, r in TABLE.items() if r["minimum"] is not None])
def test_numbers_beyond_their_limits_are_refused(name):
    row = TABLE[name]
    kind = TYPES[row["type"]]
    for value in (kind(row["minimum"]) - 1, kind(row["maximum"]) * 1.5 + 1):
        error = refusal(**{name: kind(value)})
        assert error.where == name and "from" in error.expected
    huge = [10**30, -(10**30)] if kind is int else [np.nan, np.inf, -np.inf, 10**400, -(10**400)]
    for value in huge:
        assert refusal(**{name: value}).where == name


@pytest.mark.parametrize("name", [n for n, r in TABLE.items() if r["choices"]])
def test_words_outside_the_choices_are_refused(name):
    error = refusal(**{name: "nonsense"})
    assert error.where == name and TABLE[name]["choices"][0] in error.expected
    for word in TABLE[name]["choices"]:
        options = FrontendOptions(**{name: word, "frame_features": "rms"})
        assert getattr(options, name) == word


@pytest.mark.parametrize("name", [n for n, r in TABLE.items() if r["items"]])
def test_lists_hold_some_of_the_items_in_any_order(name):
    items = TABLE[name]["items"]
    for words in ([], items[:1], items, items[::-1]):
        assert getattr(FrontendOptions(**{name: ",".join(words)}), name) == ",".join(words)
    assert all(item in TABLE[name]["help"] for item in items)
    for value in ("nonsense", f"{items[0]},nonsense", f"{items[0]},", f",{items[0]}", " "):
        error = refusal(**{name: value})
        assert error.where == name and items[-1] in error.expected and repr(value) in error.what
    twice = refusal(**{name: f"{items[0]},{items[1]},{items[0]}"})
    assert twice.where == name and f"'{items[0]}' twice" in twice.what


@pytest.mark.parametrize(
    "options, where",
    [
        ({"low_freq": 4000, "high_freq": 3000}, "low_freq, high_freq"),
        ({"high_freq": 8001}, "low_freq, high_freq"),
        ({"high_freq": -8000}, "low_freq, high_freq"),
        ({"vtln_warp": 0.9, "vtln_low": 10}, "vtln_low, vtln_high"),
        ({"vtln_warp": 1.1, "vtln_high": 8000}, "vtln_low, vtln_high"),
        ({"vtln_warp": 0.1, "vtln_low": 2000}, "vtln_low, vtln_high"),
        ({"feature_type": "mfcc", "num_ceps": 27}, "num_ceps"),
        ({"truncate": 27}, "truncate"),
        ({"feature_type": "none", "frame_features": "rms", "truncate": 1}, "truncate"),
        ({"frame_length": 0.1}, "frame_length"),
        ({"frame_length": 10000, "sample_frequency": 200000}, "frame_length"),
        ({"frame_shift": 0.05}, "frame_shift"),
        ({"num_mel_bins": 200}, "num_mel_bins"),
    ],
)
def test_contradictions_are_refused(options, where):
    error = refusal(**options)
    assert error.where == where
    assert error.what


def test_rows_have_columns():
    error = refusal(feature_type="none")
    assert error.where == "feature_type, frame_features" and "frame_features" in error.remedy


def test_vtln_limits_do_not_matter_without_a_warp():
    FrontendOptions(vtln_low=10, vtln_high=8000)


def test_equal_by_value():
    a, b = FrontendOptions(num_mel_bins=40), FrontendOptions.from_dict({"num_mel_bins": 40})
    assert a == b and hash(a) == hash(b) and len({a, b}) == 1
    assert a != FrontendOptions() and a != a.as_dict() and (a == 3) is False


def test_as_dict_is_complete_and_apart():
    o = FrontendOptions(feature_type="mfcc")
    values = o.as_dict()
    assert list(values) == list(TABLE)
    assert FrontendOptions.from_dict(values) == o
    values["num_ceps"] = 5
    assert o.num_ceps == 13


@pytest.mark.parametrize(
    "options", [None, 3, "dither", [("dither", 1)], {1: 2}, {"dither": 1, 2: 3}]
)
def test_from_dict_takes_only_mappings_with_names(options):
    with pytest.raises(InputError, match=r"the options are .*; expected a dict"):
        FrontendOptions.from_dict(options)


def test_cannot_be_changed():
    o = FrontendOptions()
    with pytest.raises(AttributeError, match="from_dict"):
        o.num_mel_bins = 3
    with pytest.raises(AttributeError):
        del o.num_mel_bins
    assert o.num_mel_bins == 26


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda o: eval(repr(o))])
def test_copies_are_equal(duplicate):
    for o in (FrontendOptions(), FrontendOptions(feature_type="mfcc", use_energy=False, dither=1)):
        assert duplicate(o) == o
        assert pickle.loads(pickle.dumps(o)) == o


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(FrontendOptions()) == "FrontendOptions()"
    text = repr(FrontendOptions(feature_type="mfcc", low_freq=60))
    assert text == "FrontendOptions(feature_type='mfcc', low_freq=60.0)"


def test_documentation_is_made_from_the_table():
    assert all(f" {name} (" in FrontendOptions.__doc__ for name in TABLE)
    assert list(inspect.signature(FrontendOptions).parameters) == list(TABLE)
    assert set(TABLE) <= set(dir(FrontendOptions()))


def test_works_without_docstrings():
    code = "from pyser import FrontendOptions; assert FrontendOptions.__doc__ is None"
    subprocess.run([sys.executable, "-OO", "-c", code], check=True)
