"""scores.tsv of ratings: written and read back, refused when wrong, summed up and compared."""

import dataclasses
import json

import numpy as np
import pytest
from fake_experiment import write_rated_run

from pyser.errors import InputError
from pyser.files import write_text
from pyser.score.concordance import concordance, moments
from pyser.score.ratings import format_ratings, make_ratings, parse_ratings, read_answers
from pyser.score.ratingsummary import (
    compare_ratings,
    rating_comparison_text,
    rating_lines,
    summarise_ratings,
)
from pyser.score.run import main
from pyser.score.table import Scores

HEADER = "utterance\tspeaker\tv\tv_estimate\ta\ta_estimate"
GOOD = "s1-a\ts1\t2.5\t2.25\t3\t3.5"


def some_ratings(seed=0, noise=0.3, speakers=6, seeds=(1, 2), shift=0.0):
    """Answers of two seeds for 10 utterances of each speaker, a fold each; references the same."""
    truth = np.random.default_rng(1).uniform(1, 5, (speakers * 10, 2))
    random = np.random.default_rng(seed)
    names = [f"s{row // 10}-{row % 10}" for row in range(len(truth))]
    parts = [
        make_ratings(("v", "a"), names, [n[:2] for n in names], truth, truth + shift + drawn)
        for drawn in noise * random.standard_normal((len(seeds), *truth.shape))
    ]
    fold = np.tile(np.arange(len(truth)) // 10 + 1, len(seeds))
    return dataclasses.replace(
        parts[0],
        utterances=tuple(names * len(seeds)),
        speakers=parts[0].speakers * len(seeds),
        reference=np.concatenate([part.reference for part in parts]),
        estimate=np.concatenate([part.estimate for part in parts]),
        fold=fold,
        seed=np.repeat(seeds, len(truth)),
        has_grid=True,
    )


@pytest.mark.parametrize("has_grid", [True, False])
def test_what_is_written_is_read_back(tmp_path, has_grid):
    ratings = some_ratings(seeds=(1,))
    ratings = dataclasses.replace(ratings, has_grid=has_grid)
    write_text(tmp_path / "scores.tsv", format_ratings(ratings))
    back = read_answers(tmp_path / "scores.tsv")
    assert format_ratings(back) == format_ratings(ratings)
    assert back.dimensions == ("v", "a") and len(back) == 60
    order = [ratings.utterances.index(name) for name in back.utterances]
    assert np.array_equal(back.estimate, ratings.estimate[order])
    assert np.array_equal(back.reference, ratings.reference[order])


def test_the_kind_is_told_by_the_columns(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text(f"{HEADER}\n{GOOD}\n")
    assert read_answers(path).reference.tolist() == [[2.5, 3.0]]
    path.write_text("utterance\tspeaker\treference\thypothesis\tx\ty\nu\ts\tx\tx\t0\t-30\n")
    assert isinstance(read_answers(path), Scores)


@pytest.mark.parametrize(
    "lines, message",
    [
        ([HEADER], "no utterances"),
        (["utterance\tv\tv_estimate", "u\t1\t2"], ":1: found the column names"),
        ([HEADER.replace("a_estimate", "b_estimate"), GOOD], ":1: found the column names"),
        ([HEADER + "\tv\tv_estimate", GOOD], ":1: found the column names"),
        ([HEADER, GOOD + "\t1"], ":2: found 7 columns"),
        ([HEADER, GOOD.replace("2.25", "nan")], ":2: v_estimate is 'nan'"),
        ([HEADER, GOOD.replace("3.5", "high")], ":2: a_estimate is 'high'"),
        ([HEADER, GOOD.replace("\ts1\t", "\t\t")], ":2: the column speaker is empty"),
        ([HEADER, GOOD, GOOD], ":3: utterance s1-a was seen before"),
        (["fold\tseed\t" + HEADER, "x\t1\t" + GOOD], ":2: fold is 'x'"),
        (
            ["fold\tseed\t" + HEADER, "1\t1\t" + GOOD, "2\t1\t" + GOOD.replace("\t3\t", "\t4\t")],
            ":3: utterance s1-a has another reference",
        ),
    ],
)
def test_wrong_tables_are_refused(lines, message):
    with pytest.raises(InputError, match=message):
        parse_ratings("\n".join(lines) + "\n", "scores.tsv")


def ccc(ratings, place, rows):
    reference, estimate = ratings.reference[rows, place], ratings.estimate[rows, place]
    return float(concordance(moments(reference, estimate)[0]))


def test_summary_is_pooled_over_folds_and_averaged_over_seeds():
    ratings = some_ratings()
    found = summarise_ratings(ratings)
    for place, name in enumerate(("v", "a")):
        by_seed = [ccc(ratings, place, ratings.seed == seed) for seed in (1, 2)]
        estimate = found.ccc[name]
        assert estimate.by_seed == pytest.approx(by_seed)
        assert estimate.pooled == pytest.approx(np.mean(by_seed))
        assert estimate.low < estimate.pooled < estimate.high <= 1
        runs = [(ratings.fold == f) & (ratings.seed == s) for f in range(1, 7) for s in (1, 2)]
        folds = np.mean(np.reshape([ccc(ratings, place, rows) for rows in runs], (6, 2)), axis=1)
        assert estimate.folds_mean == pytest.approx(folds.mean())
        assert estimate.folds_std == pytest.approx(folds.std(ddof=1))
    assert found.mean == pytest.approx(np.mean([one.pooled for one in found.ccc.values()]))
    assert (found.num_utterances, found.num_speakers) == (60, 6)
    text = "\n".join(rating_lines(found))
    assert "60 utterances" in text and f"{found.ccc['v'].pooled:.3f}" in text


def test_answers_that_never_vary_score_nought():
    ratings = some_ratings(seeds=(1,))
    flat = dataclasses.replace(ratings, estimate=np.full_like(ratings.estimate, 3.0))
    found = summarise_ratings(flat).ccc["v"]
    assert found.pooled == pytest.approx(0, abs=1e-9)
    same = dataclasses.replace(flat, reference=flat.estimate)
    assert np.isnan(summarise_ratings(same).ccc["v"].pooled)  # nothing to agree upon
    assert " - " in "\n".join(rating_lines(summarise_ratings(same)))
    none = compare_ratings(same, dataclasses.replace(same, estimate=ratings.estimate))["v"]
    assert np.isnan([none.value, none.low, none.high]).all() and none.p == 1


def test_a_better_system_is_told_from_a_worse_one():
    good, bad = some_ratings(noise=0.3), some_ratings(3, noise=2.0)
    found = compare_ratings(good, bad)["v"]
    assert found.value > 0.2 and found.low > 0
    assert found.p == pytest.approx(2 / 2**6)  # all speakers agree: as small as six allow
    back = compare_ratings(bad, good)["v"]
    assert (back.value, back.p) == (pytest.approx(-found.value), found.p)
    none = compare_ratings(good, good)["a"]
    assert (none.value, none.p) == (0.0, 1.0)
    text = rating_comparison_text({"good": good, "bad": bad})
    assert text.count("p 0.031  Holm 0.062") == 2  # two dimensions, two tests


def test_other_references_are_not_compared():
    one = some_ratings()
    moved = dataclasses.replace(one, reference=one.reference + 1)
    with pytest.raises(InputError, match="utterance s0-0 has not the speaker and references"):
        compare_ratings(one, moved)
    renamed = dataclasses.replace(one, dimensions=("v", "d"))
    with pytest.raises(InputError, match="has the dimensions v d"):
        compare_ratings(one, renamed)


def test_runs_are_merged_and_scored(tmp_path, capsys):
    exp = tmp_path / "exp"
    for fold in (1, 2):
        write_rated_run(exp, fold)
    assert main(["--exp", str(exp)]) == 0
    out = capsys.readouterr().out
    assert "CCC" in out and "valence" in out and "40 utterances" in out
    merged = read_answers(exp / "scores.tsv")
    assert len(merged) == 40 and sorted(set(merged.fold)) == [1, 2]
    result = json.loads((exp / "result.json").read_text())
    assert [run["dev_ccc"] for run in result["dev"]] == [0.25, 0.25]
    header, first = (exp / "curves.tsv").read_text().splitlines()[:2]
    assert header.split("\t")[-1] == "dev_ccc" and first.split("\t")[-1] == "0.1"
    assert main(["--compare", str(exp), str(exp / "fold1/seed1/../../scores.tsv")]) == 0
    scores = tmp_path / "classes.tsv"
    scores.write_text("utterance\tspeaker\treference\thypothesis\tx\ty\nu\ts\tx\tx\t0\t-30\n")
    with pytest.raises(InputError, match="answers with classes"):
        main(["--compare", str(exp), str(scores)])
