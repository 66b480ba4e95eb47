"""Variants of training utterances: what they keep, what they hide, that they can be replayed."""

import numpy as np
import pytest

from pyser.train.augment import Augmenter
from pyser.train.settings import AugmentSettings

BLOCKS = {"static": 4, "delta": 4, "energy": 1}


def augmenter(frame_step=1, **settings):
    return Augmenter(AugmentSettings(**settings), frame_step, BLOCKS)


def numbered(num_frames):
    """Features [T, 9] whose every value tells its frame, counted from 1."""
    return np.repeat(np.arange(1, num_frames + 1, dtype=np.float32)[:, None], 9, axis=1)


def variants(chosen, features, count=200):
    return [chosen.epoch([(features, 0)], 1, epoch)[0][0] for epoch in range(count)]


def test_defaults_change_nothing():
    assert not AugmentSettings().active
    features = numbered(10)
    np.testing.assert_array_equal(variants(augmenter(), features, 1)[0], features)
    np.testing.assert_array_equal(variants(augmenter(3), features, 1)[0], features[::3])


def test_frame_offset_begins_at_each_of_the_first_frames():
    begins = {variant[0, 0] for variant in variants(augmenter(3, frame_offset=True), numbered(10))}
    assert begins == {1, 2, 3}


def test_one_frame_is_enough():
    settings = {"frame_offset": True, "tempo": 0.3, "mask_bands": 4, "mask_frames": 9}
    assert {v.shape for v in variants(augmenter(3, **settings), numbered(1))} == {(1, 9)}


def test_tempo_changes_the_length_within_its_bounds():
    lengths = [len(v) for v in variants(augmenter(2, tempo=0.2), numbered(1000))]
    assert 500 * np.exp(-0.2) - 1 <= min(lengths) < 430
    assert 570 < max(lengths) <= 500 * np.exp(0.2) + 1
    for variant in variants(augmenter(2, tempo=0.2), numbered(1000), 5):
        assert np.all(np.diff(variant[:, 0]) >= 1)


def test_bands_are_hidden_with_their_deltas_and_nothing_else():
    widths = set()
    for variant in variants(augmenter(mask_bands=2), numbered(5)):
        hidden = variant[0] == 0
        assert np.array_equal(hidden[:4], hidden[4:8]) and not hidden[8]
        assert np.all((variant == 0) == hidden)
        widths.add(int(hidden[:4].sum()))
    assert widths == {0, 1, 2}


@pytest.mark.parametrize("num_frames, longest", [(100, 9), (20, 5)])
def test_hidden_stretch_is_bounded(num_frames, longest):
    lengths = set()
    for variant in variants(augmenter(mask_frames=9), numbered(num_frames)):
        hidden = np.flatnonzero(np.all(variant == 0, axis=1))
        assert np.array_equal(hidden, np.arange(len(hidden)) + (hidden[0] if len(hidden) else 0))
        lengths.add(len(hidden))
    assert max(lengths) == longest and min(lengths) == 0


def test_an_epoch_can_be_replayed_and_the_original_is_untouched():
    chosen = augmenter(2, tempo=0.1, frame_offset=True, mask_bands=2, mask_frames=5)
    examples = [(numbered(50), 0), (numbered(60), 1)]
    first = chosen.epoch(examples, 1, 7)
    second = chosen.epoch(examples, 1, 7)
    for (one, label), (other, _), (original, expected) in zip(first, second, examples, strict=True):
        np.testing.assert_array_equal(one, other)
        assert label == expected
        np.testing.assert_array_equal(original, numbered(len(original)))
    assert not np.array_equal(first[0][0], chosen.epoch(examples, 1, 8)[0][0])
    assert not np.array_equal(first[0][0], chosen.epoch(examples, 2, 7)[0][0])
