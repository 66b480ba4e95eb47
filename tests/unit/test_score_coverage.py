"""Intervals that cover and tests that seldom cry wolf, on simulated systems of known accuracy."""

import sys
from pathlib import Path

import numpy as np
import pytest

from pyser.score import significance
from pyser.score.intervals import metric_interval
from pyser.score.metrics import METRICS

BENCH = Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH))

import coverage_candidates as candidates  # noqa: E402
from simulated import FOUR, Design, draw  # noqa: E402

sys.path.remove(str(BENCH))

TRIALS = 1000
DESIGNS = {
    "ten speakers, seven classes": Design(),
    "ten speakers, four classes": Design(counts=FOUR),
    "near the ceiling, unequal speakers": Design(skill=(3.0,), speaker=0.8),
    "unequal shares of classes and utterances": Design(uneven=0.6, mixed=5.0),
    "speakers alike": Design(speaker=0.0, speaker_class=0.0, speaker_seed=0.0),
    "five speakers": Design(speakers=5, counts=FOUR),
    "twenty speakers, three seeds": Design(speakers=20, counts=FOUR, seeds=3, seed=0.1),
    "two seeds": Design(counts=FOUR, seeds=2, seed=0.1),
    "three seeds": Design(seeds=3, seed=0.1),
    "three seeds that matter much": Design(counts=FOUR, seeds=3, seed=0.3),
    "five seeds": Design(counts=FOUR, seeds=5, seed=0.1),
}


@pytest.mark.parametrize("name", DESIGNS)
def test_interval_covers_the_true_value(name):
    (matrices,), (truth,) = draw(DESIGNS[name], TRIALS, random_seed=3)
    for metric_name, metric in METRICS.items():
        found = [metric_interval(metric, matrix, int(matrix.sum())) for matrix in matrices]
        low, high = np.transpose(found)
        covered = np.mean((low <= truth[metric_name]) & (truth[metric_name] <= high))
        assert 0.92 <= covered <= 0.98, (metric_name, covered)


def test_true_values_are_those_of_very_many_speakers():
    design = Design(counts=FOUR, speakers=4000, per_speaker=60, seeds=1, seed=0.3)
    (matrices,), (truth,) = draw(design, 1)
    for name, metric in METRICS.items():
        assert metric(matrices[0].sum(axis=(0, 1))) == pytest.approx(truth[name][0], abs=0.006)


def test_plain_bootstrap_of_ten_speakers_falls_short():
    (matrices,), (truth,) = draw(Design(counts=FOUR), 500, random_seed=3)
    metric, random = METRICS["UA"], np.random.default_rng(0)
    found = [candidates.percentile(metric, matrix, random) for matrix in matrices]
    low, high = np.transpose(found)
    assert np.mean((low <= truth["UA"]) & (truth["UA"] <= high)) < 0.92


NULL = {
    "one seed": (Design(skill=(1.0, 1.0), own=0.5), METRICS),
    "three seeds": (Design(skill=(1.0, 1.0), own=0.3, seeds=3, seed=0.05), ["UA"]),
    "four classes": (Design(skill=(0.5, 0.5), own=0.5, counts=FOUR, seeds=2), ["UA"]),
}


@pytest.mark.parametrize("name", NULL)
def test_equal_systems_seldom_differ(name):
    design, metrics = NULL[name]
    (a, b), _ = draw(design, TRIALS, random_seed=4)
    for metric_name in metrics:
        metric = METRICS[metric_name]
        ps = [
            significance.permutation_p(metric, one.mean(axis=1), other.mean(axis=1))
            for one, other in zip(a, b, strict=True)
        ]
        false = np.mean(np.array(ps) <= 0.05)
        assert 0.03 <= false <= 0.07, (metric_name, false)


def test_interval_of_a_difference_covers_it():
    design = Design(skill=(1.0, 1.5), own=0.3, seeds=3, seed=0.1)
    (a, b), (truth_a, truth_b) = draw(design, TRIALS, random_seed=5)
    for name, metric in METRICS.items():
        low, high = np.transpose(
            [
                significance.difference_interval(metric, one, other)
                for one, other in zip(a, b, strict=True)
            ]
        )
        true = truth_a[name] - truth_b[name]
        covered = np.mean((low <= true) & (true <= high))
        assert 0.92 <= covered <= 0.98, (name, covered)
