"""What a front end computes, as a digest: a change of its arithmetic is seen, not only of options.

A version number would have to be raised by hand, and says nothing about the compiler or the maths
library the extension was built with; the values themselves do.
"""

import contextlib
import hashlib
from array import array
from itertools import cycle, islice

from pyser import _native
from pyser.errors import InputError

_PERIOD = 8191  # samples of noise, repeated: prime, so that no frame shift falls in step with it
_HALVING = 1024  # samples after which the noise is half as loud, down to 0 and -1


def probe(frontend):
    """SHA-256 (hex) of the features of a fixed signal, also at twice and half the sample rate.

    Args:
        frontend: Frontend; rates it does not resample from are left out.
    """
    own_hz = frontend.options.sample_frequency
    samples = _signal(int(own_hz * (1 + frontend.options.frame_length / 1000))).tobytes()
    sha = hashlib.sha256()
    for rate_hz in (own_hz, 2 * own_hz, own_hz / 2):
        with contextlib.suppress(InputError):
            sha.update(_native.row_bytes(frontend._plan, samples, rate_hz))
    return sha.hexdigest()


def signal(num_samples):
    """Noise from full scale down to the last bit, int16 [num_samples].

    Made of integers alone (a linear congruential generator), hence the same everywhere and always.
    """
    import numpy as np

    return np.frombuffer(_signal(num_samples), np.int16)


def _signal(num_samples):
    state, noise = 1, []
    for _ in range(_PERIOD):
        state = (1664525 * state + 1013904223) % 2**32
        noise.append((state >> 16) - 2**15)
    repeated = enumerate(islice(cycle(noise), num_samples))
    return array("h", [value >> (i // _HALVING % 16) for i, value in repeated])
