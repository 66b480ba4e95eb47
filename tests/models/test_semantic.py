"""``semantic`` against NumPy, a step at a time, and what it learns before the labels."""

import numpy as np
import pytest
import torch
from test_models import BLOCKS, CLASSES, KNOWN, SEMANTIC, Example, alone, batch, make

from pyser.errors import InputError
from pyser.models.alignment import prepare
from pyser.models.semantic import (
    Fusion,
    Semantic,
    SourceAttention,
    WaveSteps,
    frames_of_words,
    words_of_steps,
)
from pyser.models.wordspaces import encode_words

WIDTHS, PROJECTED, FC = (5, 3), 6, 4


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def weights_of(module):
    return {name: values.double().numpy() for name, values in module.state_dict().items()}


def layer(x, weights, name):
    """A layer with ReLU of one vector."""
    return np.maximum(weights[f"{name}.weight"] @ x + weights[f"{name}.bias"], 0)


def attended(sources, weight):
    """The sources of one step, each with the softmax of its score."""
    scores = [float(weight[0] @ source) / np.sqrt(len(source)) for source in sources]
    powers = [np.exp(score) for score in scores]
    return sum(power / sum(powers) * source for power, source in zip(powers, sources, strict=True))


def fused(sources, weights, kind):
    """One vector from the sources of one step."""
    found = [layer(x, weights, f"project.{n}") for n, x in enumerate(sources)]
    if kind == "concat":
        return layer(np.concatenate(found), weights, "layers.0")
    joined = attended(found, weights["sources.score.weight"]) if len(found) > 1 else found[0]
    one, two, three = (layer(joined, weights, f"layers.{n}") for n in range(3))
    if kind == "attention":
        return attended([one, two, three], weights["fuse.0.score.weight"])
    pair = attended([one, two], weights["fuse.0.score.weight"])
    return attended([pair, three], weights["fuse.1.score.weight"])


@pytest.mark.parametrize("kind", ["concat", "attention", "hierarchical"])
@pytest.mark.parametrize("widths", [WIDTHS, WIDTHS[:1]])
def test_fusion(kind, widths):
    torch.manual_seed(1)
    fusion = Fusion(widths, PROJECTED, FC, kind).double()
    sources = [3 * draw(2, 4, width, seed=width) for width in widths]
    found = fusion(*map(torch.from_numpy, sources)).detach().numpy()
    weights = weights_of(fusion)
    assert found.shape == (2, 4, FC) and found.std() > 0
    for b in range(2):
        for s in range(4):
            expected = fused([source[b, s] for source in sources], weights, kind)
            np.testing.assert_allclose(found[b, s], expected, atol=1e-10)


def test_equal_scores_give_the_mean():
    attention = SourceAttention(3)
    torch.nn.init.zeros_(attention.score.weight)
    one, two = torch.ones(2, 3), torch.full((2, 3), 5.0)
    torch.testing.assert_close(attention(one, two), torch.full((2, 3), 3.0))


def heard(step, weights):
    """What three convolutions find in one step [samples]."""
    maps = step[None]
    for number, (size, pool) in enumerate(zip((8, 6, 6), (10, 5, 5), strict=True)):
        weight = weights[f"convolutions.{number}.weight"]
        bias = weights[f"convolutions.{number}.bias"]
        found = np.zeros((len(weight), maps.shape[1]))
        for t in range(maps.shape[1]):
            found[:, t] = bias
            for k in range(size):
                place = t + k - (size - 1) // 2
                if 0 <= place < maps.shape[1]:
                    found[:, t] += weight[:, :, k] @ maps[:, place]
        found = np.maximum(found, 0)
        starts = range(0, found.shape[1], pool)
        maps = np.stack([found[:, t : t + pool].max(axis=1) for t in starts], axis=1)
    return maps.ravel()


