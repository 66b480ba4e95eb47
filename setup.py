"""Builds the extension module pyser._native with CMake; everything else is in pyproject.toml."""

import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent


def tool(name, folder_attribute):
    """The program `name`, from its PyPI package (which may be off the PATH) or from the PATH."""
    try:
        return str(Path(getattr(importlib.import_module(name), folder_attribute)) / name)
    except (ImportError, AttributeError):
        path = shutil.which(name)
        if path is None:
            raise SystemExit(f"{name} not found; install it with: pip install {name}") from None
        return path


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        import pybind11

        target = Path(self.get_ext_fullpath(extension.name)).resolve()
        build = Path(self.build_temp).resolve()
        configure = [
            tool("cmake", "CMAKE_BIN_DIR"),
            *("-S", str(ROOT), "-B", str(build), "-G", "Ninja"),
            f"-DCMAKE_MAKE_PROGRAM={tool('ninja', 'BIN_DIR')}",
            f"-DCMAKE_LIBRARY_OUTPUT_DIRECTORY={target.parent}",
            f"-DPython_EXECUTABLE={sys.executable}",
            f"-Dpybind11_DIR={pybind11.get_cmake_dir()}",
            *os.environ.get("CMAKE_ARGS", "").split(),
        ]
        subprocess.run(configure, check=True)
        subprocess.run([configure[0], "--build", str(build)], check=True)


setup(ext_modules=[Extension("pyser._native", sources=[])], cmdclass={"build_ext": CMakeBuild})
