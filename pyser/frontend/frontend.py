"""Features of signals in memory: whole, in batches, or as a stream."""

import os

from pyser import _native
from pyser.errors import InputError
from pyser.frontend.options import FrontendOptions


class Frontend:
    """Samples -> features; the same bytes for a file, a batch, any chunking and any thread count.

    Immutable and thread-safe; can be pickled and copied; safe to use after a fork.

    Args:
        options: FrontendOptions; the defaults when not given.

    """

    __slots__ = ("_options", "_plan")

    def __init__(self, options=None):
        options = FrontendOptions() if options is None else options
        if not isinstance(options, FrontendOptions):
            raise InputError(f"found {type(options).__name__}", "options", "FrontendOptions")
        object.__setattr__(self, "_options", options)
        object.__setattr__(self, "_plan", options._plan)

    def __call__(self, samples, sample_rate=None):
        """Features of one signal.

        Args:
            samples: [N] int16 (PCM), or float32 or float64 (full scale is 1 / input_scale of 32768,
                that is +-1.0 by default). Any memory layout; not changed, and not copied when
                contiguous and aligned.
            sample_rate: of the samples, Hz; ``sample_frequency`` when not given.

        Returns:
            [T, D] float32, C-contiguous; [0, D] when the signal is shorter than a frame.

        Raises:
            InputError: samples of another type or shape, NaN or infinity among them (with the
                index), magnitudes off the 16-bit scale, or a sample rate that differs from
                ``sample_frequency`` without ``allow_downsample`` or ``allow_upsample``.
        """
        rate = self._rate(sample_rate)
        return _use(lambda array: self._plan.compute(array, rate), samples)

    def batch(self, signals, sample_rate=None, num_threads=0):
        """Features of several signals, computed by several threads.

        Args:
            signals: iterable of [N] arrays, as for one signal.
            sample_rate: of all of them, Hz; ``sample_frequency`` when not given.
            num_threads: 0 for as many as there are usable CPUs.

        Returns:
            list of [T, D] float32, in the order of ``signals``.

        Raises:
            InputError: as for one signal; the index of the signal is named.
        """
        arrays = []
        for index, signal in enumerate(signals):
            arrays.append(_as_samples(signal, f"signal {index}"))
        if num_threads < 0:
            raise InputError(f"the value is {num_threads}", "num_threads", "0 or more")
        threads = num_threads or usable_cpus()
        return self._plan.batch(arrays, self._rate(sample_rate), threads)

    def stream(self, sample_rate=None):
        """A new Stream, for a signal that arrives in chunks.

        Args:
            sample_rate: of the samples, Hz; ``sample_frequency`` when not given.
        """
        return Stream(self, self._rate(sample_rate))

    def num_frames(self, num_samples, sample_rate=None):
        """Number of rows T that ``num_samples`` samples give."""
        if num_samples < 0:
            raise InputError(f"the value is {num_samples}", "num_samples", "0 or more")
        return self._plan.num_frames(num_samples, self._rate(sample_rate))

    @property
    def options(self):
        """The FrontendOptions it was made from."""
        return self._options

    @property
    def dim(self):
        """Number of columns D of a row."""
        return self._plan.dim

    @property
    def blocks(self):
        """Dict of block name to the slice of its columns, in the order of the columns.

        ``static`` and each of the ``frame_features``, then their deltas: ``delta``,
        ``delta_log_energy``, ..., ``delta2``, ``delta2_log_energy``, ...
        """
        blocks, start = {}, 0
        for order in range(self._options.delta_order + 1):
            for static_name, width in self._plan.static_blocks:
                blocks[_block_name(static_name, order)] = slice(start, start + width)
                start += width
        return blocks

    def __setattr__(self, name, value):
        raise AttributeError("Frontend cannot be changed; make a new one")

    def __repr__(self):
        return f"Frontend({self._options!r})"

    def __reduce__(self):
        return Frontend, (self._options,)

    def _rate(self, sample_rate):
        if sample_rate is None:
            return self._options.sample_frequency
        try:
            return float(sample_rate)
        except (TypeError, ValueError):
            raise InputError(f"found {sample_rate!r}", "sample_rate", "a number, Hz") from None


class Stream:
    """One signal on its way through a Frontend: rows come out as soon as they are final.

    The rows of all ``accept`` and the one of ``finish`` together are, byte for byte, those of the
    whole signal at once. Deltas delay rows by ``delta_order * delta_window`` frames; a pitch among
    the frame features keeps the first rows until there are ``recompute_frame`` of them, and later
    ones for ``max_frames_latency`` frames; with ``subtract_mean`` all rows come from ``finish``.

    Args:
        frontend: Frontend to compute with.
        sample_rate: of the samples, Hz.

    """

    __slots__ = ("_native",)

    def __init__(self, frontend, sample_rate):
        self._native = _native.Stream(frontend._plan, sample_rate)

    def accept(self, chunk):
        """Take the next samples.

        Args:
            chunk: [N] samples, N >= 0, of a type that ``Frontend`` takes.

        Returns:
            [k, D] float32: the rows that are final now.

        Raises:
            InputError: bad samples, of which none are taken then (indices count from the start of
                the stream), or the stream is finished.
        """
        return _use(self._native.accept, chunk)

    def finish(self):
        """End the signal; return the remaining rows, [k, D] float32."""
        return self._native.finish()


def _block_name(static_name, order):
    """The name of the block of deltas of an order of the block ``static_name``."""
    if order == 0:
        return static_name
    delta = "delta" if order == 1 else f"delta{order}"
    return delta if static_name == "static" else f"{delta}_{static_name}"


def _use(function, samples):
    """``function`` of ``samples``, which are looked at more closely only if it refuses them."""
    try:
        return function(samples)
    except TypeError:
        return function(_as_samples(samples))


def _as_samples(samples, where="samples"):
    """``samples`` as an aligned row [N] of int16, float32 or float64; InputError otherwise."""
    import numpy as np  # here, for it takes longer to load than all that `pyser features` needs

    try:
        array = np.asarray(samples)
    except ValueError as error:  # a ragged list
        raise InputError(str(error), where, "one dimension, [N]") from None
    if array.ndim != 1:
        remedy = "choose one channel, such as samples[:, 0]" if array.ndim == 2 else None
        raise InputError(f"the shape is {array.shape}", where, "one dimension, [N]", remedy)
    dtype = array.dtype.newbyteorder("=")
    if dtype not in (np.int16, np.float32, np.float64):
        raise InputError(
            f"the type is {array.dtype}",
            where,
            "int16 (PCM) or float32 or float64 (full scale +-1.0)",
        )
    return np.require(array, dtype, ["C_CONTIGUOUS", "ALIGNED"])


def usable_cpus():
    """How many CPUs this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
