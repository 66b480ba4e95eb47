"""Do 95 % intervals cover? Candidates and paired tests on simulated systems, as Markdown tables.

    python tests/bench/coverage.py [--trials=1000]

Each cell is the share of trials, in per cent, in which the interval held the true value, and the
median width of the intervals in points; below, how often tests call equal systems different.
"""

import sys
import time
from argparse import ArgumentParser

import numpy as np
from coverage_candidates import CANDIDATES
from simulated import FOUR, Design, draw

from pyser.score.metrics import METRICS
from pyser.score.significance import difference_interval, permutation_p

DESIGNS = {
    "10 speakers, 7 classes": Design(),
    "10 speakers, 4 classes": Design(counts=FOUR),
    "10 speakers, 91 % right": Design(skill=(3.0,), speaker=0.8),
    "10 very unequal speakers": Design(speaker=1.2),
    "10 speakers, unequal shares": Design(uneven=0.6, mixed=5.0),
    "10 speakers alike": Design(speaker=0.0, speaker_class=0.0, speaker_seed=0.0),
    "5 speakers": Design(speakers=5, counts=FOUR),
    "20 speakers": Design(speakers=20),
    "10 speakers, 2 seeds": Design(seeds=2, seed=0.1),
    "10 speakers, 3 seeds": Design(seeds=3, seed=0.1),
    "10 speakers, 3 seeds far apart": Design(seeds=3, seed=0.3),
    "10 speakers, 5 seeds": Design(seeds=5, seed=0.1),
}
EQUAL = {
    "10 speakers": Design(skill=(1.0, 1.0), own=0.3),
    "10 speakers, 4 classes": Design(skill=(1.0, 1.0), own=0.3, counts=FOUR),
    "10 speakers, unequal shares": Design(skill=(1.0, 1.0), own=0.3, uneven=0.6, mixed=5.0),
    "6 speakers": Design(skill=(1.0, 1.0), own=0.3, speakers=6),
    "10 speakers, 3 seeds": Design(skill=(1.0, 1.0), own=0.3, seeds=3),
    "the same, seeds move all speakers": Design(skill=(1.0, 1.0), own=0.3, seeds=3, seed=0.1),
    "one such seed": Design(skill=(1.0, 1.0), own=0.3, seed=0.1),
}


def main():
    """Print the tables."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    print(f"{trials} trials. Cells: coverage (median width).\n")
    cells = {metric: {name: [name] for name in CANDIDATES} for metric in METRICS}
    for name, design in DESIGNS.items():
        start = time.monotonic()
        add_column(cells, design, trials)
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    for metric, rows in cells.items():
        print(f"### {metric}\n")
        print_table(["", *DESIGNS], rows.values())
    print("### Equal systems called different at 5 %\n")
    print_false_positives(trials)


def add_column(cells, design, trials):
    """Judge all candidates on one design; ``cells[metric][candidate]`` grows by a cell."""
    (matrices,), (truth,) = draw(design, trials)
    for metric_name, rows in cells.items():
        metric, true = METRICS[metric_name], truth[metric_name]
        for name, candidate in CANDIDATES.items():
            random = np.random.default_rng(1)
            ends = np.array([candidate(metric, matrix, random) for matrix in matrices])
            covered = np.mean((ends[:, 0] <= true) & (true <= ends[:, 1]))
            width = np.median(ends[:, 1] - ends[:, 0])
            rows[name].append(f"{100 * covered:.1f} ({100 * width:.1f})")


def print_false_positives(trials):
    """One table: designs in rows, tests in columns."""
    tests = [*(f"swaps, {name}" for name in METRICS), "interval of the UA difference without 0"]
    rows = []
    for name, design in EQUAL.items():
        (one, other), _ = draw(design, trials)
        found = [_rejections(a, b) for a, b in zip(one, other, strict=True)]
        rows.append([name, *(f"{100 * share:.1f}" for share in np.mean(found, axis=0))])
    print_table(["", *tests], rows)


def _rejections(a, b):
    """Which tests call the systems with counts ``[S, K, C, C]`` different at 5 %."""
    ps = [permutation_p(metric, a.mean(axis=1), b.mean(axis=1)) for metric in METRICS.values()]
    low, high = difference_interval(METRICS["UA"], a, b)
    return [*(p <= 0.05 for p in ps), low > 0 or high < 0]


def print_table(headings, rows):
    """A Markdown table and an empty line."""
    for row in (headings, ["---"] * len(headings), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


if __name__ == "__main__":
    main()
