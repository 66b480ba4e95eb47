"""The multiply-add of processors that have none gives the bits of fmaf."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NUM_VECTORS = 2_000_000


def test_portable_fma(repository, tmp_path):
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        pytest.skip("no C++ compiler on the PATH")
    program, source = tmp_path / "fma_test", Path(__file__).with_name("fma_test.cpp")
    flags = ["-std=c++17", "-O2", "-ffp-contract=off", "-fno-trapping-math", "-Wall", "-Werror"]
    command = [compiler, *flags, f"-I{repository}/csrc", source, "-o", program]
    subprocess.run(command, check=True)
    run = subprocess.run([program, str(NUM_VECTORS)], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
