"""scores.tsv: written and read back, and every way in which somebody's table can be wrong."""

import dataclasses

import numpy as np
import pytest

from pyser.errors import FileError, InputError
from pyser.score.table import decide, format_scores, read_scores, write_scores

CLASSES = ("anger", "joy", "sadness")
HEADER = "utterance\tspeaker\treference\thypothesis\tanger\tjoy\tsadness"
GOOD = "s1-a\ts1\tjoy\tanger\t-0.5\t-1.5\t-1.769964"


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def some_scores(seed=0, utterances=("s2-b", "s1-a", "s1-c")):
    generator = np.random.default_rng(seed)
    reference = generator.integers(0, 3, len(utterances))
    posteriors = log_softmax(3 * generator.standard_normal((len(utterances), 3)))
    return decide(CLASSES, utterances, [u[:2] for u in utterances], reference, posteriors)


def written(tmp_path, *lines):
    path = tmp_path / "scores.tsv"
    path.write_text("".join(line + "\n" for line in lines))
    return path


def test_decide_takes_the_highest_posterior():
    posteriors = np.log([[0.2, 0.5, 0.3], [0.7, 0.2, 0.1]])
    scores = decide(CLASSES, ["a", "b"], ["s", "s"], [1, 2], posteriors)
    assert scores.hypothesis.tolist() == [1, 0]
    assert scores.confusion().tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]


def test_decision_is_that_of_the_written_decimals(tmp_path):
    posteriors = log_softmax(np.array([[0.0, 1e-9, 0.0]]))  # equal once rounded: the first class
    scores = decide(CLASSES, ["a"], ["s"], [0], posteriors)
    write_scores(tmp_path / "scores.tsv", scores)
    assert scores.hypothesis.tolist() == [0]
    assert read_scores(tmp_path / "scores.tsv").findings == ()


def test_format_is_sorted_tabbed_and_has_no_negative_zero():
    posteriors = np.array([[-1e-12, -30.0, -30.0], [-2.0, -0.25, -2.4]])
    scores = decide(CLASSES, ["s1-b", "s1-a"], ["s1", "s1"], [0, 2], posteriors)
    assert format_scores(scores).splitlines() == [
        HEADER,
        "s1-a\ts1\tsadness\tjoy\t-2.000000\t-0.250000\t-2.400000",
        "s1-b\ts1\tanger\tanger\t0.000000\t-30.000000\t-30.000000",
    ]


@pytest.mark.parametrize("grid", [False, True])
@pytest.mark.parametrize("styles", [None, ("read", "played", "read")])
def test_what_is_written_is_read_back(tmp_path, grid, styles):
    places = {"fold": np.array([2, 10, 2]), "seed": np.array([0, 0, 1])} if grid else {}
    scores = dataclasses.replace(some_scores(), has_grid=grid, styles=styles, **places)
    write_scores(tmp_path / "scores.tsv", scores)
    back = read_scores(tmp_path / "scores.tsv")
    assert format_scores(back) == format_scores(scores) == (tmp_path / "scores.tsv").read_text()
    # folds sort as numbers: 2 before 10
    order = [0, 2, 1] if grid else [1, 2, 0]
    assert back.utterances == tuple(scores.utterances[row] for row in order)
    assert back.styles == (styles and tuple(styles[row] for row in order))
    assert back.fold.tolist() == scores.fold[order].tolist()
    assert back.seed.tolist() == scores.seed[order].tolist()
    assert back.has_grid == grid
    np.testing.assert_array_equal(back.log_posteriors, scores.log_posteriors[order])


def test_lines_in_any_order_and_dos_line_ends_are_read(tmp_path):
    path = written(tmp_path, HEADER + "\r", GOOD.replace("s1-a", "s1-b") + "\r", GOOD + "\r")
    assert read_scores(path).utterances == ("s1-b", "s1-a")


def test_select_keeps_rows_and_their_columns(tmp_path):
    scores = dataclasses.replace(some_scores(), styles=("x", "y", "x"))
    part = scores.select(np.array([True, False, True]))
    assert part.utterances == ("s2-b", "s1-c")
    assert part.speakers == ("s2", "s1")
    assert part.styles == ("x", "x")
    assert len(part) == part.confusion().sum() == 2
    np.testing.assert_array_equal(part.log_posteriors, scores.log_posteriors[[0, 2]])


GRID = "fold\tseed\t" + HEADER
STYLED = HEADER.replace("reference", "style\treference")
BAD_HEADERS = [
    HEADER.replace("\t", " "),
    HEADER.replace("speaker", "talker"),
    HEADER.replace("utterance\tspeaker", "speaker\tutterance"),
    HEADER.replace("hypothesis", "guess"),
    "fold\t" + HEADER,
    "seed\tfold\t" + HEADER,
    "style\t" + HEADER,
]