@pytest.mark.parametrize("samples", [1, 9, 260])
def test_convolutions_of_a_step(samples):
    torch.manual_seed(2)
    module = WaveSteps(samples, (3, 4, 2), 0.5).double().eval()
    steps = draw(3, samples)
    found = module(torch.from_numpy(steps)).detach().numpy()
    assert found.shape == (3, module.num_outputs)
    for row, step in zip(found, steps, strict=True):
        np.testing.assert_allclose(row, heard(step, weights_of(module)), atol=1e-10)


def placed(words, step, step_ms):
    """The place of the word that takes most of a step, found by counting milliseconds."""
    counts = [0] * len(words)
    for ms in range(step * step_ms, (step + 1) * step_ms):
        for place, (_, start, end) in enumerate(words):
            counts[place] += start <= ms < end
    return counts.index(max(counts)) if max(counts) else -1


def test_words_are_placed_in_steps():
    random = np.random.default_rng(3)
    utterances = [[(5, 100, 200), (6, 250, 350), (7, 380, 390), (7, 390, 430)], [(0, 0, 0)]]
    for _ in range(6):  # words with gaps, some far beyond the steps
        edges = np.sort(random.choice(900, 8, replace=False)).reshape(4, 2)
        utterances.append([(2, *edge) for edge in edges.tolist()])
    lengths = torch.tensor([len(words) for words in utterances])
    table = torch.full((len(utterances), 4, 3), 3)
    table[:, :, 2] = 500  # padding that would be seen
    for row, words in zip(table, utterances, strict=True):
        row[: len(words)] = torch.tensor(words)
    found = words_of_steps(table, lengths, 6, 100)
    expected = [[placed(words, step, 100) for step in range(6)] for words in utterances]
    assert found.tolist() == expected
    assert expected[:2] == [[-1, 0, 1, 1, 3, -1], [-1] * 6]  # equal parts: the first one


def test_frames_of_words_follow_the_time():
    words = torch.tensor(
        [[[2, 0, 300], [2, 300, 310], [2, 990, 1400]], [[2, 0, 1], [0, 0, 0], [3, 500, 700]]]
    )
    found = frames_of_words(words, torch.tensor([98, 1]), torch.tensor([1000.0, 800.0]))
    assert found[0].tolist() == [[0, 29], [29, 30], [97, 98]]  # 0.3 s of 98 frames a second
    assert found[1].tolist() == [[0, 1]] * 3
    # the same words at half the frames
    half = frames_of_words(words[:1], torch.tensor([49]), torch.tensor([1000.0]))
    assert half[0].tolist() == [[0, 15], [15, 16], [48, 49]]
    one = frames_of_words(words[0].numpy(), 98, 1000.0)
    assert torch.equal(one, found[0])


