"""``pyser train --experiment``: rows x folds x seeds in one queue; what is left, its cost."""

import shutil
from pathlib import Path

import pytest
import train_builder
from train_builder import read_records, run_here, write_data, write_experiment_file

from pyser.cli import main
from pyser.errors import InputError
from pyser.files import read_json, write_json
from pyser.models import MODELS
from pyser.train import cost, grid, plan, worker
from pyser.train.featuresets import feature_sets

ROWS = {
    "full": {"config": "model.yaml"},
    "static only": {"config": "model.yaml", "model.streams": "static", "train.epochs": 2},
}


@pytest.fixture
def place(tmp_path):
    write_data(tmp_path)
    write_experiment(tmp_path)
    return tmp_path


def write_experiment(place, **content):
    content = {"protocol": "folds4", "seeds": 2, "rows": ROWS} | content
    write_experiment_file(place / "e.yaml", **content)


def arguments(place, *more, **paths):
    return train_builder.arguments(place, *more, experiment="e.yaml", **paths)


@pytest.fixture
def in_process(monkeypatch):
    """Runs in this process, one after the other; the list of those that were trained."""
    names = []

    def run_jobs(jobs, num_jobs):
        names.extend(job.name for job in jobs)
        return run_here(jobs, num_jobs)

    monkeypatch.setattr(grid, "run_jobs", run_jobs)
    return names


def test_all_rows_folds_and_seeds_by_seed_first(place, in_process, capsys):
    assert main(arguments(place, "--folds=1,3", "--command=run.sh X")) == 0
    assert in_process == [
        f"{row}, fold {fold} seed {seed}" for seed in (1, 2) for row in ROWS for fold in (1, 3)
    ]
    assert "Done 8 out of 8 runs." in capsys.readouterr().err
    records = read_records(place / "exp")
    assert list(records) == [
        f"{folder}/folds4/fold{fold}/seed{seed}"
        for folder in ("full", "static_only")
        for fold in (1, 3)
        for seed in (1, 2)
    ]
    told = records["static_only/folds4/fold3/seed2"]
    assert (told["name"], told["command"]) == ("static only", "run.sh X")
    assert told["config"]["model"]["streams"] == "static"
    assert told["epochs"] == 2
    assert told["environment"]["threads"] == 1
    assert set(told["environment"]) == {"cpu", "cores", "threads", "gpu", "torch", "os"}
    assert records["full/folds4/fold1/seed1"]["epochs"] == 3
    assert main(arguments(place, "--folds=1,3")) == 0
    assert "nothing to do: all 8 runs" in capsys.readouterr().err
    assert len(in_process) == 8


def test_a_model_alone_is_the_same_run_as_its_row(place, in_process):
    write_experiment(place, rows={"model": {"config": "model.yaml"}}, seeds=1)
    assert main(arguments(place, "--folds=2")) == 0
    alone = train_builder.arguments(place, "--folds=2", exp="exp/model/folds4", config="model.yaml")
    assert main(alone) == 0
    assert len(in_process) == 1


def test_rows_shared_by_experiments_are_trained_once(place, in_process):
    assert main(arguments(place, "--folds=1", "--seeds=1")) == 0
    rows = {"static only": ROWS["static only"], "tanh": {"config": "model.yaml"}}
    rows["tanh"]["model.activation"] = "tanh"
    write_experiment(place, rows=rows, seeds=1)
    assert main(arguments(place, "--folds=1")) == 0
    assert in_process[2:] == ["tanh, fold 1 seed 1"]


def test_a_failing_run_does_not_stop_the_others(place, in_process, capsys):
    path = place / "split" / "fold2" / "train"
    path.write_text(path.read_text() + "spk9-0\n")
    assert main(arguments(place, "--folds=1,2", "--seeds=1")) == 1
    messages = capsys.readouterr().err
    assert "ERROR: static only, fold 2 seed 1 ended with status 1" in messages
    assert "    what it said" in messages
    assert "Done 2 out of 4 runs." in messages
    assert [name.split("/")[2] for name in read_records(place / "exp")] == ["fold1", "fold1"]


