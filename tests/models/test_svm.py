"""The SVM against scikit-learn, from frames to decision values, and as a model like any other."""

import sys

import numpy as np
import pytest
import torch
from sklearn.metrics import recall_score
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from pyser.errors import InputError
from pyser.models.svm import SVM
from pyser.train.fit import logits

BLOCKS = {"static": 4, "delta": 4, "energy": 1}
CLASSES = 4
LINEAR = {"rows": ("static", "energy"), "cepstra": ("delta",), "num_ceps": 2, "C": (0.1, 0.01)}
RBF = LINEAR | {"kernel": "rbf", "C": (1.0, 10.0), "gamma": (3.0, 0.3)}


def examples(count, seed, classes=range(CLASSES), frames=(1, 30)):
    """Utterances whose class shifts mean and spread, so that most answers are right."""
    random = np.random.default_rng(seed)
    made = []
    for index in range(count):
        label = list(classes)[index % len(classes)]
        rows = random.standard_normal((random.integers(*frames), 9))
        rows[:, 0] += 0.7 * label
        rows[:, 4:6] *= 1 + (label == 2)
        made.append((rows.astype(np.float32), label))
    return made


TRAIN, DEV, TEST = examples(60, 0), examples(26, 1), examples(40, 2)


def fitted(options, train=TRAIN, dev=DEV):
    model = SVM(SVM.Config(**options), BLOCKS, CLASSES)
    return model, model.fit_examples(train, dev)


def table(some):
    """Functionals of LINEAR and RBF, written out, and labels."""
    dct = np.sqrt(0.5) * np.array(
        [[np.sqrt(0.5)] * 4, [np.cos(np.pi * (n + 0.5) / 4) for n in range(4)]]
    )
    vectors = []
    for rows, _ in some:
        rows = rows.astype(np.float64)
        columns = np.hstack([rows[:, :4], rows[:, 8:], rows[:, 4:8] @ dct.T])
        percentiles = [np.percentile(columns, p, axis=0) for p in (1, 5, 25, 50, 75, 95, 99)]
        vectors.append(np.hstack([columns.mean(0), columns.std(0), *percentiles]))
    return np.array(vectors), np.array([label for _, label in some])


def sklearn_machine(scaler, labels, vectors, chosen, **options):
    gamma = (chosen["gamma"] or 1) / vectors.shape[1]
    machine = SVC(C=chosen["C"], gamma=gamma, break_ties=True, **options)
    return machine.fit(scaler.transform(vectors), labels)