def reference(model, features, lengths):
    """Outputs of a batch, an utterance and a step at a time, from the parts tested above."""
    answers = []
    for row in range(len(lengths)):
        one, (length,) = alone(features, lengths, row)
        words, wave = one["words"][0].tolist(), one["wave"][0]
        frames = torch.cat([one[name][0] for name in model.reads], dim=-1)
        num_steps = -(-len(wave) // 100)
        vectors = []
        for _, start, end in words:
            rate = float(length) / len(wave)  # frames per millisecond, at 1000 samples a second
            first = min(round(start * rate), int(length) - 1)
            last = max(first + 1, round(end * rate))
            vector = encode_words(model.words.encoder, [frames[first:last].numpy()])
            vector = prepare(vector, model.words.centre.numpy())[0]
            vectors.append(model.words.rotation.numpy() @ vector * np.sqrt(len(vector)))
        steps = []
        for step in range(num_steps):
            samples = np.zeros(100, np.float32)
            part = wave[100 * step : 100 * (step + 1)].numpy()
            samples[: len(part)] = part
            place = placed(words, step, 100)
            spoken = vectors[place] if place >= 0 else np.zeros(model.config.vector)
            sound = heard(samples.astype(float), weights_of(model.audio))
            steps.append(fused([sound, spoken], weights_of(model.fusion), model.config.fusion))
        with torch.no_grad():
            states = model.lstm(torch.from_numpy(np.array(steps))[None].float())[0]
            answers.append(model.classifier(states)[0].tanh().mean(dim=0))
    return torch.stack(answers)


@pytest.mark.parametrize("fusion", ["attention", "hierarchical", "concat"])
def test_the_whole_model(fusion):
    model = make("semantic", SEMANTIC | {"fusion": fusion, "output": "tanh"}).eval()
    draw_alignment(model)
    features, lengths = batch()
    features["words"][0, 0, 2] -= 120  # a pause
    with torch.no_grad():
        found = model(features, lengths)
    torch.testing.assert_close(found, reference(model, features, lengths), rtol=0, atol=1e-5)


def draw_alignment(model):
    random = np.random.default_rng(7)
    width = model.config.vector
    rotation = np.linalg.qr(random.standard_normal((width, width)))[0]
    model.words.rotation.copy_(torch.from_numpy(rotation))
    model.words.centre.copy_(torch.from_numpy(0.1 * random.standard_normal(width)))


def test_ids_of_words_are_not_read_after_pretraining():
    model = make("semantic", SEMANTIC).eval()
    features, lengths = batch()
    expected = model(features, lengths)
    features["words"][:, :, 0] = 1
    assert torch.equal(model(features, lengths), expected)
    features["words"] = torch.zeros(4, 1, 3, dtype=torch.int64)
    features["words_lengths"] = torch.ones(4, dtype=torch.int64)
    found = model(features, lengths)  # no words at all
    assert torch.isfinite(found).all() and not torch.equal(found, expected)


def test_audio_alone_reads_no_words():
    model = make("semantic", SEMANTIC | {"modalities": "audio"}).eval()
    features, lengths = batch()
    expected = model(features, lengths)
    features["words"][:], features["static"][:] = 0, 0
    assert torch.equal(model(features, lengths), expected)
    features["wave"][0, features["wave_lengths"][0] - 1] += 1
    after = model(features, lengths)
    assert not torch.equal(after[0], expected[0]) and torch.equal(after[1:], expected[1:])
    assert model.pretrain([], 0) == "words are not read"


def test_many_steps_are_heard_in_parts(monkeypatch):
    model = make("semantic", SEMANTIC).eval()
    features, lengths = batch()
    expected = model(features, lengths)
    monkeypatch.setattr("pyser.models.semantic._AT_ONCE", 3)
    torch.testing.assert_close(model(features, lengths), expected, rtol=0, atol=1e-5)


def test_products_may_be_made_with_fewer_digits():
    model = make("semantic", SEMANTIC)
    features, lengths = batch()
    expected = model(features, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        found = model(features, lengths)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, expected, rtol=0, atol=0.02)
    found.sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_the_answers_of_tanh_lie_between_its_ends():
    model = make("semantic", SEMANTIC | {"output": "tanh"})
    with torch.no_grad():
        model.classifier.weight.mul_(100)
    features, lengths = batch()
    assert model(features, lengths).abs().max() <= 1


def spoken_examples(count=40, seed=0):
    """Utterances of five words, whose frames are patterns with noise; 10 frames are 0.1 s."""
    random = np.random.default_rng(seed)
    patterns = np.random.default_rng(50).standard_normal((4, 10, sum(BLOCKS.values())))
    examples = []
    for number in range(count):
        ids = random.integers(4, size=5)
        ids[1::2] = (ids[:-1:2] + 1) % 4
        frames = np.concatenate([patterns[word] for word in ids])
        frames = frames + 0.3 * random.standard_normal(frames.shape)
        features = frames.astype(np.float32).view(Example)
        starts = 100 * np.arange(5)
        words = np.stack([ids + 2, starts, starts + 100], axis=1)
        features.extras = {"words": words, "wave": np.zeros(500, np.float32)}
        examples.append((features, number % CLASSES))
    return examples


FAST = {"restarts": 2, "align_steps": 10, "speech_epochs": 4, "word_epochs": 3}


def test_pretraining_is_kept_in_weights_and_buffers_and_reproducible():
    examples = spoken_examples()
    models = [make("semantic", SEMANTIC | FAST | {"tune_words": False}) for _ in range(3)]
    before = {name: values.clone() for name, values in models[0].state_dict().items()}
    told = [model.pretrain(examples, seed) for model, seed in zip(models, (5, 5, 6), strict=True)]
    assert told[0] == told[1] != told[2]
    assert told[0].startswith("4 words, spoken 200 times; Speech2Vec ends at ")
    assert "pairs of 4 words, score" in told[0]
    assert "6 pairs would determine the map, the rest is arbitrary" in told[0]
    one, again, other = (model.state_dict() for model in models)
    assert all(torch.equal(one[name], again[name]) for name in one)
    changed = {name for name in one if not torch.equal(one[name], before[name])}
    assert changed == {name for name in one if name.startswith("words.")}
    assert not torch.equal(one["words.rotation"], other["words.rotation"])
    assert not any(p.requires_grad for p in models[0].words.parameters())
    rotation = one["words.rotation"]
    torch.testing.assert_close(rotation @ rotation.T, torch.eye(6), rtol=0, atol=1e-5)


def test_the_words_of_training_may_tell_what_belongs_together():
    model = make("semantic", SEMANTIC | FAST | {"start": "words"})
    told = model.pretrain(spoken_examples(), 5)
    assert "aligned from the start words by 4 pairs of 4 words" in told
    # six dimensions hold four words in any arrangement, so that all can be brought together
    assert "100.0 % have their own written form nearest" in told


def test_spoken_words_lie_where_pretraining_saw_them():
    """The same word, spoken anew, has nearly the vector of the first time; another has not."""
    model = make("semantic", SEMANTIC | FAST | {"speech_epochs": 20}).eval()
    model.pretrain(spoken_examples(80), 1)
    unheard = spoken_examples(10, seed=9)
    frames = [np.asarray(features)[:, :5] for features, _ in unheard]
    words = [torch.from_numpy(rows[10 * n : 10 * (n + 1)]) for rows in frames for n in range(5)]
    ids = np.concatenate([features.extras["words"][:, 0] for features, _ in unheard])
    with torch.no_grad():
        vectors = model.words(words).numpy() / np.sqrt(6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    cosines = vectors @ vectors.T
    same = ids[:, None] == ids
    assert cosines[same].mean() > cosines[~same].mean() + 0.5


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_words_stay_in_their_own_space(count):
    examples = spoken_examples(3)
    for features, _ in examples:
        features.extras["words"] = np.array([[0, 0, 0], [2, 0, 200]][count : count + 1])
    torch.manual_seed(0)
    known = KNOWN | {"words": ["la"][:count]}
    model = Semantic(Semantic.Config(**SEMANTIC, **FAST), BLOCKS, CLASSES, known)
    told = model.pretrain(examples, 0)
    assert "too few words to align: their vectors stay in their own space" in told
    assert torch.equal(model.words.rotation, torch.eye(6))
    features, lengths = batch()
    assert torch.isfinite(model(features, lengths)).all()


def test_what_cannot_be_configured():
    with pytest.raises(InputError, match="channels is"):
        Semantic.Config(channels=(3, 4))
    with pytest.raises(InputError, match="vector is 7; expected an even number"):
        Semantic.Config(vector=7)


def test_defaults_have_the_parameters_that_are_told():
    known = {"wave": 16000, "words": ["la"]}
    model = Semantic(Semantic.Config(), {"static": 26}, 7, known)
    assert f"{model.num_parameters:,} parameters" in Semantic.__doc__
