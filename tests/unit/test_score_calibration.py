"""Calibration and selective accuracy, by hand and against scipy and scikit-learn."""

import dataclasses

import numpy as np
import pytest
from scipy import optimize
from sklearn import metrics as oracle

from pyser.errors import InputError
from pyser.score.calibration import (
    at_temperatures,
    calibration,
    fill_bins,
    fit_temperature,
    reliability,
)
from pyser.score.selective import selective
from pyser.score.table import decide


def normalised(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def answers(posteriors, reference, **columns):
    """Scores of two or more classes from posteriors ``[N, C]``."""
    size = len(reference)
    classes = "abcdefg"[: np.shape(posteriors)[1]]
    names = [f"u{number:03}" for number in range(size)]
    scores = decide(classes, names, ["s"] * size, reference, np.log(posteriors))
    return dataclasses.replace(scores, **columns)


def sampled(temperature=1.0, size=4000, draw=0, **columns):
    """Answers whose posteriors are true at ``temperature``: labels are drawn from them."""
    generator = np.random.default_rng(draw)
    logits = normalised(2 * generator.standard_normal((size, 4)))
    true = np.exp(normalised(logits / temperature)).cumsum(axis=1)
    reference = (generator.random(size)[:, None] > true).sum(axis=1).clip(0, 3)
    return answers(np.exp(logits), reference, **columns)


def binary(confidences, right):
    """Answers of two classes: always the first, with these confidences above one half."""
    first = np.array(confidences)
    return answers(np.stack([first, 1 - first], axis=1), 1 - np.array(right, int))


def test_ece_by_hand():
    # bins of width 1/15: 0.90 and 0.92 share one (0.867 to 0.933), 0.55 and 0.70 are alone
    found = reliability(binary([0.9, 0.92, 0.55, 0.7], [1, 0, 1, 1]))
    assert found.ece == pytest.approx((2 * abs(0.91 - 0.5) + 0.45 + 0.3) / 4, abs=1e-6)
    assert found.bins.count.tolist() == [0] * 8 + [1, 0, 1, 0, 0, 2, 0]
    assert found.bins.accuracy[13] == 0.5
    assert found.bins.confidence[13] == pytest.approx(0.91, abs=1e-6)
    assert np.isnan(found.bins.accuracy[0])
    # with fewer answers than bins, each has its own bin of equal mass
    each = abs(np.array([0.9, 0.92, 0.55, 0.7]) - [1, 0, 1, 1])
    assert found.ece_equal_mass == pytest.approx(each.mean(), abs=1e-6)


def test_bins_include_their_upper_edge():
    bins = fill_bins(np.array([0, 0.5, 1]), np.array([0.0, 0.5, 0.50001, 1.0]), np.ones(4, bool))
    assert bins.count.tolist() == [2, 2]


def test_bins_of_equal_mass_hold_equally_many():
    generator = np.random.default_rng(0)
    confidence, right = generator.uniform(0.5, 1, 150), generator.random(150) < 0.8
    order = np.argsort(confidence).reshape(15, 10)
    gaps = np.abs(confidence[order].mean(axis=1) - right[order].mean(axis=1))
    found = reliability(binary(confidence, right))
    assert found.ece_equal_mass == pytest.approx(gaps.mean(), abs=1e-5)


def test_equal_confidences_share_a_bin():
    found = reliability(binary([0.8] * 60, [1] * 45 + [0] * 15))
    assert found.ece == found.ece_equal_mass == pytest.approx(0.05, abs=1e-6)


def test_true_posteriors_are_calibrated():
    found = reliability(sampled(size=20000))
    assert max(found.ece, found.ece_equal_mass) < 0.02
    assert reliability(sampled(temperature=3.0, size=20000)).ece > 0.1


def test_nll_is_that_of_scikit_learn():
    scores = sampled()
    expected = oracle.log_loss(scores.reference, np.exp(normalised(scores.log_posteriors)))
    assert reliability(scores).nll == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_fitted_temperature_is_the_true_one_and_the_best(temperature):
    scores = sampled(temperature)
    fitted = fit_temperature(scores)
    assert fitted == pytest.approx(temperature, rel=0.1)
    rows = np.arange(len(scores))

    def nll(log_temperature):
        posteriors = normalised(scores.log_posteriors / np.exp(log_temperature))
        return -posteriors[rows, scores.reference].mean()

    best = optimize.minimize_scalar(nll, bounds=(-3, 3), method="bounded", options={"xatol": 1e-8})
    assert fitted == pytest.approx(np.exp(best.x), rel=1e-5)


def test_temperature_stays_within_bounds():
    posteriors = np.array([[0.8, 0.2], [0.3, 0.7]])
    assert fit_temperature(answers(posteriors, [0, 1])) == pytest.approx(0.05)
    assert fit_temperature(answers(posteriors, [1, 0])) == pytest.approx(20)


def test_temperature_of_each_run_is_applied_to_its_rows():
    half = np.repeat([1, 2], 2000)
    parts = [sampled(temperature, 2000, draw) for draw, temperature in enumerate((0.5, 2.5))]
    scores = sampled(fold=half, seed=np.full(4000, 7))
    joined = dataclasses.replace(
        scores,
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("reference", "hypothesis", "log_posteriors")
        },
    )
    temperatures = {(fold, 7): fit_temperature(part) for fold, part in enumerate(parts, 1)}
    found = calibration(joined, temperatures)
    assert found.before.ece == reliability(joined).ece
    assert found.after.nll < found.before.nll
    assert found.after.ece < 0.03 < found.before.ece
    scaled = at_temperatures(joined, temperatures)
    np.testing.assert_allclose(np.exp(scaled.log_posteriors).sum(axis=1), 1)
    np.testing.assert_array_equal(scaled.log_posteriors.argmax(axis=1), joined.hypothesis)
    row = normalised(joined.log_posteriors[3000:3001] / temperatures[2, 7])
    np.testing.assert_allclose(scaled.log_posteriors[3000], row[0])


