"""The front end's speed beside its peers': one interleaved run, on one core, with medians.

    python tests/bench/frontend.py --install-peers --results tests/bench/RESULTS.md

Every front end runs in a process of its own on the same core, round by round in turn; the others
wait meanwhile. Peers that are not installed are said and left out.
"""

import argparse
import json
import os
import shlex
import sys
import tempfile
from pathlib import Path

from measure import ONE_THREAD, Worker, WorkerError

os.environ.update(ONE_THREAD)  # before NumPy is imported

import compute
import corpus
import extraction
import machine
import numpy as np
import peers
import report

_REPOSITORY = Path(__file__).resolve().parents[2]
SECTIONS = ("compute", "stages", "lengths", "options", "threads", "calls", "extract", "memory")


def parse(argv):
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", default=",".join(SECTIONS), help="parts, separated by commas")
    parser.add_argument("--rounds", type=int, default=21, help="interleaved rounds")
    parser.add_argument("--frames", type=int, default=3_000_000, help="frames end to end")
    parser.add_argument("--cpus", help="CPUs to use, the one core first; default: all, last first")
    parser.add_argument("--wavs", type=Path, help="folder of 16-bit mono 16-kHz wav files")
    parser.add_argument("--emodb", type=Path, default=_REPOSITORY.parent / "shared/data/emodb")
    parser.add_argument("--peers", type=Path, default=peers.cache_folder(), help="their folder")
    parser.add_argument("--install-peers", action="store_true", help="install them there first")
    parser.add_argument("--work", type=Path, help="folder for temporary files")
    parser.add_argument("--json", type=Path, help="write everything that was measured")
    parser.add_argument("--results", type=Path, help="RESULTS.md to replace this CPU's section of")
    args = parser.parse_args(argv)
    args.only = args.only.split(",")
    if unknown := set(args.only) - set(SECTIONS):
        parser.error(f"--only: no {sorted(unknown)}; there are {', '.join(SECTIONS)}")
    usable = sorted(os.sched_getaffinity(0), reverse=True)
    args.cpus = [int(cpu) for cpu in args.cpus.split(",")] if args.cpus else usable
    return args


class Bench:
    """What the sections share: settings, signals and a worker for each front end."""

    def __init__(self, args, work):
        from pyser import _native

        self.args, self.work, self.cpus = args, work, args.cpus
        self.rounds, self.few_rounds = args.rounds, max(3, args.rounds // 3)
        self.notes, self.peer_details = [], {}
        self.levels = list(getattr(_native, "simd_levels", lambda: ["scalar"])())
        self.best = f"ours {self.levels[-1]}"
        self.best_environment = {"PYSER_SIMD": self.levels[-1]}
        self.has_copy_kernel = hasattr(_native, "use_copy_kernel")
        self.files, self.signals_said = self._files()
        in_memory = [corpus.read_wav(path) for path in self.files]
        audio = np.concatenate(in_memory)
        self.sets = corpus.signal_sets(audio, in_memory)
        self.lengths = [f"{length:g} s" for length in corpus.LENGTHS]
        self._npz = work / "signals.npz"
        numbered = ((f"{name}/{i}", x) for name in self.sets for i, x in enumerate(self.sets[name]))
        np.savez(self._npz, **dict(numbered))
        self.workers = self._start_all()

    def say(self, text):
        """Print a remark, and keep it for the results."""
        self.notes.append(text)
        print(text, file=sys.stderr, flush=True)

    def start(self, name, cpus, environment=None, folder=None):
        """A worker with the signals, and an extractor of the default options."""
        worker = Worker(name, cpus, folder, environment)
        try:
            worker.load(path=str(self._npz))
            details = worker.make(case=compute.DEFAULT, tune="main")
        except WorkerError:
            worker.close()
            raise
        if name in peers.PEERS:
            self.peer_details[name] = details
        return worker

    def frames(self, set_name, case=compute.DEFAULT):
        return corpus.num_frames(self.sets[set_name], case)

    def count(self, set_name):
        return len(self.sets[set_name])

    def _files(self):
        folder = self.args.wavs or self.args.emodb / "wav"
        if files := corpus.wav_files(folder):
            name = "EMO-DB" if folder == self.args.emodb / "wav" else folder.name
            return files, f"{name}, {len(files)} files"
        if self.args.wavs:
            raise SystemExit(f"{self.args.wavs}: no wav files")
        return corpus.generate(self.work), "generated, speech-like"

    def _start_all(self):
        one = self.cpus[:1]
        workers = {
            f"ours {level}": self.start("ours", one, {"PYSER_SIMD": level}) for level in self.levels
        }
        for name in peers.PEERS:
            try:
                if not peers.is_installed(name, self.args.peers):
                    raise WorkerError("not installed (--install-peers)")
                folder = self.args.peers / name if peers.PEERS[name].requirement else None
                workers[name] = self.start(name, one, folder=folder)
            except WorkerError as error:
                self.say(f"{peers.PEERS[name].label}: left out, {error}")
        return workers


def measure(bench):
    """Run the sections that were asked for; dict of name to results, with the targets."""
    results, checks = {}, []
    sections = {
        "compute": (compute.compute_only, lambda r: compute.compute_checks(r, bench)),
        "stages": (compute.stages, None),
        "lengths": (compute.by_length, None),
        "options": (compute.by_options, None),
        "threads": (compute.threads, compute.thread_checks),
        "calls": (compute.calls, lambda r: compute.call_checks(r, bench)),
        "extract": (extraction.end_to_end, extraction.end_to_end_checks),
        "memory": (extraction.memory, extraction.memory_checks),
    }
    for name in bench.args.only:
        print(f"{name} ...", file=sys.stderr, flush=True)
        section, check = sections[name]
        results[name] = section(bench)
        if check:
            checks += check(results[name])
    return results | {"checks": checks}


def main(argv):
    args = parse(argv)
    if args.install_peers and (failed := peers.install(args.peers)):
        print(f"could not install {', '.join(failed)}", file=sys.stderr)
    os.sched_setaffinity(0, set(args.cpus))
    with tempfile.TemporaryDirectory(dir=args.work, prefix="pyser-bench-") as folder:
        bench = Bench(args, Path(folder))
        data = {
            "command": shlex.join(["python", "tests/bench/frontend.py", *argv]),
            "machine": machine.describe(args.cpus[0]),
            "signals": bench.signals_said,
            "peers": bench.peer_details,
            "best": bench.best,
            "results": measure(bench),
            "notes": bench.notes,
        }
        for worker in bench.workers.values():
            worker.close()
    print(report.render(data))
    if args.json:
        args.json.write_text(json.dumps(data, indent=1) + "\n")
    if args.results:
        before = args.results.read_text() if args.results.exists() else ""
        text = report.replace_section(before, data["machine"]["cpu"], report.render(data))
        args.results.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