@pytest.mark.parametrize("weight", ["none", "balanced"])
@pytest.mark.parametrize("options", [LINEAR, RBF], ids=["linear", "rbf"])
@pytest.mark.parametrize("classes", [(0, 1, 2, 3), (1, 3), (0, 2, 3)], ids=str)
def test_everything_equals_scikit_learn(options, weight, classes):
    """Functionals, scaler, choice on dev, decision values and answers; also of fewer classes."""
    train = examples(70, 5, classes)[:-1]  # unbalanced
    model, told = fitted(options | {"class_weight": weight}, train)
    (x, y), (dev_x, dev_y), (test_x, _) = table(train), table(DEV), table(TEST)
    scaler = StandardScaler().fit(x)
    np.testing.assert_allclose(model.mean.numpy(), scaler.mean_, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(1 / model.scale.numpy(), scaler.scale_, rtol=1e-12)
    kind = {
        "kernel": options.get("kernel", "linear"),
        "class_weight": None if weight == "none" else weight,
    }
    for tried in told["tried"]:
        machine = sklearn_machine(scaler, y, x, tried, **kind)
        answers = machine.predict(scaler.transform(dev_x))
        every = sorted(set(dev_y))
        ua = recall_score(dev_y, answers, labels=every, average="macro")
        assert tried["dev_ua"] == pytest.approx(ua)
    machine = sklearn_machine(scaler, y, x, told["chosen"], **kind)
    expected = machine.decision_function(scaler.transform(test_x))
    values = model.decision(test_x).numpy()
    if len(classes) > 2:
        np.testing.assert_allclose(values[:, list(classes)], expected, rtol=0, atol=1e-9)
    else:  # scikit-learn gives the margin; a vote and its tie break follow from it
        assert np.array_equal(values[:, 3] > values[:, 1], expected > 0)
        ties = expected / (3 * (np.abs(expected) + 1))
        np.testing.assert_allclose(values[:, 3] - (expected > 0), ties, rtol=0, atol=1e-9)
    unseen = sorted(set(range(CLASSES)) - set(classes))
    assert not values[:, unseen].any()
    answers = logits(model, TEST).argmax(axis=1)
    assert np.array_equal(answers, machine.predict(scaler.transform(test_x)))
    assert len(set(answers)) == len(classes)


def test_the_choice_is_by_dev_ua_then_the_smaller_cost_then_the_smaller_gamma():
    _, told = fitted(RBF)
    assert [(t["C"], t["gamma"]) for t in told["tried"]] == [
        *((1.0, 0.3), (1.0, 3.0), (10.0, 0.3), (10.0, 3.0))
    ]
    best = max(t["dev_ua"] for t in told["tried"])
    assert told["chosen"]["dev_ua"] == best
    # Machines of these costs have no vector inside the margin: they are the same, and all tie.
    _, told = fitted(LINEAR | {"C": (1e6, 1e5, 1e7)})
    assert len({t["dev_ua"] for t in told["tried"]}) == 1
    assert told["chosen"]["C"] == 1e5
    assert told["chosen"]["gamma"] is None


def test_logits_are_decision_values_at_the_temperature_that_is_best_on_dev():
    model, told = fitted(LINEAR)
    values = model.decision(table(DEV)[0])
    temperature = told["chosen"]["temperature"]
    np.testing.assert_allclose(logits(model, DEV), values / temperature, rtol=1e-6)
    labels = torch.tensor([label for _, label in DEV])
    loss = [
        torch.nn.functional.cross_entropy(values / (temperature * factor), labels).item()
        for factor in (1.0, 0.99, 1.01)
    ]
    assert loss[0] == min(loss)


def batch(some):
    """The utterances as padded blocks, with random padding, and their lengths."""
    lengths = [len(rows) for rows, _ in some]
    padded = torch.randn(len(some), max(lengths), 9, generator=torch.Generator().manual_seed(0))
    for row, (rows, _) in zip(padded, some, strict=True):
        row[: len(rows)] = torch.from_numpy(rows)
    blocks = padded.split(list(BLOCKS.values()), dim=-1)
    return dict(zip(BLOCKS, blocks, strict=True)), torch.tensor(lengths)


@pytest.mark.parametrize("options", [LINEAR, RBF], ids=["linear", "rbf"])
def test_padding_batching_and_order_change_nothing(options):
    model, _ = fitted(options)
    features, lengths = batch(TEST[:5])
    expected = model(features, lengths)
    assert expected.dtype == torch.float32
    assert expected.std(dim=0).min() > 0
    for content in (1e6, float("nan")):
        changed = {name: torch.nn.functional.pad(x, (0, 0, 0, 7)) for name, x in features.items()}
        for block in changed.values():
            for row, length in zip(block, lengths, strict=True):
                row[length:] = content
        assert torch.equal(model(changed, lengths), expected)
    order = torch.tensor([3, 1, 4, 0, 2])
    permuted = model({name: block[order] for name, block in features.items()}, lengths[order])
    torch.testing.assert_close(permuted, expected[order], rtol=0, atol=1e-6)
    for row, length in enumerate(lengths):
        alone = {name: block[row : row + 1, :length] for name, block in features.items()}
        single = model(alone, lengths[row : row + 1])[0]
        torch.testing.assert_close(single, expected[row], rtol=0, atol=1e-6)


@pytest.mark.parametrize("options", [LINEAR, RBF], ids=["linear", "rbf"])
def test_saved_arrays_are_all_that_prediction_needs(options, tmp_path):
    model, _ = fitted(options)
    torch.save(model.state_dict(), tmp_path / "model.pt")
    other = SVM(model.config, BLOCKS, CLASSES)
    other.load_state_dict(torch.load(tmp_path / "model.pt", weights_only=True))
    assert np.array_equal(logits(other, TEST), logits(model, TEST))
    assert other.num_parameters == model.num_parameters
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({"mean": model.mean})


def test_the_number_of_parameters_is_the_documented_one():
    width, pairs = 7 * 9, CLASSES * (CLASSES - 1) // 2
    linear, _ = fitted(LINEAR)
    assert linear.num_parameters == pairs * (width + 1)
    rbf, told = fitted(RBF)
    x, y = table(TRAIN)
    machine = sklearn_machine(StandardScaler().fit(x), y, x, told["chosen"], kernel="rbf")
    vectors = len(machine.support_)
    assert rbf.num_parameters == vectors * width + pairs * vectors + pairs
    assert SVM(SVM.Config(**LINEAR), BLOCKS, CLASSES).num_parameters == 0


def test_fitting_again_gives_the_same_bytes():
    first, second = (fitted(RBF)[0].state_dict() for _ in range(2))
    assert {name: x.numpy().tobytes() for name, x in first.items()} == {
        name: x.numpy().tobytes() for name, x in second.items()
    }


def test_a_class_that_dev_lacks_does_not_count():
    dev = [pair for pair in DEV if pair[1] != 2]
    model, told = fitted(LINEAR, dev=dev)
    answers = logits(model, dev).argmax(axis=1)
    labels = [label for _, label in dev]
    ua = recall_score(labels, answers, labels=[0, 1, 3], average="macro")
    assert told["chosen"]["dev_ua"] == pytest.approx(ua)


def test_the_least_data_that_can_be_learned_from():
    model, told = fitted(LINEAR, train=TRAIN[:2], dev=DEV[:1])
    assert np.isfinite(logits(model, TEST)).all()
    assert told["chosen"]["C"] == 0.01
    one_frame = [(rows[:1], label) for rows, label in TRAIN]  # every spread is constant
    model, _ = fitted(LINEAR, train=one_frame, dev=one_frame)
    assert (model.scale[7:14] == 0).all()
    assert np.isfinite(logits(model, TEST)).all()


def test_what_cannot_be_fitted_is_said():
    with pytest.raises(InputError, match="12 training utterances are of one class"):
        fitted(LINEAR, train=examples(12, 0, classes=[2]))
    broken = TRAIN[3][0].copy()
    broken[0, 1] = np.inf
    with pytest.raises(InputError, match="training utterance 3: some features are not finite"):
        fitted(LINEAR, train=[*TRAIN[:3], (broken, 0), *TRAIN[4:]])


def test_without_scikit_learn_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(InputError, match=r"scikit-learn is not installed; pip install"):
        fitted(LINEAR)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"C": ()}, "C is empty"),
        ({"C": (1.0, 0.0)}, r"C is \[1.0, 0.0\]; expected numbers above 0"),
        ({"gamma": (float("nan"),)}, "gamma is"),
        ({"percentiles": (101,)}, r"percentiles is \[101\]; expected numbers in 0..100"),
        ({"statistics": ("median",)}, "expected some of: mean std min max range slope"),
        ({"statistics": (), "percentiles": ()}, "statistics and percentiles is empty"),
        ({"rows": (), "cepstra": ()}, "rows and cepstra is empty"),
        ({"num_ceps": 0}, "num_ceps is 0"),
    ],
)
def test_configurations_that_make_no_sense(options, message):
    with pytest.raises(InputError, match=message):
        SVM.Config(**options)


def test_blocks_that_are_missing_are_named():
    with pytest.raises(InputError, match=r"blocks static; expected blocks delta"):
        SVM(SVM.Config(rows=(), cepstra=("delta",)), {"static": 3}, 2)
