"""Summaries and intervals against slow, obvious computations row by row."""

import dataclasses

import numpy as np
import pytest
from sklearn import metrics as oracle

from pyser.score import intervals
from pyser.score.metrics import METRICS, confusion, unweighted_accuracy
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


def test_interval_is_that_of_resampled_rows():
    """The matrix product over speakers gives what copying the drawn speakers' rows gives."""
    scores = experiment(num_speakers=4, seeds=(1, 2))
    speakers = sorted(set(scores.speakers))
    words = np.random.PCG64(intervals.SEED).random_raw(intervals.DRAWS * 4)
    drawn = (words % np.uint64(4)).reshape(intervals.DRAWS, 4)[:60]
    rows = {name: np.flatnonzero(np.array(scores.speakers) == name) for name in speakers}
    expected = []
    for draw in drawn:
        copied = np.concatenate([rows[speakers[index]] for index in draw])
        by_seed = []
        for seed in (1, 2):
            part = copied[scores.seed[copied] == seed]
            matrix = confusion(scores.reference[part], scores.hypothesis[part], 3)
            by_seed.append(unweighted_accuracy(matrix))
        expected.append(np.mean(by_seed))
    by_speaker = np.array(
        [
            [scores.select(is_speaker & (scores.seed == seed)).confusion() for seed in (1, 2)]
            for is_speaker in (np.array(scores.speakers) == name for name in speakers)
        ]
    )
    draws = intervals.resample_speakers(by_speaker)
    assert draws.shape == (intervals.DRAWS, 2, 3, 3)
    np.testing.assert_allclose(unweighted_accuracy(draws).mean(axis=1)[:60], expected)
    low, high = intervals.percentile_interval(unweighted_accuracy(draws).mean(axis=1))
    estimate = summarise(scores).metrics["UA"]
    assert (estimate.low, estimate.high) == (low, high)
    assert low < estimate.pooled < high


def test_every_speaker_is_drawn_equally_often():
    num_speakers = 5
    draws = intervals.resample_speakers(np.eye(num_speakers)[:, :, None])[..., 0]
    assert (draws.sum(axis=1) == num_speakers).all()
    expected_std = np.sqrt(
        (1 - 1 / num_speakers) / intervals.DRAWS
    )  # of a multinomial count's mean
    np.testing.assert_allclose(draws.mean(axis=0), 1, atol=4 * expected_std)


def test_clusters_widen_the_interval():
    """Speakers who are all right or all wrong: the interval is that of 20 units, not of 200."""
    right = np.array([[10, 0], [0, 0]])
    wrong = np.array([[0, 10], [0, 0]])
    by_speaker = np.array([right, wrong] * 10)
    share = METRICS["WA"](intervals.resample_speakers(by_speaker))
    low, high = intervals.percentile_interval(share)
    assert (low, high) == pytest.approx((0.3, 0.7), abs=0.051)  # binomial, n = 20: 0.28 to 0.72


def test_percentile_interval_leaves_out_what_is_undefined():
    values = np.array([np.nan, *np.linspace(0, 1, 201)])
    assert intervals.percentile_interval(values) == pytest.approx((0.025, 0.975))
    assert np.isnan(intervals.percentile_interval(np.array([np.nan]))).all()


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
    assert np.isfinite([estimate.low, estimate.high]).all()


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


def test_chance_levels_and_counts():
    scores = experiment()
    summary = summarise(scores)
    assert summary.chance_ua == pytest.approx(1 / 3)
    assert summary.chance_wa == pytest.approx(np.bincount(scores.reference).max() / len(scores))
    assert summary.per_class["count"].tolist() == np.bincount(scores.reference).tolist()
    assert summary.num_speakers == 6
    assert summary.folds == (1, 2, 3, 4, 5, 6)
