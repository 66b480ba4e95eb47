"""One front end in a process of its own: does what its parent asks over a pipe, then waits.

    python worker.py NAME CPUS [FOLDER]

NAME is ``ours`` or one of peers.PEERS, CPUS a list such as ``0,1``, FOLDER where the peer is
installed. Each line of the standard input is a JSON request with ``op``, the name of a method of
Worker; each is answered by a line on the standard output.
"""

import gc
import json
import os
import sys
import time

_WARM_BYTES = 24 << 20


class Worker:
    """Signals and the extractors made for them."""

    def __init__(self, name):
        self._name = name
        self._signals = {}
        self._extractors = {}
        self._prepared = (None, None)

    def load(self, path):
        """Read the sets of signals: an npz of '<set>/<number>' arrays."""
        import numpy as np

        with np.load(path) as arrays:
            for key in arrays.files:
                self._signals.setdefault(key.split("/")[0], []).append(arrays[key])
        np.empty(_WARM_BYTES, np.uint8)  # once freed, malloc keeps and reuses blocks up to this
        gc.disable()
        return {}

    def make(self, case, tune):
        """Make the extractor of a case; set ``tune`` is what it may try itself on."""
        if self._name == "ours":
            extractor = _make_ours(case)
        else:
            from peers import MAKERS

            extractor = MAKERS[self._name](case, self._signals[tune][:10])
        self._extractors[json.dumps(case)] = extractor
        return {k: v for k, v in extractor[2].items() if isinstance(v, str | int | float)}

    def time(self, case, set_name, mode="call", repeats=1, **settings):
        """Seconds of wall and CPU time to extract a set ``repeats`` times."""
        prepare, extract, details = self._extractors[json.dumps(case)]
        key = (json.dumps(case), set_name, mode, json.dumps(settings))
        if mode == "stream":
            prepare = _chunker(settings.pop("chunk"))
        if self._prepared[0] != key:
            self._prepared = (None, None)  # the old ones go first
            self._prepared = (key, [prepare(x) for x in self._signals[set_name]])
        signals = self._prepared[1]
        gc.collect()
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            if mode == "call":
                for signal in signals:
                    extract(signal)
            else:
                details[mode](signals, **settings)
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def rows(self, case, set_name, index, path):
        """Save the rows of one signal."""
        import numpy as np

        prepare, extract, details = self._extractors[json.dumps(case)]
        rows = details.get("rows", extract)
        np.save(path, rows(prepare(self._signals[set_name][index])))
        return {}

    def loop(self, case, rspecifier, wspecifier):
        """The loop a Python user writes over kaldiio: read, extract, write."""
        import kaldiio

        prepare, extract, details = self._extractors[json.dumps(case)]
        rows = details.get("rows", extract)
        wall, cpu = time.perf_counter(), time.process_time()
        kind, path = rspecifier.split(":", 1)
        source = kaldiio.load_scp(path).items() if kind == "scp" else kaldiio.load_ark(path)
        with kaldiio.WriteHelper(wspecifier) as writer:
            for key, (_, samples) in source:
                writer(key, rows(prepare(samples)))
        return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def stream_file(self, path, chunk):
        """Peak memory in KiB before and after streaming a wav file through ``.stream()``."""
        import wave

        import numpy as np

        import pyser

        frontend = pyser.Frontend()
        frontend(np.zeros(chunk, np.int16))
        before = peak_kib()
        stream, num_rows = frontend.stream(), 0
        with wave.open(path) as file:
            while data := file.readframes(chunk):
                num_rows += len(stream.accept(np.frombuffer(data, "<i2")))
        num_rows += len(stream.finish())
        return {"before_kib": before, "after_kib": peak_kib(), "rows": num_rows}

    def stages(self, case, set_name, repeats):
        """Nanoseconds per frame of each stage of the kernel, or {} if it cannot tell."""
        from pyser import _native

        if not hasattr(_native, "stage_times"):
            return {}
        frontend = self._extractors[json.dumps(case)][1]
        return dict(_native.stage_times(frontend._plan, self._signals[set_name][0], repeats))

    def native_stream(self, case, set_name, chunk, repeats):
        """Nanoseconds per frame of streaming inside C++, or {} if it cannot tell."""
        from pyser import _native

        if not hasattr(_native, "stream_time"):
            return {}
        frontend = self._extractors[json.dumps(case)][1]
        samples = self._signals[set_name][0]
        return {"ns": _native.stream_time(frontend._plan, samples, chunk, repeats)}


def _make_ours(case):
    import pyser
    from pyser import _native

    frontend = pyser.Frontend(pyser.FrontendOptions(**case, use_energy=False))

    def batch(signals, threads):
        return frontend.batch(signals, num_threads=threads)

    def stream(signals):
        for chunks in signals:
            one = frontend.stream()
            for chunk in chunks:
                one.accept(chunk)
            one.finish()

    level = getattr(_native, "simd_level", lambda: "scalar")()
    details = {"version": pyser.__version__, "simd": level, "batch": batch, "stream": stream}
    return (lambda samples: samples), frontend, details


def _chunker(size):
    return lambda x: [x[i : i + size] for i in range(0, len(x), size)]


def peak_kib():
    """The peak resident memory of this process, KiB."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))


def main():
    name, cpus, *folder = sys.argv[1:]
    os.sched_setaffinity(0, {int(cpu) for cpu in cpus.split(",")})
    sys.path[:0] = folder
    answers = os.fdopen(os.dup(1), "w")  # whatever a package prints goes to the standard error
    os.dup2(2, 1)
    worker = Worker(name)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("op"))(**request)
        except Exception as error:  # told to the parent, which decides
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
