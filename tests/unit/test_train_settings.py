"""Configuration files: what is not known or not usable is named, with file, line and remedy."""

import pytest
import yaml

from pyser.errors import FileError, InputError, UsageError
from pyser.train.experiment import read_experiment
from pyser.train.settings import Settings, TrainSettings
from pyser.train.yamlfile import make_entry, read_entries

MODEL = "model:\n  name: hnsd\n"


@pytest.fixture
def load(tmp_path):
    """Settings from YAML text and command-line overrides."""

    def load_text(text, **overrides):
        path = tmp_path / "a.yaml"
        path.write_text(text)
        named = [make_entry(name.replace("__", "."), value) for name, value in overrides.items()]
        return Settings.from_entries(read_entries(path, named))

    return load_text


def test_values_of_file_and_command_line_are_typed(load):
    text = MODEL + "  bidirectional: yes\ntrain:\n  learning_rate: 1e-3\n  epochs: 7\ndata:\n"
    settings = load(text, train__epochs="3", data__normalisation="train", model__hidden="8")
    assert settings.model.bidirectional is True
    assert settings.model.hidden == 8
    assert settings.train == TrainSettings(learning_rate=1e-3, epochs=3)
    assert settings.data.normalisation == "train"


def test_settings_survive_yaml_and_dict(load):
    settings = load(MODEL, train__epochs="3", train__schedule="cosine", model__gate="none")
    assert Settings.from_dict(settings.as_dict()) == settings
    assert load(yaml.safe_dump(settings.as_dict())) == settings
    assert settings.as_dict()["model"]["name"] == "hnsd"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.yaml: is empty"),
        ("- 1", "a.yaml:1: found no mapping"),
        ("model: [1", "a.yaml:1: is no YAML"),
        ("model: 3", "a.yaml:1: found no mapping.*section model"),
        (MODEL + "  x: !!python/name:os.system 1", "a.yaml:3: is no YAML.*constructor"),
        ("train:\n  epochs: 3", "a.yaml: the section model names no model"),
        ("model:\n  name: hnds", "a.yaml:2: unknown model 'hnds'.*did you mean hnsd"),
        (MODEL + "  hiden: 3", "a.yaml:3: unknown key model.hiden; did you mean model.hidden"),
        (MODEL + "trian:\n  epochs: 3", "a.yaml:4: unknown section trian; did you mean train"),
        (MODEL + "data:\n  xyzzy: 3", "unknown key data.xyzzy; known are: data.features"),
        (MODEL + "train:\n  epochs: 1\n  epochs: 2", "a.yaml:5: train.epochs.*twice.*a.yaml:4"),
        (MODEL + "  hidden: 1.5", "a.yaml:3: model.hidden is 1.5; expected a whole number"),
        (MODEL + "  hidden: null", "model.hidden is None; expected a whole number"),
        (MODEL + "  hidden: true", "model.hidden is True; expected a whole number"),
        (MODEL + "  bidirectional: 1", "model.bidirectional is 1; expected true or false"),
        (MODEL + "  gate: scalr", "model.gate is 'scalr'; expected one of: scalar vector none"),
        (MODEL + "train:\n  epochs: 0", "a.yaml:4: train.epochs is 0; expected at least 1"),
        (MODEL + "train:\n  epochs: [1]", "train.epochs is"),
        (MODEL + "train:\n  learning_rate: high", "train.learning_rate is 'high'.*a number"),
        (MODEL + "train:\n  learning_rate: .nan", "train.learning_rate is nan"),
        (MODEL + "train:\n  clip_norm: .inf", "train.clip_norm is inf; expected at least 0"),
        (MODEL + "train:\n  members: 2\n  kinds: 3", "train.kinds is 3; expected a list"),
        (
            MODEL + "train:\n  members: 2\n  kinds: [{hiden: 3}]",
            "a.yaml:5: unknown key model.hiden",
        ),
        (MODEL + "train:\n  members: 2\n  kinds: [{hidden: 0}]", "a.yaml:5: model.hidden is 0"),
        (MODEL + "train:\n  kinds: [{}, {}]", "2 kinds and 1 members"),
        (MODEL + "  fc_dropout: 1", "model.fc_dropout is 1.0; expected at least 0.0 and at most"),
    ],
)
def test_errors_name_file_line_and_key(load, text, message):
    with pytest.raises(InputError, match=message):
        load(text)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("train__epochz", "3", "command line: unknown key train.epochz; did you mean train.epochs"),
        ("train__epochs", "3.5", "command line: train.epochs is '3.5'"),
        ("model__name", "lstm", "command line: unknown model 'lstm'"),
        ("optim__x", "1", "command line: unknown section optim"),
    ],
)
def test_errors_of_the_command_line_are_usage_errors(load, name, value, message):
    with pytest.raises(UsageError, match=message):
        load(MODEL, **{name: value})


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match=r"none\.yaml: cannot be read"):
        read_entries(tmp_path / "none.yaml")


def test_limits_hold_in_python_too():
    with pytest.raises(InputError, match="batch_size is 0"):
        TrainSettings(batch_size=0)
    with pytest.raises(InputError, match="weight_decay is nan"):
        TrainSettings(weight_decay=float("nan"))


def test_every_committed_configuration_can_be_used(repository):
    """Each file under egs, of a model or an experiment, is complete and correct."""
    paths = sorted(repository.glob("egs/*/conf/*.yaml"))
    experiments = [path for path in paths if "\nrows:" in path.read_text()]
    assert experiments and len(experiments) < len(paths)
    rows = [row for path in experiments for row in read_experiment(path).rows]
    alone = [read_entries(path) for path in paths if path not in experiments]
    for entries in [*alone, *(row.entries() for row in rows)]:
        settings = Settings.from_entries(entries)
        assert Settings.from_dict(settings.as_dict()) == settings, entries
