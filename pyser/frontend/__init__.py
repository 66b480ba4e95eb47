"""The front end: samples -> features, computed in C++."""

from pyser.frontend.frontend import Frontend, Stream
from pyser.frontend.options import FrontendOptions

__all__ = ["Frontend", "FrontendOptions", "Stream"]
