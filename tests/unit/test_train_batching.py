"""Batches: every utterance once, little padding, the same order for the same seed and epoch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pyser.errors import InputError
from pyser.train.batching import (
    MAX_PADDING,
    check_examples,
    collate,
    padding_share,
    shuffled_batches,
    sorted_batches,
)
from pyser.train.seeds import derive_seed

BLOCKS = {"static": 2, "delta": 1}


@given(st.lists(st.integers(1, 500), min_size=1, max_size=80), st.integers(1, 20))
def test_batches_hold_each_utterance_once(lengths, batch_size):
    for batches in (
        shuffled_batches(lengths, batch_size, 1, 2),
        sorted_batches(lengths, batch_size),
    ):
        assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
        assert max(len(batch) for batch in batches) <= batch_size
        for batch in batches:
            assert padding_share(lengths, [batch]) <= MAX_PADDING


def speech_lengths(count):
    """Numbers of frames spread as those of real utterances: mean 2.8 s, deviation 1 s."""
    return np.random.default_rng(0).gamma(7.8, 36, count).astype(int) + 50


def test_batches_are_full_where_lengths_allow():
    assert [len(batch) for batch in sorted_batches([50] * 20, 8)] == [8, 8, 4]
    lengths = speech_lengths(430)
    for batch_size, most in ((8, 62), (16, 38)):
        batches = shuffled_batches(lengths, batch_size, 0, 1)
        assert 430 / batch_size <= len(batches) <= most
    unordered = np.array_split(np.random.default_rng(1).permutation(430), 27)
    assert padding_share(lengths, unordered) > 0.3


def as_lists(batches):
    return [batch.tolist() for batch in batches]


def test_order_depends_on_seed_and_epoch_alone():
    lengths = speech_lengths(60)
    first = as_lists(shuffled_batches(lengths, 8, 1, 1))
    np.random.default_rng().random()
    assert as_lists(shuffled_batches(lengths, 8, 1, 1)) == first
    others = [(1, 2), (2, 1)]
    for seed, epoch in others:
        other = as_lists(shuffled_batches(lengths, 8, seed, epoch))
        assert other != first
        assert sorted(map(sorted, other)) != sorted(map(sorted, first))  # not only their order


def test_equal_lengths_are_mixed():
    order = np.concatenate(shuffled_batches([10] * 40, 8, 0, 1))
    assert order.tolist() != list(range(40))


def test_collate_pads_and_names_blocks():
    examples = [
        (np.array([[1, 2, 3], [4, 5, 6]], np.float32), 1),
        (np.array([[7, 8, 9]], np.float32), 0),
    ]
    batch = collate(examples, [1, 0], BLOCKS)
    assert batch.lengths.tolist() == [1, 2]
    assert batch.labels.tolist() == [0, 1]
    assert list(batch.features) == ["static", "delta"]
    assert batch.features["static"].tolist() == [[[7, 8], [0, 0]], [[1, 2], [4, 5]]]
    assert batch.features["delta"].tolist() == [[[9], [0]], [[3], [6]]]
    assert batch.features["static"].dtype == torch.float32


@pytest.mark.parametrize("shape", [(0, 3), (4, 2), (3,)])
def test_unusable_examples_are_named(shape):
    good = np.zeros((2, 3), np.float32)
    examples = [(good, 0), (np.zeros(shape, np.float32), 1)]
    with pytest.raises(InputError, match="training utterance 1"):
        check_examples(examples, BLOCKS, "training")


def test_no_examples_is_an_error():
    with pytest.raises(InputError, match="dev: there are no utterances"):
        check_examples([], BLOCKS, "dev")


def test_seeds_depend_on_each_name_and_fit_in_63_bits():
    seeds = {derive_seed(*names) for names in [("a", 1), ("a", 2), ("b", 1), (1, "a"), ("a", 1, 0)]}
    assert len(seeds) == 5
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed("a", 1) == derive_seed("a", 1)
