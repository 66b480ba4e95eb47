"""What every model must do, whatever it computes. A model joins by a line in SMALL."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models import MODELS
from pyser.models.members import training_loss
from pyser.train.batching import collate
from pyser.train.fit import fit, logits
from pyser.train.inside import can_explain, look_inside
from pyser.train.loss import Criterion
from pyser.train.settings import TrainSettings

BLOCKS = {"static": 5, "delta": 5, "delta2": 5}
CLASSES = 4

ACRNN = {"maps": 4, "deep_maps": 6, "linear": 8, "hidden": 6, "fc": 5, "segment_frames": 4}
ACRNN |= {"attention_dim": 4, "segment_hop": 4}
CNN = {"bins": 4, "maps": (6, 7), "pools": 1, "segment_frames": 4, "train_hop": 3, "test_hop": 2}
SEQCAP = {"bins": 4, "maps": 6, "gru": 5, "fc": 6, "window": 2, "window_hop": 1}
TRANSFORMER = {"width": 8, "heads": 2, "layers": 1, "feedforward": 12, "dropout": 0.0}
MSCNN = {
    "filters": 4,
    "audio_scales": (3, 5),
    "text_scales": (2, 3),
    "embedding": 6,
    "dropout": 0.0,
}
SDCAFF = {"maps": (4, 6, 8), "reduction": 2, "hidden": 12, "dynamic": 6, "inner": 8, "dropout": 0.0}
SEMANTIC = {"channels": (3, 4, 5), "projected": 12, "fc": 10, "hidden": 8, "vector": 6}
SEMANTIC |= {"dropout": 0.0, "output": "linear", "tune_words": True}
# Configurations small enough for a test: at least one of each model.
SMALL = [
    ("acrnn3d", ACRNN | {"layers": 2}),
    ("acrnn3d", ACRNN | {"layers": 3, "fc": 9, "segment_hop": 3, "segment_pooling": "mean"}),
    ("blstm", {"hidden": 8, "layers": 1}),
    ("blstm", {"hidden": 8, "layers": 1, "decision": "mean", "dropout": 0.05}),
    ("blstm", {"hidden": 8, "reads": ("static",), "loss": "posterior", "change_cost": 1.0}),
    ("cnn_att", CNN),
    ("cnn_att", CNN | {"average_bins": 2, "pools": 2, "segment_frames": 8, "first_maps": 3}),
    ("cnn_gru_seqcap", SEQCAP),
    ("cnn_gru_seqcap", SEQCAP | {"pools": 1, "average_bins": 2, "window": 5, "iterations": 1}),
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
    ("localatt", {"dense": 10, "hidden": 8, "dropout": 0.0}),
    ("localatt", {"dense": 10, "hidden": 8, "reads": ("static", "delta"), "dropout": 0.1}),
    ("lstm_ctc", {"hidden": 16, "layers": 1, "reads": ()}),
    ("lstm_ctc", {"hidden": 8, "loss": "posterior", "num_labels": 3, "dropout": 0.1}),
    ("lstm_ctc", {"hidden": 16, "reads": (), "num_labels": 2, "reach": 1}),
    ("mscnn", MSCNN),
    ("mscnn", MSCNN | {"spu": False, "swem": False, "xvector": True, "dropout": 0.1}),
    ("mscnn", MSCNN | {"attention": False, "text_scales": (1, 3, 4)}),
    ("mscnn", MSCNN | {"modalities": "audio", "max_frames": 8}),
    ("sdcaff", SDCAFF),
    ("sdcaff", SDCAFF | {"fusion": "aff", "delta_axis": "cepstral", "max_frames": 0}),
    ("sdcaff", SDCAFF | {"fusion": "concat", "max_frames": 8}),
    ("sdcaff", SDCAFF | {"streams": "static", "auxiliary": 0.0}),
    ("sdcaff", SDCAFF | {"streams": "dynamic", "dropout": 0.1}),
    ("semantic", SEMANTIC),
    ("semantic", SEMANTIC | {"fusion": "attention", "reads": ("static", "delta")}),
    ("semantic", SEMANTIC | {"fusion": "concat", "step_ms": 250, "dropout": 0.1}),
    ("semantic", SEMANTIC | {"modalities": "semantic", "reads": ()}),
    ("semantic", SEMANTIC | {"tune_words": False, "fc": 16}),
    ("transformer", TRANSFORMER),
    ("transformer", TRANSFORMER | {"reads": ("static",), "layers": 2, "positions": "none"}),
    ("transformer", TRANSFORMER | {"reach": 2, "dropout": 0.1}),
    ("transformer_aux", TRANSFORMER),
    ("transformer_aux", TRANSFORMER | {"positions": "sine", "gender_weight": 0.1}),
    ("transformer_aux", TRANSFORMER | {"reads": ("static", "delta"), "max_positions": 4}),
]


WORDS = ["ja", "nein", "doch", "nie"]
KNOWN = {"text": WORDS, "text_asr": WORDS, "xvector": 3, "words": WORDS, "wave": 1000}


def reads_extras(model):
    return bool(getattr(model, "inputs", ()) or getattr(model, "optional_inputs", ()))


def make(name, options, seed=0):
    torch.manual_seed(seed)
    model = MODELS[name]
    known = [KNOWN] if reads_extras(model) else []
    return model(model.Config(**options), BLOCKS, CLASSES, *known)


def draw_extras(random):
    """One utterance's extras, as ``pyser.train.extras`` has them."""
    words = random.integers(1, len(WORDS) + 2, random.integers(1, 6))
    wave = random.standard_normal(random.integers(400, 900)).astype(np.float32)
    gender = np.int64(random.integers(-1, 2))
    words = {"text": words, "text_asr": words[::-1].copy()}
    xvector = random.standard_normal(KNOWN["xvector"]).astype(np.float32)
    found = {"gender": gender, **words, "wave": wave, "xvector": xvector}
    return found | {"words": draw_times(len(wave), random)}


