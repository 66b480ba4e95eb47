"""A whole step of training beside the bare LSTMs in it, padding, and peak memory.

    python tests/bench/train.py [--threads=2] [--precision=float32] [--out=tests/bench/TRAIN.md]

Lengths of utterances: those of EMO-DB (normal log, mean 2.78 s, median 2.58 s, 1.2 to 9 s) and of
IEMOCAP (normal log by its quantiles: median 3.58 s, 95 % below 11.06 s, 0.58 to 34.1 s); a
DATA_DIR given as --data adds its own. Features are noise in an archive made for the occasion: what
a step costs does not depend on values. The bare pair is what the paper's network cannot do without:
forward and backward of one `torch.nn.LSTM` on 26 and one on 52 inputs, on the same padded batches,
in the same process, in turns with the whole step (reading, normalising, augmenting, padding,
forward, loss, backward, clipping, optimiser). The process has the environment of a training run.
"""

import argparse
import os
import resource
import shlex
import sys
import tempfile
import time
from pathlib import Path

import kaldiio
import numpy as np
import torch
from machine import describe
from report import table

from pyser.data.normalise import Normaliser
from pyser.data.reader import FeatureReader
from pyser.models import MODELS
from pyser.train.augment import Augmenter
from pyser.train.batching import collate, padding_share, shuffled_batches
from pyser.train.childenv import child_environment
from pyser.train.fit import Update, make_optimizer
from pyser.train.inputs import Utterance
from pyser.train.settings import AugmentSettings, DataSettings, TrainSettings
from pyser.train.targets import TARGETS

BLOCKS = {"static": 26, "delta": 26, "delta2": 26}
NUM_CLASSES = 4
LENGTHS_S = {  # median, deviation of the logarithm, shortest, longest, training utterances
    "EMO-DB": (2.58, 0.386, 1.2, 9.0, 430),
    "IEMOCAP": (3.58, np.log(11.06 / 3.58) / 1.645, 0.58, 34.1, 3351),
}
FRAMES_PER_S = 100
TARGET = 0.85
WARM_UP = 2  # batches


def draw_lengths(name):
    """Numbers of frames (int64) of the training utterances of a corpus."""
    median, deviation, shortest, longest, count = LENGTHS_S[name]
    seconds = np.exp(np.random.default_rng(0).normal(np.log(median), deviation, count))
    return (np.clip(seconds, shortest, longest) * FRAMES_PER_S).astype(np.int64)


def padding_rows(lengths, name):
    """Padding by batch size, mean of five epochs."""
    for batch_size in (8, 16, 32):
        epochs = [shuffled_batches(lengths, batch_size, 0, epoch) for epoch in range(5)]
        share = np.mean([padding_share(lengths, batches) for batches in epochs])
        sizes = np.mean([len(lengths) / len(batches) for batches in epochs])
        yield [name, str(batch_size), f"{sizes:.1f}", f"{100 * share:.1f} %"]


def write_archive(folder, lengths):
    """An archive of noise; a list of (Utterance, label)."""
    random = np.random.default_rng(1)
    width = sum(BLOCKS.values())
    with kaldiio.WriteHelper(f"ark,scp:{folder}/feats.ark,{folder}/feats.scp") as writer:
        for index, length in enumerate(lengths):
            writer(f"u{index}", random.standard_normal((length, width)).astype(np.float32))
    reader = FeatureReader(Path(folder) / "feats.scp")
    stats = np.zeros((2, width + 1))
    stats[:, -1] = stats[1, :-1] = sum(lengths)
    normaliser = Normaliser("train", {"global": stats})
    return [
        (Utterance(name, reader.mapped(name), normaliser, BLOCKS, 1, 1), index % NUM_CLASSES)
        for index, name in enumerate(reader)
    ]


class BarePair:
    """Forward and backward of the two LSTMs alone."""

    def __init__(self, hidden, precision):
        self.lstms = [torch.nn.LSTM(width, hidden, batch_first=True) for width in (26, 52)]
        self.half = precision == "bfloat16"

    def __call__(self, batch):
        static = batch.features["static"].contiguous()
        dynamic = torch.cat([batch.features["delta"], batch.features["delta2"]], dim=-1)
        started = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.half):
            outputs = [lstm(x)[0] for lstm, x in zip(self.lstms, (static, dynamic), strict=True)]
        gradients = [torch.ones_like(output) for output in outputs]
        torch.autograd.backward(outputs, gradients)
        return time.perf_counter() - started


