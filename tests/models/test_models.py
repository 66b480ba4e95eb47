"""What every model must do, whatever it computes. A model joins by a line in SMALL."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models import MODELS
from pyser.train.fit import fit, logits
from pyser.train.settings import TrainSettings

BLOCKS = {"static": 5, "delta": 5, "delta2": 5}
CLASSES = 4

ACRNN = {"maps": 4, "deep_maps": 6, "linear": 8, "hidden": 6, "fc": 5, "segment_frames": 4}
ACRNN |= {"attention_dim": 4, "segment_hop": 4}
# Configurations small enough for a test: at least one of each model.
SMALL = [
    ("acrnn3d", ACRNN | {"layers": 2}),
    ("acrnn3d", ACRNN | {"layers": 3, "fc": 9, "segment_hop": 3, "segment_pooling": "mean"}),
    ("localatt", {"dense": 10, "hidden": 8, "dropout": 0.0}),
    ("localatt", {"dense": 10, "hidden": 8, "reads": ("static", "delta"), "dropout": 0.1}),
    ("hnsd", {"hidden": 12, "attention_dim": 4, "fc": 8}),
    ("hnsd", {"hidden": 12, "attention_dim": 4, "fc": 8, "bidirectional": True}),
    ("hnsd", {"hidden": 12, "fc": 8, "gate": "vector", "pooling": "mean", "activation": "tanh"}),
    ("hnsd", {"hidden": 12, "fc": 8, "gate": "none", "activation": "none"}),
    ("hnsd", {"hidden": 12, "fc": 8, "streams": "static"}),
    ("hnsd", {"hidden": 12, "fc": 8, "streams": "dynamic", "bidirectional": True}),
    ("hnsd", {"hidden": 12, "fc": 8, "streams": "early"}),
    ("hnsd", {"hidden": 12, "fc": 8, "pooling": "statistics", "layers": 2, "init": "orthogonal"}),
    ("hnsd", {"hidden": 12, "fc": 8, "conv_channels": 4, "conv_stride": 2}),
    ("hnsd", {"hidden": 12, "fc": 8, "conv_channels": 4, "functionals": True}),
]


def make(name, options, seed=0):
    torch.manual_seed(seed)
    return MODELS[name](MODELS[name].Config(**options), BLOCKS, CLASSES)


def batch(lengths=(7, 1, 12, 4), seed=0):
    """Random features [B, T, d] whose padding is random too."""
    generator = torch.Generator().manual_seed(seed)
    shape = len(lengths), max(lengths)
    features = {
        name: torch.randn(*shape, width, generator=generator) for name, width in BLOCKS.items()
    }
    return features, torch.tensor(lengths)


@pytest.fixture(
    params=SMALL, ids=lambda p: "-".join([p[0], *(f"{k}={v}" for k, v in p[1].items())])
)
def small(request):
    return make(*request.param)


def test_every_model_has_a_small_configuration():
    """But for those that fit themselves: they have no gradients, and tests of their own."""
    trained = {name for name, model in MODELS.items() if not hasattr(model, "fit_examples")}
    assert {name for name, _ in SMALL} == trained


def test_output_is_logits(small):
    features, lengths = batch()
    output = small(features, lengths)
    assert output.shape == (4, CLASSES)
    assert output.dtype == torch.float32
    assert output.std(dim=0).min() > 0  # it depends on the utterance


@pytest.mark.parametrize("content", [1e6, float("nan")])
def test_padding_content_changes_nothing(small, content):
    features, lengths = batch()
    small.eval()
    expected = small(features, lengths)
    for row, length in enumerate(lengths):
        for block in features.values():
            block[row, length:] = content
    assert torch.equal(small(features, lengths), expected)


def test_padding_content_reaches_no_gradient(small):
    features, lengths = batch()
    features["static"][1, 1:] = float("nan")
    small(features, lengths).sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in small.parameters() if p.grad is not None)


def test_batched_equals_single(small):
    features, lengths = batch()
    small.eval()
    batched = small(features, lengths)
    for row, length in enumerate(lengths):
        alone = {name: block[row : row + 1, :length] for name, block in features.items()}
        torch.testing.assert_close(
            small(alone, lengths[row : row + 1])[0], batched[row], rtol=0, atol=1e-5
        )


def test_longer_padding_changes_nothing(small):
    features, lengths = batch()
    small.eval()
    longer = {name: torch.nn.functional.pad(x, (0, 0, 0, 9)) for name, x in features.items()}
    torch.testing.assert_close(small(longer, lengths), small(features, lengths), rtol=0, atol=1e-5)


def test_permuted_batch_gives_permuted_output(small):
    features, lengths = batch()
    small.eval()
    order = torch.tensor([2, 0, 3, 1])
    permuted = {name: block[order] for name, block in features.items()}
    torch.testing.assert_close(
        small(permuted, lengths[order]), small(features, lengths)[order], rtol=0, atol=1e-6
    )


def test_every_parameter_gets_a_finite_gradient(small):
    features, lengths = batch()
    loss = torch.nn.functional.cross_entropy(small(features, lengths), torch.arange(4))
    loss.backward()
    for name, parameter in small.named_parameters():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_the_last_frame_matters(small):
    features, lengths = batch()
    small.eval()
    before = small(features, lengths)
    for block in features.values():
        block[0, lengths[0] - 1] += 1.0
    after = small(features, lengths)
    assert (after[0] - before[0]).abs().max() > 1e-6
    assert torch.equal(after[1:], before[1:])


def test_overfits_eight_utterances(small):
    random = np.random.default_rng(1)
    examples = [
        (random.standard_normal((random.integers(5, 20), 15)).astype(np.float32), index % CLASSES)
        for index in range(8)
    ]
    settings = TrainSettings(
        learning_rate=0.02, weight_decay=0.0, batch_size=8, epochs=80, patience=0
    )
    state = fit(small, examples, examples, settings)
    assert state.history[-1]["train_loss"] < 0.1
    assert logits(small, examples).argmax(axis=1).tolist() == [label for _, label in examples]


def test_num_parameters_counts_all(small):
    assert small.num_parameters == sum(p.numel() for p in small.parameters())


def test_saved_weights_give_the_same_output(small, tmp_path):
    features, lengths = batch()
    torch.save(small.state_dict(), tmp_path / "weights.pt")
    other = type(small)(small.config, small.blocks, CLASSES)
    other.load_state_dict(torch.load(tmp_path / "weights.pt", weights_only=True))
    assert torch.equal(other.eval()(features, lengths), small.eval()(features, lengths))


@pytest.mark.parametrize("name", MODELS)
def test_a_missing_block_is_named(name):
    # some models read whatever is there, unless they are told
    reads = {"reads": ("static",)} if hasattr(MODELS[name].Config, "reads") else {}
    with pytest.raises(InputError, match=r"blocks other.*static"):
        MODELS[name](MODELS[name].Config(**reads), {"other": 3}, CLASSES)


@pytest.mark.parametrize("name", MODELS)
def test_configurations_are_hashable_values(name):
    config = MODELS[name].Config
    assert config() == config()
    assert hash(config()) == hash(config())