def refused(place, capsys, *more):
    """The message of a command that must fail before anything is written."""
    before = sorted(place.rglob("*"))
    assert main(arguments(place, *more)) != 0
    assert sorted(place.rglob("*")) == before
    return capsys.readouterr().err


@pytest.mark.parametrize(
    "setting, message",
    [
        ({"train.epochz": 2}, "unknown key train.epochz; did you mean train.epochs"),
        ({"model.streams": "dynamc"}, "expected one of: both static dynamic"),
        ({"model.name": "hnds"}, "unknown model 'hnds'; expected one of: " + " ".join(MODELS)),
    ],
)
def test_a_setting_that_cannot_be_used_is_found_before_anything_runs(
    place, capsys, setting, message
):
    write_experiment(place, rows=ROWS | {"odd": {"config": "model.yaml"} | setting})
    last_line = len((place / "e.yaml").read_text().splitlines())
    told = refused(place, capsys)
    assert message in told
    assert f"e.yaml:{last_line}: " in told


def test_a_row_that_was_trained_with_something_else_stops_all(place, in_process, capsys):
    assert main(arguments(place, "--folds=1", "--seeds=1")) == 0
    write_experiment(place, rows=ROWS | {"full": {"config": "model.yaml", "train.epochs": 4}})
    told = refused(place, capsys, "--folds=1")
    assert "exp/full/folds4/fold1/seed1: was trained with something else" in told
    assert "train.epochs was 3, is 4" in told


def test_the_protocol_of_another_experiment(place, capsys):
    write_experiment(place, protocol="loso10")
    assert "e.yaml: protocol is loso10; expected folds4, that of" in refused(place, capsys)


@pytest.mark.parametrize(
    "more, message",
    [
        (["--train.epochs=3"], "--train.epochs with --experiment; the settings of its rows"),
        (["--config=model.yaml"], "--config or --experiment, one of them"),
        (["--nj=0"], "--nj=0; expected at least 1"),
    ],
)
def test_what_cannot_be_asked_for(place, capsys, more, message):
    assert message in refused(place, capsys, *more)


def test_neither_model_nor_experiment(place, capsys):
    assert main(train_builder.arguments(place)) == 2
    assert "--config or --experiment, one of them" in capsys.readouterr().err


def dry_run(place, capsys, *more):
    """What a dry run says: lines, without the heading; it must change nothing."""
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*") if path.is_file()}
    assert main(arguments(place, "--dry-run", *more)) == 0
    assert {p: p.stat().st_mtime_ns for p in place.rglob("*") if p.is_file()} == before
    heading, *lines = capsys.readouterr().out.splitlines()
    assert heading.split() == ["row", "complete", "begun", "missing", "left"]
    return [" ".join(line.split()) for line in lines]


def begin(place, folder, seconds, epochs):
    """Turn a complete run into one that was begun."""
    run = place / "exp" / folder
    record = read_json(run / "run.json")
    history = [{"epoch": number, "dev_ua": 0.5} for number in range(1, epochs + 1)]
    kept = {key: record[key] for key in ("config", "digests")}
    del kept["digests"]["request"]
    state = {"history": history}
    worker.checkpoint.save(run / "checkpoint.pt", kept | {"state": state, "seconds": seconds})
    (run / "run.json").unlink()


def set_seconds(place, folder, seconds):
    path = place / "exp" / folder / "run.json"
    write_json(path, read_json(path) | {"seconds": seconds})


