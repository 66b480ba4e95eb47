"""Do 95 % intervals cover? Candidates and paired tests on simulated systems, as Markdown tables.

python tests/bench/intervals.py [--trials=1000] > tests/bench/INTERVALS.md
"""

import sys
import time
from argparse import ArgumentParser

import numpy as np
from interval_candidates import CANDIDATES
from simulated import DESIGNS, EQUAL, draw

from pyser.score.metrics import METRICS
from pyser.score.significance import difference_interval, permutation_p

HEADER = """\
# Intervals and paired tests on simulated systems

`python tests/bench/intervals.py > tests/bench/INTERVALS.md`, {trials} trials; what is simulated is
in `simulated.py`, the candidates are in `interval_candidates.py`. Cells: the share of trials, in
per cent, in which the 95 % interval held the true value, and the median width of the intervals in
points. The true value is that of ever more speakers and, with several seeds, of ever more seeds;
with one seed that of its models.
"""
FALSE_POSITIVES = """\
## Equal systems called different

At 5 %, in per cent of the trials. Swaps of 6 speakers allow few values of p (1/32, 2/32 ...), so
the test keeps below 5 %. With a single seed that moves all speakers together, the two systems do
differ: the test finds that, and cannot tell that other seeds would differ otherwise.
"""


def main():
    """Print the tables."""
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    trials = parser.parse_args().trials
    print(HEADER.format(trials=trials))
    cells = {metric: [] for metric in METRICS}
    for name, design in DESIGNS.items():
        start = time.monotonic()
        for metric, row in judge(design, trials).items():
            cells[metric].append([name, *row])
        print(f"{name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    for metric, rows in cells.items():
        print(f"## {metric}\n")
        print_table(["", *CANDIDATES], rows)
    print(FALSE_POSITIVES)
    print_false_positives(trials)


def judge(design, trials):
    """Coverage and width of all candidates on one design: {metric: texts of the candidates}."""
    (matrices,), (truth,) = draw(design, trials)
    found = {}
    for metric_name, metric in METRICS.items():
        true, found[metric_name] = truth[metric_name], []
        for candidate in CANDIDATES.values():
            random = np.random.default_rng(1)
            ends = np.array([candidate(metric, matrix, random) for matrix in matrices])
            covered = np.mean((ends[:, 0] <= true) & (true <= ends[:, 1]))
            width = np.median(ends[:, 1] - ends[:, 0])
            found[metric_name].append(f"{100 * covered:.1f} ({100 * width:.1f})")
    return found


def print_false_positives(trials):
    """A table: designs in rows, tests in columns."""
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
