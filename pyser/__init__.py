"""pyser: speech emotion recognition with a C++ front end and experiments with proved folds."""

from importlib.metadata import PackageNotFoundError, version

from pyser._native import simd_level, simd_levels
from pyser.frontend import Frontend, FrontendOptions

try:
    __version__ = version("pyser")
except PackageNotFoundError:  # run from a source tree that was never installed
    __version__ = "0+unknown"

__all__ = ["Frontend", "FrontendOptions", "__version__", "simd_level", "simd_levels"]
