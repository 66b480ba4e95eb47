"""MSCNN's parts and the whole against NumPy, written from the equations, an utterance at a time."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.mscnn import MSCNN, MultiScale, WordVectors, attend, statistics

BLOCKS = {"static": 2, "delta": 2, "delta2": 2}
LENGTHS, NUM_WORDS = torch.tensor([6, 1, 4]), torch.tensor([2, 5, 1])
WORDS = ["a", "b", "c", "d"]
XVECTOR = 3
TINY = {"filters": 3, "audio_scales": (3, 5), "text_scales": (2, 4), "embedding": 4}


def draw(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def padded(lengths, width, seed=0):
    frames = draw(len(lengths), int(lengths.max()), width, seed=seed)
    for row, length in zip(frames, lengths.tolist(), strict=True):
        row[length:] = 0
    return frames


def convolutions(x, weights, prefix):
    """Of x [T, d] the rectified outputs [T, sum of filters] of all sizes."""
    found = []
    number = 0
    while f"{prefix}.convolutions.{number}.weight" in weights:
        weight = weights[f"{prefix}.convolutions.{number}.weight"]  # [filters, d, s]
        bias = weights[f"{prefix}.convolutions.{number}.bias"]
        size = weight.shape[2]
        y = np.zeros((len(x), len(weight)))
        for t in range(len(x)):
            for f in range(len(weight)):
                y[t, f] = bias[f]
                for k in range(size):
                    place = t - (size - 1) // 2 + k
                    if 0 <= place < len(x):
                        y[t, f] += weight[f, :, k] @ x[place]
        found.append(np.maximum(y, 0))
        number += 1
    return np.concatenate(found, axis=1)


def pool(h, spu=True):
    """SPU of h [T, d]: mean, maximum, deviation."""
    if not spu:
        return [np.max(h, axis=0)]
    mean = sum(h) / len(h)
    return [mean, np.max(h, axis=0), np.sqrt(sum((row - mean) ** 2 for row in h) / len(h) + 1e-5)]


def attention(query, keys):
    scores = np.array([query @ key for key in keys])
    weights = np.exp(scores - scores.max()) / np.exp(scores - scores.max()).sum()
    return sum(weight * key for weight, key in zip(weights, keys, strict=True))


def forward(config, weights, frames, words, xvector):
    """Logits [C] of one utterance: frames [T, d], word vectors [L, e]."""
    joined, queries = [], []
    if config.modalities != "text":
        queries = pool(convolutions(frames, weights, "audio"), config.spu)
        joined += queries
    if config.modalities != "audio":
        h = convolutions(words, weights, "text")
        joined += pool(h, config.spu)
        if config.attention and config.modalities == "both":
            joined += [attention(query, h) for query in queries]
        if config.swem:
            joined += [np.mean(words, axis=0), np.max(words, axis=0)]
    if config.xvector:
        joined.append(xvector / np.sqrt(np.sum(xvector**2)) * np.sqrt(XVECTOR))
    return weights["classifier.weight"] @ np.concatenate(joined) + weights["classifier.bias"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"xvector": True},
        {"spu": False},
        {"attention": False, "text_scales": (1, 2, 3)},
        {"swem": False},
        {"modalities": "audio", "xvector": True},
        {"modalities": "text"},
    ],
    ids=lambda options: ",".join(f"{k}={v}" for k, v in options.items()) or "paper",
)
def test_forward_equals_the_equations(options):
    torch.manual_seed(3)
    config = MSCNN.Config(**TINY | options)
    model = MSCNN(config, BLOCKS, 4, {"text": WORDS, "xvector": XVECTOR}).double().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.6)
        if model.words:
            model.words.table[0] = 0  # no training moves the vector of padding
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    frames = padded(LENGTHS, 6)
    ids = torch.from_numpy(np.random.default_rng(1).integers(1, 6, (3, 5)))
    features = dict(zip(BLOCKS, frames.split(2, dim=-1), strict=True))
    features |= {"text": ids, "text_lengths": NUM_WORDS, "xvector": draw(3, XVECTOR, seed=2)}
    output = model(features, LENGTHS).detach().numpy()
    for row in range(3):
        words = ids[row, : NUM_WORDS[row]].numpy()
        vectors = weights["words.table"][words] if model.words else None
        given = frames[row, : LENGTHS[row]].numpy(), vectors, features["xvector"][row].numpy()
        expected = forward(config, weights, *given)
        np.testing.assert_allclose(output[row], expected, rtol=0, atol=1e-10)


def test_spu_is_over_real_frames():
    frames = padded(LENGTHS, 4).relu()
    found = statistics(frames, LENGTHS).numpy()
    for row, length in enumerate(LENGTHS):
        expected = pool(frames[row, :length].numpy())
        np.testing.assert_allclose(found[row], expected, rtol=0, atol=1e-12)


def test_audio_queries_attend_to_words_whatever_their_numbers():
    queries, keys = draw(3, 2, 4), padded(NUM_WORDS, 4, seed=1)
    found = attend(queries, keys, NUM_WORDS).numpy()
    for row, count in enumerate(NUM_WORDS):
        for g in range(2):
            expected = attention(queries[row, g].numpy(), keys[row, :count].numpy())
            np.testing.assert_allclose(found[row, g], expected, rtol=0, atol=1e-12)


def test_convolutions_wider_than_an_utterance():
    module = MultiScale(2, 3, (1, 4, 7)).double()
    weights = {f"m.{name}": tensor.numpy() for name, tensor in module.state_dict().items()}
    frames = padded(LENGTHS, 2)
    found = module(frames, LENGTHS).detach().numpy()
    for row, length in enumerate(LENGTHS):
        expected = convolutions(frames[row, :length].numpy(), weights, "m")
        np.testing.assert_allclose(found[row, :length], expected, rtol=0, atol=1e-10)
        assert not found[row, length:].any()


def test_longer_utterances_are_cut():
    model = MSCNN(MSCNN.Config(**TINY, max_frames=3, max_words=2), BLOCKS, 4, {"text": WORDS})
    model.eval()
    frames, ids = padded(LENGTHS, 6).float(), torch.tensor([[2, 3, 0], [4, 2, 5], [1, 0, 0]])
    features = dict(zip(BLOCKS, frames.split(2, dim=-1), strict=True))
    features |= {"text": ids, "text_lengths": torch.tensor([2, 3, 1])}
    cut = {name: features[name][:, :3] for name in BLOCKS}
    cut |= {"text": ids[:, :2], "text_lengths": torch.tensor([2, 2, 1])}
    assert torch.equal(model(features, LENGTHS), model(cut, LENGTHS.clamp(max=3)))


@pytest.mark.parametrize("tuned", [False, True])
def test_given_word_vectors(tuned):
    given = draw(4, 5).numpy().astype(np.float32)
    module = WordVectors(4, 99, given, tuned)
    ids, lengths = torch.tensor([[2, 5], [1, 3], [4, 4]]), torch.tensor([2, 2, 1])
    found = module(ids, lengths).detach().numpy()
    expected = [[given[0], given[3]], [given.mean(axis=0), given[1]], [given[2], np.zeros(5)]]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    assert len(list(module.parameters())) == tuned
    assert len(module.state_dict()) == tuned


def test_new_word_vectors_are_trained_but_for_padding():
    module = WordVectors(3, 5)
    module(torch.tensor([[2, 4, 0]]), torch.tensor([3])).sum().backward()
    assert module.table.grad.abs().sum(dim=1).tolist() == [0, 0, 5, 0, 5]
    assert not module.table[:2].any()


def test_an_utterance_without_words_is_answered():
    model = MSCNN(MSCNN.Config(**TINY), BLOCKS, 4, {"text": []}).eval()
    features = {name: draw(1, 3, 2).float() for name in BLOCKS}
    features |= {"text": torch.tensor([[0]]), "text_lengths": torch.tensor([1])}
    assert torch.isfinite(model(features, torch.tensor([3]))).all()


def test_number_of_parameters_is_the_documented_one():
    words = {"text": [str(number) for number in range(3000)]}
    model = MSCNN(MSCNN.Config(), dict.fromkeys(BLOCKS, 32), 4, words)
    assert model.num_parameters == 1_853_276
    assert "1,853,276 parameters" in MSCNN.__doc__


@pytest.mark.parametrize(
    "options, message",
    [
        ({"audio_scales": ()}, "audio_scales is ..; expected one or more"),
        ({"text_scales": (2, 0)}, "text_scales is .2, 0.; expected one or more"),
        ({"audio_scales": (3,)}, "audio_scales is .3.; expected as many as text_scales .4."),
    ],
)
def test_sizes_that_cannot_be(options, message):
    with pytest.raises(InputError, match=message):
        MSCNN.Config(**options)
