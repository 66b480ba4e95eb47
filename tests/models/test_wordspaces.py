"""Word vectors from contexts and from frames: what belongs together is near."""

import numpy as np
import torch

from pyser.models.alignment import prepare
from pyser.models.wordspaces import (
    WordEncoder,
    context_pairs,
    encode_words,
    learn_speech2vec,
    mean_vectors,
    pad_words,
    skip_gram,
)

KINDS = np.arange(12).reshape(4, 3)


def draw_sentences(count=150, seed=0):
    """Of four kinds of three words each, a word of each kind, always in the same order."""
    random = np.random.default_rng(seed)
    return [KINDS[np.arange(4), random.integers(3, size=4)] for _ in range(count)]


def test_pairs_of_a_window_end_with_the_utterance():
    pairs = {tuple(pair) for pair in context_pairs([3, 0, 1, 4], 2).tolist()}
    utterances = [[0, 1, 2], [], [3], [4, 5, 6, 7]]
    expected = {
        (a, b) for places in utterances for a in places for b in places if 0 < abs(a - b) <= 2
    }
    assert pairs == expected
    assert context_pairs([], 2).shape == (0, 2) and context_pairs([1], 2).shape == (0, 2)


def test_words_of_like_contexts_are_near_each_other():
    given = {"width": 8, "window": 1, "epochs": 20, "batch_size": 64}
    one, again = (prepare(skip_gram(draw_sentences(), 12, seed=1, **given)) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    cosines = one @ one.T
    for kind in KINDS:
        for word in kind:
            own = cosines[word, kind[kind != word]]
            assert own.min() > 0.3
            assert own.min() > np.delete(cosines[word], kind).max() + 0.2


def test_words_without_contexts_keep_some_vector():
    vectors = skip_gram([np.array([0]), np.array([], np.int64)], 2, 4, window=2, epochs=3, seed=0)
    assert vectors.shape == (2, 4) and np.isfinite(vectors).all()
    assert skip_gram([], 0, 4, window=2, epochs=3, seed=0).shape == (0, 4)


def draw_spoken(count=60, seed=0):
    """Utterances of five spoken words each: a pattern of frames for each word, noise, any tempo."""
    random = np.random.default_rng(seed)
    patterns = np.cumsum(np.random.default_rng(99).standard_normal((4, 8, 3)), axis=1)
    ids = random.integers(4, size=(count, 5))
    ids[:, 1::2] = (ids[:, :-1:2] + 1) % 4  # a word says something about the next
    spoken = []
    for row in ids:
        spoken.append([])
        for word in row:
            places = np.linspace(0, 7, random.integers(6, 12)).round().astype(int)
            frames = patterns[word][places]
            noisy = frames + 0.3 * random.standard_normal(frames.shape)
            spoken[-1].append(noisy.astype(np.float32))
    return ids, spoken


def make_encoder(seed=0):
    torch.manual_seed(seed)
    return WordEncoder(3, 12)


def test_instances_of_a_word_are_nearer_than_others():
    ids, spoken = draw_spoken()
    encoder = make_encoder()
    before = learn_speech2vec(make_encoder(), spoken, window=1, epochs=1, seed=3, rate=5e-3)
    after = learn_speech2vec(encoder, spoken, window=1, epochs=12, seed=3, rate=5e-3)
    assert after < 0.8 * before
    unheard_ids, unheard = draw_spoken(12, seed=5)
    vectors = prepare(encode_words(encoder, [word for words in unheard for word in words]))
    ids = unheard_ids.ravel()
    cosines = vectors @ vectors.T
    same = ids[:, None] == ids
    np.fill_diagonal(cosines, -2)
    assert (ids[cosines.argmax(axis=1)] == ids).mean() > 0.95
    np.fill_diagonal(same, False)
    assert cosines[same].mean() > cosines[~same & (cosines > -2)].mean() + 0.5
    means = mean_vectors(vectors, ids, 5)
    np.testing.assert_allclose(means[2], vectors[ids == 2].mean(axis=0))
    assert not means[4].any()


def test_speech2vec_is_reproducible():
    _, spoken = draw_spoken(10)
    encoders = [make_encoder() for _ in range(3)]
    state = torch.random.get_rng_state()
    losses = [
        learn_speech2vec(encoder, spoken, window=2, epochs=2, seed=seed)
        for encoder, seed in zip(encoders, (1, 1, 2), strict=True)
    ]
    assert torch.equal(torch.random.get_rng_state(), state)
    assert losses[0] == losses[1] != losses[2]
    one, again, other = (encoder.state_dict() for encoder in encoders)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_words_without_neighbours_teach_nothing():
    encoder = make_encoder()
    before = [p.clone() for p in encoder.parameters()]
    alone = [[np.ones((4, 3), np.float32)], []]
    assert np.isnan(learn_speech2vec(encoder, alone, window=2, epochs=2, seed=0))
    assert all(map(torch.equal, before, encoder.parameters()))


def test_the_padding_of_a_word_does_not_matter():
    random = np.random.default_rng(0)
    words = [random.standard_normal((n, 3)).astype(np.float32) for n in (4, 1, 7)]
    frames, lengths = pad_words(words)
    encoder = make_encoder()
    expected = encoder(frames, lengths)
    for row, word in enumerate(words):
        single = encoder(*pad_words([word]))[0]
        torch.testing.assert_close(expected[row], single, rtol=0, atol=1e-6)
        frames[row, len(word) :] = 1e6
    torch.testing.assert_close(encoder(frames, lengths), expected, rtol=0, atol=0)
