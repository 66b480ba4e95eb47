"""What counts as the code that made a run, and which runs are taken for what is asked."""

import ast

import pytest
from train_builder import CONFIG, write_data, write_features

from pyser.data.datadir import DataDir
from pyser.data.split import split
from pyser.errors import InputError
from pyser.models import MODELS
from pyser.train import codedigest, plan
from pyser.train.settings import Settings, with_defaults
from pyser.train.yamlfile import make_entry, read_entries

SOURCE = '''
"""A module."""

def double(x):
    """Twice."""
    return 2 * x  # a comment

class ASettings:
    """How."""
    rate: float = 0.5

    def twice(self):
        return double(self.rate)
'''


def statements(source, with_fields=True):
    return codedigest.statements(ast.parse(source), with_fields)


@pytest.mark.parametrize(
    "old, new", [("Twice.", "Two times."), ("  # a comment", ""), ("return 2", "\n    return 2")]
)
def test_words_and_layout_do_not_count(old, new):
    assert statements(SOURCE.replace(old, new)) == statements(SOURCE)


@pytest.mark.parametrize(
    "old, new", [("2 * x", "3 * x"), ("double", "treble"), ("self.rate", "-self.rate")]
)
def test_statements_count(old, new):
    for with_fields in (True, False):
        assert statements(SOURCE.replace(old, new), with_fields) != statements(SOURCE, with_fields)


@pytest.mark.parametrize("new", ["rate: float = 0.7", "rate: float = 0.5\n    more: int = 0"])
def test_declarations_of_settings_count_by_value_only(new):
    changed = SOURCE.replace("rate: float = 0.5", new)
    assert statements(changed) != statements(SOURCE)
    assert statements(changed, with_fields=False) == statements(SOURCE, with_fields=False)


def test_attributes_of_other_classes_count():
    other = SOURCE.replace("ASettings", "Other")
    changed = other.replace("0.5", "0.7")
    assert statements(changed, with_fields=False) != statements(other, with_fields=False)


def test_the_list_of_models_is_read_without_importing_it():
    assert codedigest.model_modules() == {name: m.__module__ for name, m in MODELS.items()}


def test_inputs_of_a_model_are_read_without_importing_it(digests_of):
    assert {name: codedigest.model_inputs(name) for name in MODELS} == {
        name: getattr(model, "inputs", ()) for name, model in MODELS.items()
    }
    digests_of(**{"models/b": "class Other: inputs = ('wave',)\nclass B: inputs = ('text',)"})
    assert codedigest.model_inputs("b") == ("text",) and codedigest.model_inputs("a") == ()


def test_what_counts_for_a_model():
    counted = set(codedigest.counted("hnsd"))
    learning = {"learn", "fit", "batching", "inputs", "augment", "settings", "seeds"}
    assert counted >= {f"pyser.train.{name}" for name in learning}
    assert counted >= {f"pyser.models.{name}" for name in ("hnsd", "layers", "limits")}
    assert "pyser.data.normalise" in counted
    assert not counted & {"pyser.train.plan", "pyser.train.record", "pyser.models"}


def write_package(root, **files):
    """A copy of a package's outline: a registry of two models, a worker, and ``files``."""
    sources = {
        "models/__init__": 'MODELS = R({"a": "pyser.models.a.A", "b": "pyser.models.b.B"})',
        "models/a": "from pyser.models.layers import pool\nclass A: pass",
        "models/b": "class B: pass",
        "models/layers": "def pool(): pass",
        "train/worker": "from pyser.train import fit, record\nfrom pyser.models import MODELS",
        "train/fit": "RATE = 1",
        "train/record": "from pyser.train.unseen import x",
        "train/unseen": "x = 1",
    }
    for name, text in (sources | files).items():
        path = root / "pyser" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def digests_of(tmp_path, monkeypatch):
    """The code digests of the models a and b in a package with some files changed."""

    def clear():
        for name in ("code_digest", "schema_digest", "model_inputs", "model_modules"):
            getattr(codedigest, name).cache_clear()
        codedigest._registry.cache_clear()
        codedigest._imported.cache_clear()

    def compute(**files):
        write_package(tmp_path, **files)
        monkeypatch.setattr(codedigest, "_ROOT", tmp_path)
        clear()
        return {name: codedigest.code_digest(name) for name in "ab"}

    yield compute
    clear()


@pytest.mark.parametrize(
    "name, text, changed",
    [
        ("models/a", "class A: x = 1", "a"),
        ("models/b", "class B: x = 1", "b"),
        ("models/layers", "def pool(): return 1", "a"),
        ("train/fit", "RATE = 2", "ab"),
        ("train/fit", "import pyser.train.unseen\nRATE = 1", "ab"),
        ("models/b", "from .layers import pool\nclass B: pass", "b"),
        ("train/record", "x = 1", ""),
        ("train/unseen", "x = 2", ""),
    ],
)
def test_a_change_invalidates_the_models_that_it_reaches(digests_of, name, text, changed):
    before, after = digests_of(), digests_of(**{name: text})
    assert {model for model in before if before[model] != after[model]} == set(changed)


@pytest.mark.parametrize(
    "line",
    [
        "import pyser.train.unseen",
        "from pyser.train import unseen",
        "from pyser.train.unseen import x",
        "from . import unseen",
        "from .unseen import x",
        "def late():\n    from pyser.train.unseen import x",
    ],
)
def test_however_a_module_is_imported_it_counts(digests_of, line):
    before = digests_of(**{"train/fit": line})
    assert digests_of(**{"train/fit": line, "train/unseen": "x = 2"}) != before