def test_without_temperatures_there_is_nothing_after():
    assert calibration(sampled()).after is None


@pytest.mark.parametrize("temperatures", [{(0, 1): 1.0}, {(0, 0): 0.0}, {(0, 0): None}])
def test_every_run_needs_a_temperature(temperatures):
    with pytest.raises(InputError, match=r"fold 0 seed 0: temperature .* positive number"):
        calibration(sampled(size=10), temperatures)


def test_selective_accuracy_by_hand():
    found = selective(binary([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1]))
    assert [found.at(share) for share in (0.25, 0.5, 0.75, 1.0)] == [1, 1, 2 / 3, 3 / 4]
    assert found.at(0.01) == 1  # at least one answer
    assert found.at(0.51) == 2 / 3  # three answers, the least that are 51 %
    assert found.aurc == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert found.coverage[[0, 49, 99]].tolist() == [0.01, 0.5, 1.0]


def test_equally_sure_answers_count_by_their_mean_in_any_order():
    right = [1, 0, 0, 1, 1]
    found = selective(binary([0.9, 0.7, 0.7, 0.7, 0.7], right))
    assert found.at(0.4) == pytest.approx((1 + 1 / 2) / 2)
    assert found.at(1.0) == pytest.approx(3 / 5)
    other = selective(binary([0.7, 0.7, 0.9, 0.7, 0.7], [0, 1, 1, 1, 0]))
    np.testing.assert_allclose(other.accuracy, found.accuracy)


def test_each_seed_is_ranked_alone():
    one, two = binary([0.9, 0.6], [1, 0]), binary([0.95, 0.85], [0, 1])
    both = dataclasses.replace(
        binary([0.9, 0.6, 0.95, 0.85], [1, 0, 0, 1]), seed=np.array([1, 1, 2, 2])
    )
    parts, found = [selective(one), selective(two)], selective(both)
    np.testing.assert_allclose(found.accuracy, np.mean([p.accuracy for p in parts], axis=0))
    assert found.aurc == pytest.approx(np.mean([part.aurc for part in parts]))


def test_accuracy_at_full_coverage_is_that_of_all_answers():
    scores = sampled(size=997)
    found = selective(scores)
    assert found.at(1.0) == pytest.approx((scores.reference == scores.hypothesis).mean())
    assert found.at(0.5) > found.at(0.9) > found.at(1.0)  # posteriors are true: they rank well
