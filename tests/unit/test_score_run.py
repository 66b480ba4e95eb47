"""`pyser score`: runs are predicted when needed, merged, checked against each other, summarised."""

import sys
from types import ModuleType

import numpy as np
import pytest
from fake_experiment import made_up_scores, write_experiment, write_run

from pyser.data.tables import write_table
from pyser.errors import FileError, InputError, UsageError
from pyser.files import read_json
from pyser.score.run import main
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
    assert result["dev"][-1] == {"fold": 3, "seed": 2, "dev_ua": 0.53, "best_epoch": 2}
    printed = capsys.readouterr().out
    for words in ("UA", "3 folds, 2 seeds, 72 utterances, 6 speakers", "transductive", "neu"):
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


def test_features_must_be_the_same_in_all_runs(tmp_path):
    exp = write_experiment(tmp_path / "exp", folds=(1, 2))
    write_run(exp, 3, 1, digests={"features": "ff", "labels": "1a"})
    with pytest.raises(InputError, match=r"fold3/seed1/run\.json: digest of features differs"):
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
    matrix = [line.split()[1:] for line in printed[-4:]]
    assert matrix == [[str(count) for count in row] for row in scores.confusion()]


def test_one_speaker_has_no_interval(tmp_path, capsys):
    path = tmp_path / "one.tsv"
    scores = made_up_scores(1, 1)
    write_scores(path, scores.select(np.array(scores.speakers) == "s01F"))
    assert main([str(path)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[4].split()[2] == "-"
    assert "1 speaker;" in printed[6]


def test_usage(tmp_path, capsys):
    for argv in ([], ["--exp", str(tmp_path), "scores.tsv"]):
        with pytest.raises(UsageError, match="one of them"):
            main(argv)
    assert main(["--help"]) == 0
    assert "--allow-missing" in capsys.readouterr().out
