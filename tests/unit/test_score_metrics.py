"""Metrics against hand-computed cases and scikit-learn, absent classes included."""

import warnings

import numpy as np
import pytest
from sklearn import metrics as oracle

from pyser.errors import InputError
from pyser.score import metrics

# rows: reference.  recalls 3/4, 1/2, 0/1; precisions 3/5, 1/1, 0/1; F1 6/9, 2/3, 0
HAND = np.array([[3, 0, 1], [1, 1, 0], [1, 0, 0]])


def test_confusion_counts_reference_in_rows():
    matrix = metrics.confusion([0, 0, 1, 2], [0, 2, 1, 1], 4)
    expected = np.zeros((4, 4), np.int64)
    expected[0, 0] = expected[0, 2] = expected[1, 1] = expected[2, 1] = 1
    assert matrix.dtype == np.int64
    np.testing.assert_array_equal(matrix, expected)


def test_confusion_of_nothing_is_zero():
    assert metrics.confusion([], [], 3).tolist() == [[0] * 3] * 3


def test_hand_computed_values():
    assert metrics.weighted_accuracy(HAND) == pytest.approx(4 / 7)
    assert metrics.unweighted_accuracy(HAND) == pytest.approx((3 / 4 + 1 / 2 + 0) / 3)
    assert metrics.macro_f1(HAND) == pytest.approx((6 / 9 + 2 / 3 + 0) / 3)
    table = metrics.per_class(HAND)
    np.testing.assert_allclose(table["recall"], [3 / 4, 1 / 2, 0])
    np.testing.assert_allclose(table["precision"], [3 / 5, 1, 0])
    np.testing.assert_allclose(table["f1"], [6 / 9, 2 / 3, 0])
    assert table["count"].tolist() == [4, 2, 1]


def test_class_absent_from_the_reference_has_no_recall_and_does_not_count_in_ua():
    matrix = metrics.confusion([0, 0, 1, 1], [0, 2, 1, 1], 4)
    table = metrics.per_class(matrix)
    np.testing.assert_array_equal(np.isnan(table["recall"]), [False, False, True, True])
    np.testing.assert_array_equal(np.isnan(table["precision"]), [False, False, False, True])
    np.testing.assert_allclose(table["f1"], [2 / 3, 1, 0, np.nan])
    assert metrics.unweighted_accuracy(matrix) == pytest.approx(0.75)
    assert metrics.macro_f1(matrix) == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_empty_confusion_is_undefined_not_zero():
    empty = np.zeros((3, 3), int)
    values = [metric(empty) for metric in metrics.METRICS.values()]
    assert np.isnan([*values, *metrics.chance_levels(empty)]).all()


def random_case(seed):
    """Labels of few or many utterances: classes absent from one side, both sides or neither."""
    generator = np.random.default_rng(seed)
    num_classes = int(generator.integers(2, 9))
    size = int(generator.choice([1, 3, 10, 30, 300]))
    labels = [
        generator.choice(generator.integers(0, num_classes, generator.integers(1, 9)), size)
        for _ in range(2)
    ]
    agree = generator.random(size) < generator.random()
    return labels[0], np.where(agree, *labels), num_classes


@pytest.mark.parametrize("block", range(10))
def test_equal_to_scikit_learn_on_random_cases(block):
    absent = set()
    for seed in range(100 * block, 100 * block + 100):
        reference, hypothesis, num_classes = random_case(seed)
        check_against_scikit_learn(reference, hypothesis, num_classes)
        sides = [set(labels.tolist()) for labels in (reference, hypothesis)]
        absent |= {(label in sides[0], label in sides[1]) for label in range(num_classes)}
    assert len(absent) == 4


def check_against_scikit_learn(reference, hypothesis, num_classes):
    matrix = metrics.confusion(reference, hypothesis, num_classes)
    labels = list(range(num_classes))
    np.testing.assert_array_equal(
        matrix, oracle.confusion_matrix(reference, hypothesis, labels=labels)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of absent classes; they are the point
        scores = {
            "WA": oracle.accuracy_score(reference, hypothesis),
            "UA": oracle.balanced_accuracy_score(reference, hypothesis),
            "macro-F1": oracle.f1_score(reference, hypothesis, average="macro"),
        }
        table = oracle.precision_recall_fscore_support(
            reference, hypothesis, labels=labels, zero_division=np.nan
        )
    for name, metric in metrics.METRICS.items():
        assert metric(matrix) == pytest.approx(scores[name], abs=1e-12), name
    ours = metrics.per_class(matrix)
    for name, theirs in zip(("precision", "recall", "f1", "count"), table, strict=True):
        np.testing.assert_allclose(ours[name], theirs, atol=1e-12, err_msg=name)


def test_groups_are_counted_apart():
    generator = np.random.default_rng(1)
    reference, hypothesis, groups = generator.integers(0, 4, (3, 60))
    matrices = metrics.grouped_confusion(reference, hypothesis, 4, groups, 5)
    for group in range(5):
        mask = groups == group
        expected = metrics.confusion(reference[mask], hypothesis[mask], 4)
        np.testing.assert_array_equal(matrices[group], expected)
    assert matrices[4].sum() == 0


def test_leading_dimensions_are_kept():
    matrices = np.random.default_rng(0).integers(0, 5, (4, 6, 3, 3))
    for metric in [*metrics.METRICS.values(), metrics.recall, metrics.precision, metrics.f1]:
        together = metric(matrices)
        assert together.shape[:2] == (4, 6)
        np.testing.assert_array_equal(together[2, 3], metric(matrices[2, 3]))


def test_chance_levels():
    unweighted, weighted = metrics.chance_levels(np.array([[2, 1, 0], [1, 0, 0], [0, 0, 0]]))
    assert (unweighted, weighted) == (0.5, 0.75)


@pytest.mark.parametrize(
    ("reference", "hypothesis", "message"),
    [
        ([0, 3], [0, 1], "reference: index 3 at position 1; expected 0 to 2"),
        ([0, 1], [-1, 1], "hypothesis: index -1 at position 0"),
        ([0, 1], [0], "2 reference and 1 hypothesis labels"),
        ([0.0, 1.0], [0, 1], "reference: labels of type float64"),
        ([[0, 1]], [0, 1], "shape [1, 2]"),
    ],
)
def test_unusable_labels_are_refused(reference, hypothesis, message):
    with pytest.raises(InputError) as error:
        metrics.confusion(reference, hypothesis, 3)
    assert message in str(error.value)


def test_matrix_that_is_not_square_is_refused():
    with pytest.raises(InputError, match=r"expected shape \[..., C, C\]"):
        metrics.unweighted_accuracy(np.zeros((2, 3)))
