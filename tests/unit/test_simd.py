"""Instruction sets: which there are, which one computes, and how another is chosen."""

import os
import subprocess
import sys
import wave

import pytest

import pyser
from pyser import _native
from pyser.errors import InputError

SLOWEST_FIRST = ["scalar", "neon", "avx2", "avx512"]
USE = "import numpy, pyser; pyser.Frontend()(numpy.zeros(4000, 'int16')); print(pyser.simd_level())"


def run_with(level, code=USE):
    environment = os.environ | {"PYSER_SIMD": level}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )


@pytest.fixture
def levels():
    """The names of all levels; afterwards the one before is in use again."""
    before = pyser.simd_level()
    yield pyser.simd_levels()
    _native.set_simd_level(before)


def test_levels_are_listed_slowest_first(levels):
    assert levels == [level for level in SLOWEST_FIRST if level in levels]
    assert levels[0] == "scalar"


def test_what_the_processor_does_not_have_is_not_listed(levels):
    """The flags of Linux are those the operating system saves the registers for."""
    try:
        with open("/proc/cpuinfo") as file:
            flags = next(line for line in file if line.startswith("flags")).split()
    except (OSError, StopIteration):
        pytest.skip("no list of this processor's flags")
    assert ("avx2" in levels) == {"avx2", "fma"}.issubset(flags)
    assert ("avx512" in levels) == {"avx512f", "avx512vl", "avx512dq"}.issubset(flags)


def test_the_fastest_is_in_use_unless_another_is_named(levels):
    assert run_with("").stdout.split() == levels[-1:]
    for level in levels:
        assert run_with(level).stdout.split() == [level]


@pytest.mark.parametrize("name", ["sse9", "AVX2", " scalar", "scalar,avx2"])
def test_an_unknown_name_is_refused_at_first_use(levels, name):
    run = run_with(name, "import pyser; print(pyser.simd_levels())\n" + USE)
    assert run.stdout == f"{levels}\n"
    assert run.returncode == 1
    message = run.stderr.splitlines()[-1]
    assert message == (
        f"pyser.errors.InputError: PYSER_SIMD: '{name}' is no instruction set of this machine; "
        f"expected {', '.join(levels)}"
    )


def test_the_command_line_says_so_too(tmp_path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(bytes(8000))
    (tmp_path / "wav.scp").write_text("a a.wav\n")
    run = subprocess.run(
        [sys.executable, "-m", "pyser", "features", "scp:wav.scp", "ark:f.ark"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYSER_SIMD": "sse9"},
        cwd=tmp_path,
    )
    assert run.returncode == 1
    assert "PYSER_SIMD: 'sse9' is no instruction set of this machine" in run.stderr
    assert "Traceback" not in run.stderr


def test_another_can_be_chosen(levels):
    for level in levels:
        _native.set_simd_level(level)
        assert pyser.simd_level() == level


@pytest.mark.parametrize("name", ["", "sse9", "Scalar"])
def test_choosing_an_unknown_one_changes_nothing(levels, name):
    before = pyser.simd_level()
    with pytest.raises(InputError, match=", ".join(levels)):
        _native.set_simd_level(name)
    assert pyser.simd_level() == before
