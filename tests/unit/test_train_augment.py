"""Variants of training utterances: what they keep, what they hide, that they can be replayed."""

import numpy as np
import pytest

from pyser.train.augment import Augmenter, warp_bands
from pyser.train.settings import AugmentSettings, DataSettings

BLOCKS = {"static": 4, "delta": 4, "energy": 1}
COLUMNS = [(0, 4), (4, 8), (8, 9)]


def augmenter(frame_step=1, frame_stack=1, **settings):
    data = DataSettings(frame_step=frame_step, frame_stack=frame_stack)
    return Augmenter(AugmentSettings(**settings), data, BLOCKS)


def numbered(num_frames):
    """Features [T, 9] whose every value tells its frame, counted from 1."""
    return np.repeat(np.arange(1, num_frames + 1, dtype=np.float32)[:, None], 9, axis=1)


def variants(chosen, features, count=200):
    made = [chosen.epoch([(features, 0)], 1, epoch)[0][0] for epoch in range(count)]
    arrays = [np.asarray(variant) for variant in made]
    assert [variant.shape for variant in made] == [array.shape for array in arrays]
    return arrays


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
        np.testing.assert_array_equal(one, one)  # looked at twice, it is the same
        assert label == expected
        np.testing.assert_array_equal(original, numbered(len(original)))
    assert not np.array_equal(first[0][0], chosen.epoch(examples, 1, 8)[0][0])
    assert not np.array_equal(first[0][0], chosen.epoch(examples, 2, 7)[0][0])


def test_joined_frames_come_block_by_block():
    random = np.random.default_rng(0)
    features = random.standard_normal((7, 9)).astype(np.float32)
    (joined,) = variants(augmenter(3, frame_stack=2), features, 1)
    expected = [
        np.concatenate([features[[t, min(t + 1, 6)], a:b].ravel() for a, b in COLUMNS])
        for t in (0, 3, 6)
    ]
    np.testing.assert_array_equal(joined, expected)


def test_several_masks_hide_more():
    hidden = [
        np.mean([np.mean(v == 0) for v in variants(augmenter(mask_bands=3, **more), numbered(9))])
        for more in ({}, {"num_masks": 3})
    ]
    assert 0 < hidden[0] < hidden[1]


def test_gain_shifts_the_first_block_alone():
    features = numbered(5)
    shifts = []
    for variant in variants(augmenter(gain=0.5), features):
        np.testing.assert_array_equal(variant[:, 4:], features[:, 4:])
        shift = variant[:, :4] - features[:, :4]
        np.testing.assert_allclose(shift, shift[0, 0], atol=1e-5)
        shifts.append(shift[0, 0])
    assert abs(np.mean(shifts)) < 0.15 and 0.4 < np.std(shifts) < 0.6


def test_warped_bands_are_read_from_other_places():
    frames = np.tile(np.array([0, 10, 20, 30, 0, 1, 2, 3, 7], np.float32), (2, 1))
    np.testing.assert_allclose(
        warp_bands(frames, 1.25, BLOCKS)[0], [0, 12.5, 25, 30, 0, 1.25, 2.5, 3, 7]
    )
    np.testing.assert_allclose(
        warp_bands(frames, 0.5, BLOCKS)[1], [0, 5, 10, 15, 0, 0.5, 1, 1.5, 7]
    )
    assert warp_bands(frames, 1, BLOCKS) is frames
    factors = {round(float(v[0, 1]), 4) for v in variants(augmenter(warp=0.1), frames, 50)}
    assert len(factors) > 40
    assert 10 * np.exp(-0.1) <= min(factors) and max(factors) <= 10 * np.exp(0.1)