def test_a_dry_run_tells_what_is_there_and_what_it_costs(place, in_process, capsys):
    folds = "--folds=1,2"
    assert dry_run(place, capsys, folds, "--nj=2") == [
        "full 0 0 4 unknown",
        "static only 0 0 4 unknown",
        "8 runs to train with --nj=2: time unknown: no run of these rows has been timed yet",
    ]
    assert in_process == []
    assert main(arguments(place, folds, "--seeds=1")) == 0
    capsys.readouterr()
    for folder in ("full/folds4/fold1/seed1", "full/folds4/fold2/seed1"):
        set_seconds(place, folder, 60.0)
    begin(place, "full/folds4/fold2/seed1", seconds=10.0, epochs=1)
    shutil.rmtree(place / "exp" / "static_only")
    # 60 s for 3 epochs and 10 s for one: 17.5 s an epoch, two of which are left of the begun run.
    assert dry_run(place, capsys, folds, "--nj=2")[:2] == [
        "full 1 1 (epoch 1/3) 2 2 min 35 s",
        "static only 0 0 4 unknown",
    ]
    write_experiment(place, rows={"full": ROWS["full"]})
    # In order: 35 s and 60 s at once, then 60 s after the 35 s.
    last = dry_run(place, capsys, folds, "--nj=2")[-1]
    assert last == "3 runs to train with --nj=2: about 1 min 35 s"
    last = dry_run(place, capsys, folds, "--nj=1")[-1]
    assert last == "3 runs to train with --nj=1: about 2 min 35 s"


def test_a_dry_run_of_what_is_complete(place, in_process, capsys):
    assert main(arguments(place, "--folds=1", "--seeds=1")) == 0
    capsys.readouterr()
    assert dry_run(place, capsys, "--folds=1", "--seeds=1") == [
        "full 1 0 0 0 s",
        "static only 1 0 0 0 s",
        "nothing to do: all runs are complete",
    ]
    begin(place, "static_only/folds4/fold1/seed1", seconds=5.0, epochs=1)
    write_experiment(place, rows={"static only": ROWS["full"]})
    assert main(arguments(place, "--folds=1", "--dry-run")) == 1
    assert "train.epochs was 2, is 3" in capsys.readouterr().err


@pytest.mark.parametrize(
    "seconds, words",
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds, words):
    assert cost.duration(seconds) == words


def test_a_run_from_before_a_setting_existed_is_taken_and_told_the_default(
    place, in_process, capsys
):
    assert main(arguments(place, "--folds=1", "--seeds=1")) == 0
    path = place / "exp/full/folds4/fold1/seed1/run.json"
    record = read_json(path)
    del record["config"]["train"]["label_smoothing"]
    record["digests"]["request"] = "of the former defaults"
    write_json(path, record)
    assert main(arguments(place, "--folds=1", "--seeds=1")) == 0
    assert len(in_process) == 2
    assert read_json(path)["config"]["train"]["label_smoothing"] == 0.0
    asked = ROWS | {"full": {"config": "model.yaml", "train.label_smoothing": 0.1}}
    write_json(path, record)
    write_experiment(place, rows=asked)
    told = refused(place, capsys, "--folds=1", "--seeds=1")
    assert "train.label_smoothing was 0.0, is 0.1" in told
    assert read_json(path) == record


def test_each_set_of_features_has_its_own_data_directory(tmp_path):
    places = plan.places_of("default", "data/x", "elsewhere/loso")
    assert places == (Path("data/x"), Path("elsewhere/loso"))
    places = plan.places_of("lld", "data/x", "data/x/split/loso")
    assert places == (Path("data/x-lld"), Path("data/x-lld/split/loso"))
    with pytest.raises(InputError, match=r"data\.features is lld"):
        plan.places_of("lld", "data/x", "elsewhere/loso")
    (tmp_path / "a.yaml").write_text("model: {name: hnsd}\n")
    (tmp_path / "b.yaml").write_text("model: {name: svm}\ndata: {features: lld}\n")
    rows = "{a: {config: a.yaml}, b: {config: b.yaml}, c: {config: a.yaml, data.features: mfcc}}"
    (tmp_path / "all.yaml").write_text(f"protocol: loso\nrows: {rows}\n")
    assert feature_sets(tmp_path / "a.yaml") == ["default"]
    assert feature_sets(tmp_path / "b.yaml") == ["lld"]
    assert feature_sets(tmp_path / "all.yaml") == ["default", "lld", "mfcc"]
