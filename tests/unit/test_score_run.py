"""`pyser score`: runs are predicted when needed, merged, checked against each other, summarised."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from fake_experiment import made_up_scores, write_experiment, write_run

from pyser.data.tables import write_table
from pyser.errors import FileError, InputError, UsageError
from pyser.files import read_json, write_json
from pyser.score.calibration import calibration, fit_temperature
from pyser.score.curves import read_curves
from pyser.score.result import run_temperatures
from pyser.score.run import main
from pyser.score.significance import compare
from pyser.score.summary import summarise
from pyser.score.table import read_scores, write_scores


@pytest.fixture
def predictions(monkeypatch):
    """Stands in for the prediction with trained models; collects the runs it was asked for."""
    asked = []

    def predict_run(run):
        asked.append((run.parent.name, run.name))
        fold, seed = (int(name.lstrip("folde")[-1]) for name in asked[-1])
        write_scores(run / "scores.tsv", made_up_scores(fold, seed))

    module = ModuleType("pyser.train.predict")
    module.predict_run = predict_run
    monkeypatch.setitem(sys.modules, "pyser.train.predict", module)
    return asked


def everything(exp):
    return {path: path.read_bytes() for path in exp.rglob("*") if path.is_file()}


def test_merges_and_describes_an_experiment(tmp_path, predictions, capsys):
    exp = write_experiment(tmp_path / "exp", seeds=(1, 2))
    assert main(["--exp", str(exp)]) == 0
    assert predictions == []
    scores = read_scores(exp / "scores.tsv")
    assert scores.has_grid
    assert sorted(set(zip(scores.fold.tolist(), scores.seed.tolist(), strict=True))) == [
        (fold, seed) for fold in (1, 2, 3) for seed in (1, 2)
    ]
    part = scores.select((scores.fold == 2) & (scores.seed == 1))
    run = read_scores(exp / "fold2" / "seed1" / "scores.tsv")
    assert part.utterances == run.utterances
    assert (part.log_posteriors == run.log_posteriors).all()
    result = read_json(exp / "result.json")
    assert result["model"] == "hnsd"
    assert result["config"]["train"] == {"epochs": 3}
    assert result["transductive"] is True
    assert (result["folds"], result["num_folds"], result["seeds"]) == ([1, 2, 3], 3, [1, 2])
    assert result["missing"] == result["remarks"] == []
    assert result["dev"][-1] == {"fold": 3, "seed": 2, "dev_ua": 0.53, "kept_epoch": 2}
    printed = capsys.readouterr().out
    counts = "3 folds, 2 seeds, 72 utterances, 6 speakers"
    for words in ("UA", counts, "over speakers and seeds", "transductive", "neu", "AURC"):
        assert words in printed


def test_second_run_changes_nothing_and_says_so(tmp_path, capsys):
    exp = write_experiment(tmp_path / "exp")
    main(["--exp", str(exp)])
    before, first = everything(exp), capsys.readouterr()
    assert "nothing to do" not in first.err
    main(["--exp", str(exp)])
    second = capsys.readouterr()
    assert "nothing to do" in second.err
    assert second.out == first.out
    assert everything(exp) == before


def test_only_runs_without_scores_are_predicted(tmp_path, predictions):
    exp = write_experiment(tmp_path / "exp", folds=(1, 3))
    write_run(exp, 2, 1, scored=False)
    main(["--exp", str(exp)])
    assert predictions == [("fold2", "seed1")]
    assert len(read_scores(exp / "scores.tsv")) == 72


def test_overwrite_predicts_all_again(tmp_path, predictions):
    exp = write_experiment(tmp_path / "exp")
    main(["--exp", str(exp), "--overwrite"])
    assert predictions == [("fold1", "seed1"), ("fold2", "seed1"), ("fold3", "seed1")]


def test_missing_runs_are_named_after_the_rest_was_scored(tmp_path, predictions):
    exp = write_experiment(tmp_path / "exp", folds=(1,), seeds=(1, 2))
    write_run(exp, 2, 1, scored=False)
    (exp / "fold2" / "seed2").mkdir()  # begun, not complete
    with pytest.raises(FileError) as error:
        main(["--exp", str(exp)])
    assert "3 runs not complete: fold 2 (seed 2), fold 3 (seed 1 2)" in str(error.value)
    assert "--allow-missing" in str(error.value)
    assert predictions == [("fold2", "seed1")]
    assert not (exp / "result.json").exists()


def test_missing_runs_are_recorded_when_allowed(tmp_path, capsys):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    assert main(["--exp", str(exp), "--allow-missing"]) == 0
    result = read_json(exp / "result.json")
    assert result["missing"] == [[3, 1]]
    assert (result["folds"], result["num_folds"]) == ([1, 2], 3)
    assert "WARNING" in capsys.readouterr().err


def test_nothing_complete_cannot_be_allowed(tmp_path):
    (tmp_path / "exp" / "fold1" / "seed1").mkdir(parents=True)
    with pytest.raises(FileError, match=r"1 run not complete: fold 1 \(seed 1\)"):
        main(["--exp", str(tmp_path / "exp"), "--allow-missing"])


def test_only_what_is_asked_for_is_scored(tmp_path):
    exp = write_experiment(tmp_path / "exp", seeds=(1, 2))
    (exp / "fold2" / "seed2" / "run.json").unlink()
    asked = ["--exp", str(exp), "--folds=2-3", "--seeds=1", "--command=run.sh --seeds 1"]
    assert main(asked) == 0
    result = read_json(exp / "result.json")
    assert (result["folds"], result["seeds"], result["num_folds"]) == ([2, 3], [1], 3)
    assert (result["missing"], result["command"]) == ([], "run.sh --seeds 1")
    with pytest.raises(FileError, match=r"fold 2 \(seed 2\)"):
        main(["--exp", str(exp)])
    with pytest.raises(FileError, match=r"fold 1 \(seed 3\)"):
        main(["--exp", str(exp), "--folds=1", "--seeds=3"])


def test_no_runs_at_all(tmp_path):
    (tmp_path / "fold1" / "seedling").mkdir(parents=True)
    with pytest.raises(FileError, match="no runs; expected folders fold<k>/seed<s>"):
        main(["--exp", str(tmp_path)])


@pytest.mark.parametrize(
    "other",
    [
        {"model": "other"},
        {"config": {"train": {"epochs": 4}}},
        {"normalisation": "train"},
        {"protocol": {"id": "loso3", "folds": 3, "remarks": ["others"]}},
    ],
)
def test_runs_of_different_experiments_are_not_mixed(tmp_path, other):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    write_run(exp, 3, 1, **other)
    with pytest.raises(InputError, match=rf"fold3/seed1/run\.json: {next(iter(other))} differs"):
        main(["--exp", str(exp)])


def test_models_of_other_sizes_in_other_folds_count_as_the_largest(tmp_path):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    write_run(exp, 3, 1, num_parameters=23456)
    main(["--exp", str(exp)])
    assert read_json(exp / "result.json")["num_parameters"] == 23456


@pytest.mark.parametrize("table", ["features", "labels", "ratings", "extras"])
def test_what_was_learnt_from_must_be_the_same_in_all_runs(tmp_path, table):
    digests = {"features": "0f", "labels": "1a", "ratings": "2b", "extras": "3c"}
    exp = write_experiment(tmp_path / "exp", folds=(1, 2), digests=digests)
    write_run(exp, 3, 1, digests=digests | {table: "ff"})
    with pytest.raises(InputError, match=rf"fold3/seed1/run\.json: digest of {table} differs"):
        main(["--exp", str(exp)])


def test_run_without_model_and_scores_is_not_complete(tmp_path):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    run = write_run(exp, 3, 1, scored=False)
    (run / "model.pt").unlink()
    with pytest.raises(FileError, match=r"1 run not complete: fold 3 \(seed 1\)"):
        main(["--exp", str(exp)])


def test_other_classes_in_a_run_are_refused(tmp_path):
    exp = write_experiment(tmp_path / "exp")
    classes = ("ang", "hap", "neu", "zzz")
    write_scores(exp / "fold2" / "seed1" / "scores.tsv", made_up_scores(2, 1, classes))
    with pytest.raises(InputError, match=r"fold2/seed1/scores\.tsv: classes ang hap neu zzz"):
        main(["--exp", str(exp)])


def test_other_commits_and_repeated_tests_are_remarks(tmp_path, capsys):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    run = write_run(exp, 3, 1, commit="other")
    write_scores(run / "scores.tsv", made_up_scores(2, 1))
    main(["--exp", str(exp)])
    remarks = read_json(exp / "result.json")["remarks"]
    assert remarks[0] == "1 of 3 runs were made with another commit than the first"
    assert remarks[1].startswith("24 utterances are tested in more than one fold (first: s02F-000)")
    assert "24 utterances are tested in more than one fold" in capsys.readouterr().err


def test_remarks_of_the_protocol_are_passed_on(tmp_path):
    protocol = {"id": "loso3", "folds": 3, "remarks": ["1 utterance without features"]}
    exp = write_experiment(tmp_path / "exp", protocol=protocol)
    main(["--exp", str(exp)])
    assert read_json(exp / "result.json")["remarks"] == ["1 utterance without features"]


def test_stand_in_is_said(tmp_path, capsys):
    corpus = {"name": "made_up", "standin": True, "labels": "merged"}
    exp = write_experiment(tmp_path / "exp", corpus=corpus, normalisation="train")
    main(["--exp", str(exp)])
    printed = capsys.readouterr().out
    assert "these numbers say nothing about real speech" in printed
    assert "transductive" not in printed


def test_styles_come_from_the_data_directory(tmp_path, capsys):
    data = tmp_path / "data"
    exp = write_experiment(tmp_path / "exp", data=str(data))
    main(["--exp", str(exp)])
    assert read_scores(exp / "scores.tsv").styles is None
    assert "data is not found from here, so no styles" in capsys.readouterr().err
    data.mkdir()
    assert main(["--exp", str(exp)]) == 0
    assert "nothing to do" in capsys.readouterr().err
    utterances = read_scores(exp / "scores.tsv").utterances
    styles = {name: ("read", "played")[name[3] == "M"] for name in utterances}
    write_table(data / "utt2style", styles)
    capsys.readouterr()
    main(["--exp", str(exp)])
    scores = read_scores(exp / "scores.tsv")
    assert scores.styles == tuple(styles[name] for name in scores.utterances)
    printed = capsys.readouterr().out
    assert "played: WA" in printed
    assert "(36 utterances)" in printed
    del styles[utterances[0]]
    write_table(data / "utt2style", styles)
    with pytest.raises(InputError, match=f"utt2style: no style for utterance {utterances[0]}"):
        main(["--exp", str(exp)])


def test_anybodys_table_is_summarised(tmp_path, capsys):
    path = tmp_path / "mine.tsv"
    write_scores(path, made_up_scores(1, 1))
    assert main([str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1] == str(path)
    header, wa, ua = printed[2:5]
    scores = read_scores(path)
    right = (scores.reference == scores.hypothesis).mean()
    assert wa.split()[:2] == ["WA", f"{100 * right:.1f}"]
    assert header.split()[:3] == ["per", "cent", "pooled"]
    assert "+-" not in ua  # one fold has no spread
    matrix = [line.split()[1:] for line in printed[-7:-3]]
    assert matrix == [[str(count) for count in row] for row in scores.confusion()]


def test_one_speaker_has_no_interval(tmp_path, capsys):
    path = tmp_path / "one.tsv"
    scores = made_up_scores(1, 1)
    write_scores(path, scores.select(np.array(scores.speakers) == "s01F"))
    assert main([str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[4].split()[2] == "-"
    assert "1 speaker;" in printed[6]


def test_temperatures_are_fitted_on_dev(tmp_path, capsys):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    run = write_run(exp, 3, 1)
    for fold in (1, 2):
        dev = made_up_scores(10 + fold, 1, skill=1.0)
        write_scores(exp / f"fold{fold}" / "seed1" / "dev_scores.tsv", dev)
    main(["--exp", str(exp)])
    dev = read_json(exp / "result.json")["dev"]
    expected = fit_temperature(made_up_scores(12, 1, skill=1.0))
    assert dev[1]["temperature"] == expected != 1
    assert "temperature" not in dev[2]
    assert "fitted on dev" not in capsys.readouterr().out  # not all runs have one
    write_scores(run / "dev_scores.tsv", made_up_scores(13, 1, skill=1.0))
    main(["--exp", str(exp)])
    printed = capsys.readouterr().out
    assert "in brackets: temperatures fitted on dev" in printed
    found = calibration(
        read_scores(exp / "scores.tsv"), run_temperatures(read_json(exp / "result.json"))
    )
    assert f"NLL {found.before.nll:.3f} ({found.after.nll:.3f})" in printed


def test_curves_of_all_runs_are_one_table(tmp_path):
    exp = write_experiment(tmp_path / "exp", seeds=(1, 2))
    epoch = {"epoch": 1, "learning_rate": None, "train_loss": 1.23456789, "dev_loss": 1.5}
    lines = [epoch, {**epoch, "epoch": 2, "learning_rate": 0.001, "dev_ua": 0.5, "other": [1]}]
    metrics = exp / "fold2" / "seed1" / "metrics.jsonl"
    metrics.write_text("".join(json.dumps(line) + "\n" for line in lines))
    main(["--exp", str(exp)])
    assert (exp / "curves.tsv").read_text().splitlines() == [
        "fold\tseed\tepoch\tlearning_rate\ttrain_loss\tdev_loss\tdev_ua\tdev_wa",
        "2\t1\t1\t\t1.23457\t1.5\t\t",
        "2\t1\t2\t0.001\t1.23457\t1.5\t0.5\t",
    ]
    ((run, rows),) = read_curves(exp / "curves.tsv").items()
    assert run == (2, 1)
    assert rows[0]["learning_rate"] is None
    assert rows[1] == {
        "epoch": 2,
        "learning_rate": 0.001,
        "train_loss": 1.23457,
        "dev_loss": 1.5,
        "dev_ua": 0.5,
        "dev_wa": None,
    }
    metrics.write_text("{\n")
    with pytest.raises(InputError, match=r"metrics\.jsonl:1: is no JSON"):
        main(["--exp", str(exp)])


@pytest.mark.parametrize(
    ("line", "message"), [(None, "curves.tsv:1: other columns"), ("1\t1\tx", "curves.tsv:2: found")]
)
def test_tables_of_curves_that_cannot_be_read_are_named(tmp_path, line, message):
    path = tmp_path / "curves.tsv"
    header = "fold\tseed\tepoch\tlearning_rate\ttrain_loss\tdev_loss\tdev_ua\tdev_wa"
    path.write_text(f"{header if line else 'epoch'}\n{line or ''}\n")
    with pytest.raises(InputError) as error:
        read_curves(path)
    assert message in str(error.value)


def test_cost_environment_and_digests_are_kept(tmp_path):
    told = {"seconds": 10.26, "environment": {"cores": 2}}
    exp = write_experiment(tmp_path / "exp", folds=(1, 2), **told)
    write_run(exp, 3, 1, seconds=5.0, environment={"cores": 4})
    for run, seconds in zip(sorted(exp.glob("fold*/seed1")), (0.4, 0.2, 0.9), strict=True):
        write_json(run / "inference.json", {"seconds": seconds, "audio_seconds": 200.0})
    main(["--exp", str(exp)])
    result = read_json(exp / "result.json")
    assert result["real_time_factor"] == 0.002
    assert (result["seconds"], result["environment"]) == (25.5, {"cores": 2})
    assert result["digests"] == {"features": "0f", "labels": "1a"}  # those of splits differ
    assert result["remarks"] == ["1 of 3 runs were made with another environment than the first"]


@pytest.mark.parametrize("normalisation", ["speaker", "train"])
def test_audit_of_the_split_is_kept_as_far_as_it_concerns_the_runs(tmp_path, capsys, normalisation):
    finding = {"code": "speaker-statistics", "severity": "remark", "message": "transductive"}
    audit = {"verdict": "valid with remarks", "findings": [finding]}
    write_json(tmp_path / "split" / "audit.json", audit)
    where = {"split": str(tmp_path / "split"), "normalisation": normalisation}
    exp = write_experiment(tmp_path / "exp", **where)
    main(["--exp", str(exp)])
    kept = read_json(exp / "result.json")["audit"]
    without = {"verdict": "valid", "findings": []}
    assert kept == (audit if normalisation == "speaker" else without)
    assert f"Audit of the split: {kept['verdict']}." in capsys.readouterr().out


def test_older_runs_have_no_cost_and_no_audit(tmp_path):
    exp = write_experiment(tmp_path / "exp", split=str(tmp_path / "gone"))
    main(["--exp", str(exp)])
    result = read_json(exp / "result.json")
    assert not {"seconds", "real_time_factor", "audit"} & result.keys()
    assert not (exp / "curves.tsv").exists()


@pytest.fixture
def three_systems(tmp_path):
    """Two experiment folders that were scored, and a table; the same utterances."""
    for name, skill, seeds in (("full", 2.0, (1, 2)), ("less", 1.0, (3, 4))):
        main(["--exp", str(write_experiment(tmp_path / name, seeds=seeds, skill=skill))])
    main(["--exp", str(write_experiment(tmp_path / "other", skill=0.2))])
    return [str(tmp_path / "full"), str(tmp_path / "less"), str(tmp_path / "other" / "scores.tsv")]


def test_systems_are_compared_with_the_first(three_systems, capsys):
    capsys.readouterr()
    assert main(["--compare", *three_systems]) == 0
    header, full, less, other, *notes = capsys.readouterr().out.splitlines()
    assert header.split()[:5] == ["UA", "95", "%", "interval", "UA"]
    scores = [read_scores(Path(path) / "scores.tsv") for path in three_systems[:2]]
    expected = compare(*scores[::-1])
    ua = expected.metrics["UA"]
    assert full.split()[0] == three_systems[0]
    name, _, low, _, high, value, *interval, p, holm, wa, f1, mcnemar = less.split()
    assert float(low) < 100 * summarise(scores[1]).metrics["UA"].pooled < float(high)
    assert (name, value) == (three_systems[1], f"{100 * ua.value:+.1f}")
    assert interval == [f"{100 * ua.low:+.1f}", "to", f"{100 * ua.high:+.1f}"]
    assert float(p) == pytest.approx(ua.p, rel=0.02)
    assert float(holm) >= float(p)
    assert (mcnemar == "<0.0001") == (expected.mcnemar_p < 1e-4)
    assert wa == f"{100 * expected.metrics['WA'].value:+.1f}"
    assert f1 == f"{100 * expected.metrics['macro-F1'].value:+.1f}"
    assert other.split()[0] == three_systems[2]
    assert notes[0] == f"diff: percentage points above {three_systems[0]}"
    assert "all swaps of 6 speakers" in notes[1]
    assert notes[3].startswith("one seed: what is tested are its models")
    warnings = [line for line in notes if line.startswith("WARNING")]
    assert len(warnings) == 2
    assert f"the seeds differ: 3,4 of {three_systems[1]}, 1,2 of" in warnings[0]


def test_few_speakers_cannot_show_a_difference(tmp_path, capsys):
    paths = []
    for seed in (1, 2):
        paths.append(str(tmp_path / f"{seed}.tsv"))
        write_scores(paths[-1], made_up_scores(1, seed))
    main(["--compare", *paths])
    printed = capsys.readouterr().out
    assert "with 2 speakers no p can be below 0.50" in printed


def test_what_cannot_be_compared_is_refused(three_systems, tmp_path):
    other = tmp_path / "longer.tsv"
    write_scores(other, made_up_scores(1, 1, per_fold=28))
    with pytest.raises(InputError, match=r"longer\.tsv: 28 tested|tested utterances are not those"):
        main(["--compare", three_systems[0], str(other)])
    with pytest.raises(FileError, match=r"no scores\.tsv; expected a scored experiment folder"):
        main(["--compare", three_systems[0], str(tmp_path)])


def test_usage(tmp_path, capsys):
    for argv in ([], ["--exp", str(tmp_path), "scores.tsv"], ["a.tsv", "b.tsv"]):
        with pytest.raises(UsageError, match="one of them"):
            main(argv)
    for argv in (["a.tsv"], ["a.tsv", "a.tsv"], ["--exp", "exp", "a.tsv", "b.tsv"]):
        with pytest.raises(UsageError, match="two or more different"):
            main(["--compare", *argv])
    assert main(["--help"]) == 0
    assert "--allow-missing" in capsys.readouterr().out