@pytest.mark.parametrize("header", BAD_HEADERS)
def test_unknown_columns_are_refused(tmp_path, header):
    with pytest.raises(
        InputError, match=r"scores\.tsv:1: found the column names .*expected \[fold"
    ):
        read_scores(written(tmp_path, header, GOOD))


@pytest.mark.parametrize("classes", ["", "\tanger", "\tanger\tjoy\tanger", "\tanger\t\tjoy"])
def test_unusable_class_columns_are_refused(tmp_path, classes):
    with pytest.raises(InputError, match=r"scores\.tsv:1: found the class columns"):
        read_scores(written(tmp_path, HEADER.partition("\tanger")[0] + classes, GOOD))


@pytest.mark.parametrize(
    ("header", "line", "message"),
    [
        (HEADER, GOOD + "\t-1.0", ":3: found 8 columns; expected 7"),
        (HEADER, "", ":3: found 1 columns; expected 7"),
        (HEADER, GOOD.replace("joy", "fun"), ":3: unknown class 'fun'; expected one of: anger joy"),
        (HEADER, GOOD.replace("\tanger", "\tmad"), ":3: unknown class 'mad'"),
        (HEADER, GOOD.replace("-1.5", "-inf"), ":3: log-posterior of joy is -inf"),
        (HEADER, GOOD.replace("-1.5", "nan"), ":3: log-posterior of joy is nan"),
        (HEADER, GOOD.replace("-1.5", "big"), ":3: log-posterior of joy is 'big'"),
        (HEADER, GOOD.replace("-1.5", "-1.4"), ":3: the posteriors sum to exp(0.02"),
        (HEADER, GOOD.replace("\ts1\t", "\t\t"), ":3: the column speaker is empty"),
        (HEADER, GOOD, ":3: utterance s1-a was seen before, at "),
        (GRID, "1\t0\t" + GOOD, ":3: utterance s1-a was seen before, at "),
        (GRID, "1\t-2\t" + GOOD, ":3: seed is '-2'; expected a whole number"),
        (GRID, "one\t0\t" + GOOD, ":3: fold is 'one'; expected a whole number"),
        (GRID, "1\t1\t" + GOOD.replace("joy", "anger"), ":3: utterance s1-a has another reference"),
        (GRID, "1\t1\t" + GOOD.replace("\ts1", "\ts2"), ":3: utterance s1-a has another speaker"),
    ],
)
def test_lines_that_cannot_be_used_are_named(tmp_path, header, line, message):
    first = GOOD if header == HEADER else "1\t0\t" + GOOD
    with pytest.raises(InputError) as error:
        read_scores(written(tmp_path, header, first, line))
    assert "scores.tsv" + message in str(error.value)


def test_probabilities_in_place_of_logarithms_are_refused(tmp_path):
    with pytest.raises(InputError, match="write natural logarithms of posteriors"):
        read_scores(written(tmp_path, HEADER, "s1-a\ts1\tjoy\tanger\t0.5\t0.3\t0.2"))


def test_empty_and_missing_tables(tmp_path):
    for lines in ([], [HEADER]):
        with pytest.raises(InputError, match="no utterances"):
            read_scores(written(tmp_path, *lines))
    with pytest.raises(FileError, match=r"nowhere\.tsv: cannot be read"):
        read_scores(tmp_path / "nowhere.tsv")


def test_decision_against_the_posteriors_is_a_finding_with_its_line(tmp_path):
    other = "s1-b\ts1\tjoy\tjoy\t-0.5\t-1.5\t-1.769964"
    scores = read_scores(written(tmp_path, HEADER, GOOD, other))
    assert scores.findings == (
        "1 of 2 hypotheses are not the class with the highest posterior (first: s1-b, line 3)",
    )
    assert scores.hypothesis.tolist() == [0, 1]  # what the system decided stands


def test_utterance_tested_in_two_folds_is_a_finding(tmp_path):
    lines = [f"{fold}\t{seed}\t{GOOD}" for fold in (1, 2) for seed in (0, 1)]
    scores = read_scores(written(tmp_path, GRID, *lines))
    assert scores.findings == (
        "1 utterances are tested in more than one fold (first: s1-a) and count more than once",
    )


def test_style_column_is_read(tmp_path):
    scores = read_scores(written(tmp_path, STYLED, GOOD.replace("joy", "played\tjoy")))
    assert scores.styles == ("played",)
