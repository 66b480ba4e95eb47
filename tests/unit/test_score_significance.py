"""Paired tests against scipy, brute force and hand-computed cases."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from scipy import stats

from pyser.errors import InputError
from pyser.score import significance
from pyser.score.metrics import METRICS, weighted_accuracy
from pyser.score.significance import compare, compare_all, holm, mcnemar, permutation_p
from pyser.score.summary import summarise
from pyser.score.table import decide

CLASSES = ("anger", "joy", "sadness")


def system(seed=0, skill=1.0, seeds=(1,), num_speakers=5, per_speaker=9):
    """Answers to always the same utterances: speaker s has ``per_speaker`` + s of them."""
    generator = np.random.default_rng(seed)
    rows = [
        (number, speaker, place)
        for number in seeds
        for speaker in range(num_speakers)
        for place in range(per_speaker + speaker)
    ]
    reference = np.array([place % 3 for _, _, place in rows])
    logits = skill * np.eye(3)[reference] + generator.standard_normal((len(rows), 3))
    scores = decide(
        CLASSES,
        [f"s{speaker}-{place:02}" for _, speaker, place in rows],
        [f"s{speaker}" for _, speaker, _ in rows],
        reference,
        logits - np.logaddexp.reduce(logits, axis=1, keepdims=True),
    )
    return dataclasses.replace(
        scores,
        fold=np.array([speaker + 1 for _, speaker, _ in rows]),
        seed=np.array([number for number, _, _ in rows]),
        has_grid=True,
    )


@pytest.mark.parametrize("name", METRICS)
def test_permutation_is_that_of_swapped_rows(name):
    a, b = system(1, 1.4), system(2, 0.6)
    speakers = np.array(a.speakers)
    found = []
    for swaps in product([False, True], repeat=5):
        swapped = np.isin(speakers, [f"s{index}" for index, swap in enumerate(swaps) if swap])
        one = dataclasses.replace(a, hypothesis=np.where(swapped, b.hypothesis, a.hypothesis))
        other = dataclasses.replace(b, hypothesis=np.where(swapped, a.hypothesis, b.hypothesis))
        values = [METRICS[name](scores.confusion()) for scores in (one, other)]
        found.append(abs(values[0] - values[1]))
    difference = compare(a, b).metrics[name]
    assert abs(difference.value) == pytest.approx(found[0])
    assert difference.p == pytest.approx(np.mean(np.array(found) >= found[0] - 1e-12))


def test_permutation_of_equal_speakers_is_a_sign_flip_test():
    gains = np.array([3, -1, 4, 2, 5, 1, 2])
    a = np.array([[[20 + gain, 30 - gain], [0, 0]] for gain in gains])
    b = np.array([[[20, 30], [0, 0]]] * len(gains))
    expected = stats.permutation_test(
        (gains,), np.mean, permutation_type="samples", n_resamples=np.inf
    )
    assert permutation_p(weighted_accuracy, a, b) == pytest.approx(expected.pvalue)


def test_drawn_swaps_agree_with_all_of_them(monkeypatch):
    a, b = system(1, 1.4, num_speakers=10), system(3, 1.2, num_speakers=10)
    exact = compare(a, b).metrics["UA"].p
    assert 0.01 < exact < 0.5
    monkeypatch.setattr(significance, "MAX_EXACT_SPEAKERS", 4)
    drawn = compare(a, b).metrics["UA"].p
    assert drawn == compare(a, b).metrics["UA"].p
    # four standard errors of the share of 9999 draws
    assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 9999))
    assert drawn != exact


def test_same_answers_are_no_difference():
    scores = system()
    comparison = compare(scores, scores)
    for difference in comparison.metrics.values():
        assert dataclasses.astuple(difference) == (0, 0, 0, 1)
    assert (comparison.mcnemar_p, comparison.only_a, comparison.only_b) == (1, 0, 0)
    assert comparison.remarks == ()


def test_difference_and_its_interval_are_those_of_paired_values():
    a, b = system(1, 1.4, seeds=(1, 2)), system(2, 0.6, seeds=(1, 2))
    comparison, mirrored = compare(a, b), compare(b, a)
    summaries = [summarise(scores).metrics for scores in (a, b)]
    for name, difference in comparison.metrics.items():
        pooled = [summary[name].pooled for summary in summaries]
        assert difference.value == pytest.approx(pooled[0] - pooled[1])
        assert -1 <= difference.low < difference.value < difference.high <= 1
        other = mirrored.metrics[name]
        assert (other.value, other.low, other.high, other.p) == pytest.approx(
            (-difference.value, -difference.high, -difference.low, difference.p)
        )


def test_interval_of_equal_speakers_is_that_of_a_paired_t_test():
    gains = np.array([3, -1, 4, 2, 5, 1])
    a = np.array([[[[20 + gain, 30 - gain], [0, 0]]] for gain in gains])
    b = np.array([[[[20, 30], [0, 0]]]] * len(gains))
    expected = stats.ttest_rel(a[:, 0, 0, 0] / 50, b[:, 0, 0, 0] / 50).confidence_interval()
    found = significance.difference_interval(weighted_accuracy, a, b)
    assert found == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (3, 8), (12, 12), (40, 21), (300, 371)])
def test_mcnemar_is_a_binomial_test(counts):
    total = sum(counts)
    expected = stats.binomtest(counts[0], total).pvalue if total else 1.0
    assert mcnemar(*counts) == pytest.approx(expected)


def test_mcnemar_counts_utterances_that_one_system_alone_got_right():
    a, b = system(1, 1.4), system(2, 0.6)
    right_a, right_b = (scores.hypothesis == scores.reference for scores in (a, b))
    comparison = compare(a, b)
    assert comparison.only_a == (right_a & ~right_b).sum()
    assert comparison.only_b == (right_b & ~right_a).sum()


def test_several_seeds_answer_by_their_mean_posterior_in_mcnemar():
    a, b = system(1, seeds=(1, 2, 3)), system(2)
    posteriors = np.exp(a.log_posteriors).reshape(3, -1, 3).mean(axis=0)
    right_a = posteriors.argmax(axis=1) == b.reference
    comparison = compare(a, b)
    assert comparison.only_a == (right_a & (b.hypothesis != b.reference)).sum()
    assert comparison.remarks == (
        "the seeds differ: 1,2,3 of the first system, 1 of the second system",
    )


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9, 0.01]) == pytest.approx([1.0, 1.0, 0.03])
    assert holm([]) == []


def test_table_is_adjusted_over_its_rows():
    systems = {"full": system(1, 2.0), "less": system(2, 1.0), "least": system(3, 0.2)}
    rows = compare_all(systems)
    assert list(rows) == ["less", "least"]
    alone = compare(systems["less"], systems["full"])
    assert rows["less"][0] == alone
    for metric in METRICS:
        ps = [row.metrics[metric].p for row, _ in rows.values()]
        assert [adjusted[metric] for _, adjusted in rows.values()] == pytest.approx(holm(ps))


def test_order_of_classes_and_of_rows_does_not_matter():
    a, b = system(1, 1.4), system(2, 0.6)
    backwards = np.arange(len(b))[::-1]
    mixed = dataclasses.replace(
        b,
        classes=("sadness", "anger", "joy"),
        reference=(b.reference + 1) % 3,
        hypothesis=(b.hypothesis + 1) % 3,
        log_posteriors=b.log_posteriors[:, [2, 0, 1]],
    )
    mixed = dataclasses.replace(
        mixed,
        utterances=tuple(b.utterances[row] for row in backwards),
        speakers=tuple(b.speakers[row] for row in backwards),
        **{
            name: getattr(mixed, name)[backwards]
            for name in ("reference", "hypothesis", "log_posteriors", "fold", "seed")
        },
    )
    assert compare(a, mixed) == compare(a, b)


def test_other_utterances_speakers_references_and_classes_are_refused():
    a = system()
    with pytest.raises(InputError, match=r"first.*1 tested utterances.*second.*such as s0-00"):
        compare(a, a.select(np.arange(len(a)) > 0))
    with pytest.raises(InputError, match=r"B: 1 tested utterances are not those of A"):
        compare(a.select(np.arange(len(a)) > 0), a, ("A", "B"))
    changed = (a.reference + (np.arange(len(a)) == 3)) % 3
    with pytest.raises(InputError, match=r"utterance s0-03 has speaker s0, reference joy"):
        compare(a, dataclasses.replace(a, reference=changed))
    with pytest.raises(InputError, match=r"reference anger; expected .* speaker s0, reference"):
        compare(a, dataclasses.replace(a, speakers=("other", *a.speakers[1:])))
    with pytest.raises(InputError, match="has the classes anger joy fear; expected those of"):
        compare(a, dataclasses.replace(a, classes=("anger", "joy", "fear")))


def test_other_folds_and_incomplete_seeds_are_remarked():
    a = system(seeds=(1, 2))
    (remark,) = compare(a, dataclasses.replace(a, fold=a.fold + 1)).remarks
    assert remark.startswith("the folds differ")
    less = a.select((a.seed == 1) | (a.fold == 2))
    (remark,) = compare(less, a, ("A", "B")).remarks
    assert remark == "not every seed of A answered every utterance"


def test_one_speaker_has_no_interval():
    difference = compare(system(1, num_speakers=1), system(2, num_speakers=1)).metrics["UA"]
    assert np.isnan([difference.low, difference.high]).all()
    assert difference.p == 1
