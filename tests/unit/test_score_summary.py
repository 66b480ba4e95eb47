"""Summaries and intervals against slow, obvious computations row by row."""

import dataclasses
import time

import numpy as np
import pytest
from scipy import special, stats
from sklearn import metrics as oracle

from pyser.score.metrics import METRICS
from pyser.score.summary import summarise, summarise_styles
from pyser.score.table import decide

CLASSES = ("anger", "joy", "sadness")
ORACLES = {
    "WA": oracle.accuracy_score,
    "UA": oracle.balanced_accuracy_score,
    "macro-F1": lambda reference, hypothesis: oracle.f1_score(
        reference, hypothesis, average="macro"
    ),
}


def experiment(num_speakers=6, seeds=(1,), per_speaker=(6, 11), noise=1.3):
    """An experiment in which each speaker is a fold and every class occurs in it."""
    generator = np.random.default_rng(7)
    rows = [
        (speaker, number)
        for speaker in range(1, num_speakers + 1)
        for number in range(int(generator.integers(*per_speaker)))
    ]
    rows = [(seed, speaker, number) for seed in seeds for speaker, number in rows]
    reference = np.array([number % 3 for _, _, number in rows])
    logits = 2 * np.eye(3)[reference] + noise * generator.standard_normal((len(rows), 3))
    posteriors = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    scores = decide(
        CLASSES,
        [f"s{speaker:02}-{number:02}" for _, speaker, number in rows],
        [f"s{speaker:02}" for _, speaker, _ in rows],
        reference,
        posteriors,
    )
    return dataclasses.replace(
        scores,
        fold=np.array([speaker for _, speaker, _ in rows]),
        seed=np.array([seed for seed, _, _ in rows]),
        has_grid=True,
    )


@pytest.mark.parametrize("name", METRICS)
def test_values_of_one_seed(name):
    scores = experiment()
    estimate = summarise(scores).metrics[name]
    metric = ORACLES[name]
    assert estimate.pooled == pytest.approx(metric(scores.reference, scores.hypothesis))
    assert estimate.by_seed == (estimate.pooled,)
    folds = [
        metric(scores.reference[scores.fold == fold], scores.hypothesis[scores.fold == fold])
        for fold in range(1, 7)
    ]
    assert estimate.folds_mean == pytest.approx(np.mean(folds))
    assert estimate.folds_std == pytest.approx(np.std(folds, ddof=1))
    assert estimate.folds_mean != pytest.approx(estimate.pooled, abs=1e-6)  # folds are unequal


@pytest.mark.parametrize("name", METRICS)
def test_several_seeds_are_pooled_apart_and_averaged(name):
    scores = experiment(seeds=(1, 2, 5))
    summary = summarise(scores)
    estimate = summary.metrics[name]
    alone = [summarise(scores.select(scores.seed == seed)).metrics[name] for seed in (1, 2, 5)]
    assert estimate.by_seed == pytest.approx([one.pooled for one in alone])
    assert estimate.pooled == pytest.approx(np.mean([one.pooled for one in alone]))
    assert estimate.folds_mean == pytest.approx(np.mean([one.folds_mean for one in alone]))
    assert summary.seeds == (1, 2, 5)
    assert summary.confusion.sum() == len(scores)
    assert summary.num_utterances == len(scores) // 3


@pytest.mark.parametrize("name", METRICS)
def test_interval_is_that_of_leaving_out_rows(name):
    """Differences of confusion matrices give what leaving out a speaker's rows gives."""
    scores = experiment(num_speakers=5)
    estimate, metric = summarise(scores).metrics[name], ORACLES[name]
    others = [np.array(scores.speakers) != speaker for speaker in sorted(set(scores.speakers))]
    left_out = [metric(scores.reference[rows], scores.hypothesis[rows]) for rows in others]
    error = np.sqrt(4 / 5 * np.sum((left_out - np.mean(left_out)) ** 2))
    value = estimate.pooled
    reach = stats.t.ppf(0.975, 4) * error / (value * (1 - value))
    ends = special.expit(special.logit(value) + np.array([-reach, reach]))
    assert (estimate.low, estimate.high) == pytest.approx(tuple(ends))


def test_order_of_rows_does_not_matter():
    scores = experiment(seeds=(1, 2))
    order = np.random.default_rng(0).permutation(len(scores))
    shuffled = dataclasses.replace(
        scores,
        utterances=tuple(scores.utterances[row] for row in order),
        speakers=tuple(scores.speakers[row] for row in order),
        **{
            name: getattr(scores, name)[order]
            for name in ("reference", "hypothesis", "log_posteriors", "fold", "seed")
        },
    )
    assert summarise(shuffled).metrics == summarise(scores).metrics


def test_one_speaker_has_no_interval_and_no_spread():
    estimate = summarise(experiment(num_speakers=1)).metrics["UA"]
    assert np.isnan([estimate.low, estimate.high, estimate.folds_std]).all()
    assert estimate.pooled == estimate.folds_mean


def test_incomplete_grid_averages_what_is_there():
    scores = experiment(num_speakers=3, seeds=(1, 2))
    part = scores.select((scores.seed == 1) | (scores.fold == 3))
    estimate = summarise(part).metrics["WA"]
    whole = summarise(scores.select(scores.seed == 1)).metrics["WA"]
    alone = summarise(scores.select((scores.seed == 2) & (scores.fold == 3))).metrics["WA"]
    assert estimate.by_seed == pytest.approx((whole.pooled, alone.pooled))
    both = summarise(scores.select(scores.fold == 3)).metrics["WA"]
    others = [
        summarise(scores.select((scores.seed == 1) & (scores.fold == fold))).metrics["WA"]
        for fold in (1, 2)
    ]
    values = [both.pooled, *(other.pooled for other in others)]
    assert estimate.folds_mean == pytest.approx(np.mean(values))
    assert estimate.low < estimate.pooled < estimate.high


def test_styles_are_summarised_apart():
    scores = experiment()
    assert summarise_styles(scores) == {}
    single = dataclasses.replace(scores, styles=("played",) * len(scores))
    assert summarise_styles(single) == {}
    names = tuple(("read", "played")[row % 2] for row in range(len(scores)))
    parts = summarise_styles(dataclasses.replace(scores, styles=names))
    assert list(parts) == ["played", "read"]
    assert sum(part.num_utterances for part in parts.values()) == len(scores)
    odd = scores.select(np.arange(len(scores)) % 2 == 1)
    assert parts["played"].metrics == summarise(odd).metrics


def test_summary_of_an_experiment_is_quick():
    scores = experiment(num_speakers=10, seeds=(1, 2, 3), per_speaker=(50, 57))
    summarise(scores)  # loads what it needs
    start = time.process_time()
    summarise(scores)
    assert time.process_time() - start < 0.05


def test_chance_levels_and_counts():
    scores = experiment()
    summary = summarise(scores)
    assert summary.chance_ua == pytest.approx(1 / 3)
    assert summary.chance_wa == pytest.approx(np.bincount(scores.reference).max() / len(scores))
    assert summary.per_class["count"].tolist() == np.bincount(scores.reference).tolist()
    assert summary.num_speakers == 6
    assert summary.folds == (1, 2, 3, 4, 5, 6)