def measure(examples, args, augment):
    """Seconds per frame of the bare pair, of the whole step and of its data alone: float [N, 3].

    One row for each of N batches. Whether step or pair goes first alternates, as what runs before
    leaves the caches and the free memory in another state.
    """
    torch.manual_seed(0)
    model = MODELS["hnsd"](MODELS["hnsd"].Config(hidden=args.hidden), BLOCKS, NUM_CLASSES).train()
    settings = TrainSettings(batch_size=args.batch_size, precision=args.precision)
    optimizer = make_optimizer(model.parameters(), settings)
    criterion = TARGETS["emotion"].criterion(model, examples, settings)
    update = Update(model, optimizer, settings, criterion, None)
    pair, random = BarePair(args.hidden, args.precision), np.random.default_rng(0)
    if augment:
        varied = AugmentSettings(tempo=0.1, mask_bands=6, mask_frames=15, warp=0.1)
        examples = Augmenter(varied, DataSettings(), BLOCKS).epoch(examples, 0, 1)
    lengths = np.array([len(features) for features, _ in examples])

    def step(indices):
        started = time.perf_counter()
        batch = collate(examples, indices, BLOCKS)
        data = time.perf_counter() - started
        update(batch, random)
        return time.perf_counter() - started, data

    times = []
    batches = shuffled_batches(lengths, args.batch_size, 0, 1)[: args.batches + WARM_UP]
    for number, indices in enumerate(batches):
        batch = collate(examples, indices, BLOCKS)
        bare = pair(batch) if number % 2 else 0
        whole, data = step(indices)
        bare = bare or pair(batch)
        times.append(np.array([bare, whole, data]) / lengths[indices].sum())
    return np.stack(times[WARM_UP:])  # the first ones pay for allocations


def speed_rows(args):
    """One row for each corpus, with and without augmentation; and whether all reach the target."""
    rows, reached = [], True
    for name in LENGTHS_S:
        for augment in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                examples = write_archive(folder, draw_lengths(name)[:430])
                times = measure(examples, args, augment)
            low, ratio, high = np.percentile(times[:, 0] / times[:, 1], [25, 50, 75])
            reached &= ratio >= TARGET
            micro = [f"{1e6 * value:.1f}" for value in np.median(times, axis=0)]
            ratios = f"{ratio:.2f}", f"{low:.2f}-{high:.2f}"
            rows.append([name, "yes" if augment else "no", *micro, *ratios])
    return rows, bool(reached)


def text(args):
    """The page, and whether the target is reached."""
    rows, reached = speed_rows(args)
    names = list(LENGTHS_S)
    padding = [row for name in names for row in padding_rows(draw_lengths(name), name)]
    if args.data:
        lines = (Path(args.data) / "utt2num_frames").read_text(encoding="utf-8").splitlines()
        lengths = np.array([int(line.split()[1]) for line in lines])
        padding += padding_rows(lengths, f"{Path(args.data).name} (all)")
    machine = describe(0)
    command = shlex.join(["python", "tests/bench/train.py", *args.argv])
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = table(
        [
            "lengths",
            "augmented",
            "bare pair",
            "whole step",
            "of it data",
            "pair / step",
            "half of the batches",
        ],
        rows,
    )
    parts = [
        "# A step of training, HNSD of the paper's sizes",
        f"Command: `{command}`",
        f"{machine['cpu']}, torch {torch.__version__}, threads: {args.threads}, batch size "
        f"{args.batch_size}, hidden {args.hidden}, {args.precision}. Microseconds per frame, "
        f"medians over {args.batches} batches, step and pair in turns on each. Target: the median "
        f"of pair / step at least {TARGET} ({'reached' if reached else 'NOT reached'}).",
        speed,
        "Padding, part of all frames in padded batches, mean of five epochs:",
        table(["lengths", "batch size", "mean batch", "padding"], padding),
        f"Peak memory of this process: {peak_mib:.0f} MiB.",
    ]
    return "\n\n".join(parts) + "\n", reached


def parse(argv):
    """The options."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--batches", type=int, default=24)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--data", help="data directory with utt2num_frames")
    parser.add_argument("--out")
    args = parser.parse_args(argv)
    args.argv = [a for a in argv if not a.startswith(("--out", "--data"))]
    args.argv += ["--data=DATA_DIR"] if args.data else []
    return args


def main():
    """Print the page, write it with --out; exit status 1 where the target is missed."""
    args = parse(sys.argv[1:])
    environment = dict(child_environment(args.threads))
    if environment.items() - os.environ.items():  # libraries read it when they are loaded
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | environment)
    torch.set_num_threads(args.threads)
    page, reached = text(args)
    print(page)
    if args.out:
        Path(args.out).write_text(page, encoding="utf-8")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