def draw_times(num_samples, random):
    """One to five words that fill the utterance: id, start and end in milliseconds."""
    count, duration_ms = random.integers(1, 6), num_samples * 1000 / KNOWN["wave"]
    edges = np.linspace(0, duration_ms, count + 1).astype(np.int64)
    ids = random.integers(1, len(WORDS) + 2, count)
    return np.stack([ids, edges[:-1], edges[1:]], axis=1)


class Example(np.ndarray):
    """Features [T, D] of an utterance with its extras."""


def example(num_frames, random):
    width = sum(BLOCKS.values())
    found = random.standard_normal((num_frames, width)).astype(np.float32).view(Example)
    found.extras = draw_extras(random.spawn(1)[0])  # features are the same without them
    return found


def batch(lengths=(7, 1, 12, 4), seed=0):
    """Random features and extras whose padding is random too."""
    random = np.random.default_rng(seed)
    examples = [(example(length, random), 0) for length in lengths]
    made = collate(examples, range(len(lengths)), BLOCKS)
    fill_padding(made.features, made.lengths, lambda rows: torch.randn(rows.shape))
    return made.features, made.lengths


def padded_rows(features, lengths):
    """Yield (name, rows [B, L, ...], int64 [B]) of all that is padded."""
    for name, rows in features.items():
        if name in BLOCKS:
            yield name, rows, lengths
        elif f"{name}_lengths" in features:
            yield name, rows, features[f"{name}_lengths"]


def fill_padding(features, lengths, content):
    """Replace the padding in place; word ids are whole numbers, of which any may stand there."""
    for _, rows, real in padded_rows(features, lengths):
        for row, length in zip(rows, real.tolist(), strict=True):
            if rows.is_floating_point():
                row[length:] = content(row[length:])
            else:
                row[length:] = 3


def alone(features, lengths, row):
    """The utterance ``row`` of a batch as a batch of its own, without padding."""
    found = {name: rows[row : row + 1] for name, rows in features.items()}
    for name, rows, real in padded_rows(features, lengths):
        found[name] = rows[row : row + 1, : real[row]]
    return found, lengths[row : row + 1]


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
    fill_padding(features, lengths, lambda rows: torch.full_like(rows, content))
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
    for row in range(len(lengths)):
        single = small(*alone(features, lengths, row))
        torch.testing.assert_close(single[0], batched[row], rtol=0, atol=1e-5)


def test_longer_padding_changes_nothing(small):
    features, lengths = batch()
    small.eval()
    longer = dict(features)
    for name, rows, _ in padded_rows(features, lengths):
        empty = rows.new_zeros(len(rows), 9, *rows.shape[2:])
        longer[name] = torch.cat([rows, empty], dim=1)
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
    labels = torch.arange(4)
    criterion = Criterion(((labels, 1.0),), None, 0.0)
    training_loss(small, features, lengths, labels, criterion).backward()
    trained = {name: p for name, p in small.named_parameters() if p.requires_grad}
    for name, parameter in trained.items():
        assert parameter.grad is not None, name
        assert torch.isfinite(parameter.grad).all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_the_last_frame_matters(small):
    features, lengths = batch()
    small.eval()
    before = small(features, lengths)
    for name in BLOCKS:
        features[name][0, lengths[0] - 1] += 1.0
    after = small(features, lengths)
    assert (after[0] - before[0]).abs().max() > 1e-6
    assert torch.equal(after[1:], before[1:])


def test_overfits_eight_utterances(small):
    random = np.random.default_rng(1)
    examples = [(example(random.integers(5, 20), random), index % CLASSES) for index in range(8)]
    settings = TrainSettings(
        learning_rate=0.02, weight_decay=0.0, batch_size=8, epochs=80, patience=0
    )
    state = fit(small, examples, examples, settings)
    assert state.history[-1]["train_loss"] < 0.1
    assert logits(small, examples).argmax(axis=1).tolist() == [label for _, label in examples]


def test_what_can_be_shown_is_of_whole_utterances(small):
    assert can_explain(small) == bool(small.stride)
    if not can_explain(small):
        return
    random = np.random.default_rng(0)
    examples = [(example(length, random), 0) for length in (9, 1, 14)]
    for (features, label), inside in zip(examples, look_inside(small, examples), strict=True):
        num_frames = -(-len(features) // small.stride)
        for values in (inside.attention, inside.gate):
            assert values is None or values.shape == (num_frames,)
        assert inside.attention is None or inside.attention.sum() == pytest.approx(1, abs=1e-5)
        (alone,) = look_inside(small, [(features, label)])
        np.testing.assert_allclose(inside.embedding, alone.embedding, rtol=0, atol=1e-5)


def test_num_parameters_counts_all(small):
    assert small.num_parameters == sum(p.numel() for p in small.parameters() if p.requires_grad)


def test_saved_weights_give_the_same_output(small, tmp_path):
    features, lengths = batch()
    torch.save(small.state_dict(), tmp_path / "weights.pt")
    known = [KNOWN] if reads_extras(small) else []
    other = type(small)(small.config, small.blocks, CLASSES, *known)
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