def test_another_model_leaves_the_digests_of_the_others(digests_of):
    places = {name: f"pyser.models.{name}.{name.upper()}" for name in "acb"}
    registry = f"MODELS = R({places})"
    assert digests_of() == digests_of(**{"models/__init__": registry, "models/c": "class C: pass"})


def test_a_model_that_is_not_listed():
    with pytest.raises(
        InputError, match="unknown model 'lstm'; expected one of: " + " ".join(MODELS)
    ):
        codedigest.code_digest("lstm")


@pytest.fixture
def made(tmp_path):
    """What a run on tiny data records: config and digests."""
    write_data(tmp_path)
    return {"config": settings(tmp_path), "digests": digests(tmp_path)}


def settings(place, **changes):
    entries = read_entries(place / "model.yaml", [make_entry(*pair) for pair in changes.items()])
    return Settings.from_entries(entries).as_dict()


def digests(place):
    return plan.input_digests(place / "data", place / "split", [1], {"model": {"name": "hnsd"}})[1]


def differences(made, config, now):
    with pytest.raises(
        InputError, match=r"was trained with something else: (.*); choose"
    ) as caught:
        plan.check_same(made, config, now, "a run")
    return caught.value.what.partition(": ")[2]


def test_a_run_of_the_same_is_the_same(made, tmp_path):
    plan.check_same(made, settings(tmp_path), digests(tmp_path), "a run")


@pytest.mark.parametrize("name, value", [("model.gate", "vector"), ("data.frame_step", 1)])
def test_a_changed_setting_is_named(made, tmp_path, name, value):
    section, key = name.split(".")
    was = made["config"][section][key]
    told = differences(made, settings(tmp_path, **{name: value}), digests(tmp_path))
    assert told == f"{name} was {was}, is {value}"


def test_a_whole_number_is_not_a_number_that_looks_like_it(made, tmp_path):
    config = settings(tmp_path)
    config["train"] |= {"clip_norm": 5}
    assert differences(made, config, digests(tmp_path)) == "train.clip_norm was 5.0, is 5"


def without(made, *names):
    """A record from before the settings ``names`` (``section.key``) existed."""
    config = {section: dict(values) for section, values in made["config"].items()}
    for name in names:
        section, key = name.split(".")
        del config[section][key]
    return made | {"config": config}


def test_a_setting_from_after_the_run_counts_as_its_default(made, tmp_path):
    old = without(made, "train.label_smoothing", "model.gate")
    now = settings(tmp_path), digests(tmp_path)
    assert differences(old, *now).startswith("model.gate was not there, is scalar")
    plan.check_same(with_defaults(old), *now, "a run")
    asked = settings(tmp_path, **{"model.gate": "vector"})
    assert differences(with_defaults(old), asked, now[1]) == "model.gate was scalar, is vector"


def test_a_setting_that_is_no_more_counts(made, tmp_path):
    made["config"]["train"]["inertia"] = 0.9
    told = differences(with_defaults(made), settings(tmp_path), digests(tmp_path))
    assert told == "train.inertia was 0.9, is not there"


def test_a_section_from_after_the_run_counts_as_its_defaults(made, tmp_path):
    del made["config"]["augment"]
    plan.check_same(with_defaults(made), settings(tmp_path), digests(tmp_path), "a run")


def test_other_features_count(made, tmp_path):
    write_features(DataDir(tmp_path / "data"), seed=7)
    split(tmp_path / "data", tmp_path / "split", num_folds=4)
    told = differences(made, settings(tmp_path), digests(tmp_path))
    assert told == "the features changed, the split changed"


def test_other_options_of_the_front_end_count(made, tmp_path):
    path = tmp_path / "data" / "frontend.json"
    path.write_text(path.read_text().replace('"options": {}', '"options": {"num_mel_bins": 2}'))
    split(tmp_path / "data", tmp_path / "split", num_folds=4)
    told = differences(made, settings(tmp_path), digests(tmp_path))
    assert told == "the features changed, the frontend changed"


def test_other_labels_and_speakers_count(made, tmp_path):
    for table, old, new in (("utt2emo", "calm", "glad"), ("utt2spk", "spk0", "spk1")):
        path = tmp_path / "data" / table
        path.write_text(path.read_text().replace(f"spk0-0 {old}", f"spk0-0 {new}"))
    split(tmp_path / "data", tmp_path / "split", num_folds=4)
    told = differences(made, settings(tmp_path), digests(tmp_path))
    assert "the labels changed, the speakers changed" in told


def test_another_split_of_the_same_data_counts(made, tmp_path):
    split(tmp_path / "data", tmp_path / "split", num_folds=3)
    assert differences(made, settings(tmp_path), digests(tmp_path)) == "the split changed"


def test_other_code_counts(made, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "code_digest", lambda model: "of other code")
    assert differences(made, settings(tmp_path), digests(tmp_path)) == "the code changed"


def test_a_request_is_answered_in_the_same_words_and_with_the_same_defaults(tmp_path, monkeypatch):
    write_data(tmp_path)
    asked = plan.request_digest(read_entries(tmp_path / "model.yaml"))
    assert asked == plan.request_digest(read_entries(tmp_path / "model.yaml"))
    other = [make_entry("train.epochs", CONFIG["train"]["epochs"] + 1)]
    assert plan.request_digest(read_entries(tmp_path / "model.yaml", other)) != asked
    monkeypatch.setattr(plan, "schema_digest", lambda model: "with another default")
    assert plan.request_digest(read_entries(tmp_path / "model.yaml")) != asked
