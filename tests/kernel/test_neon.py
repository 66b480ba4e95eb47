"""AArch64 gives the bytes of this machine: cross-compiled, and run by an emulator."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
AARCH64 = [
    "-DCMAKE_SYSTEM_NAME=Linux",
    "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
    f"-DCMAKE_CXX_COMPILER={COMPILER}",
]


def program(name):
    """Where a program is, on the PATH or beside this Python; without it the test is skipped."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def build(repository, name, *flags):
    """The program ``digests``; what was compiled in an earlier run is used again."""
    cmake, folder = program("cmake"), repository / "build" / "digests" / name
    generator = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={program('ninja')}"]
    flags = [*generator, *flags, "-DPYSER_PYTHON=OFF", "-DCMAKE_EXE_LINKER_FLAGS=-static"]
    subprocess.run([cmake, "-S", repository, "-B", folder, *flags], check=True)
    subprocess.run([cmake, "--build", folder, "--target", "digests"], check=True)
    return folder / "digests"


def test_the_same_bytes_on_aarch64(repository):
    program(COMPILER)
    emulator = program(EMULATOR)
    native, other = build(repository, "native"), build(repository, "aarch64", *AARCH64)
    wanted = subprocess.run([native], capture_output=True, text=True)
    found = subprocess.run([emulator, other], capture_output=True, text=True)
    assert (wanted.returncode, found.returncode) == (0, 0), wanted.stdout + found.stdout
    assert len(wanted.stdout.splitlines()) >= 10
    assert found.stdout == wanted.stdout
