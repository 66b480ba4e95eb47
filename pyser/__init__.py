"""pyser: speech emotion recognition with a C++ front end and experiments with proved folds."""

from pyser._native import simd_level, simd_levels
from pyser.frontend import Frontend, FrontendOptions

__version__ = "0.1.0"
__all__ = ["Frontend", "FrontendOptions", "__version__", "simd_level", "simd_levels"]
