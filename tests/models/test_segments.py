"""Utterances in segments: what is cut, and what the answers of segments become."""

import numpy as np
import pytest
import torch

from pyser.models.segments import cut_segments, pool_segments


def test_segments_cover_each_utterance_and_nothing_else():
    lengths = [11, 3, 4, 5, 1]
    frames = torch.full((5, 12, 2), float("nan"))
    for index, length in enumerate(lengths):
        frames[index, :length] = 100 * index + torch.arange(length)[:, None]
    found = cut_segments(frames, torch.tensor(lengths), size=4, hop=3)
    rows = [
        row[:length, 0].tolist() for row, length in zip(found.frames, found.lengths, strict=True)
    ]
    expected = [[0, 1, 2, 3], [3, 4, 5, 6], [6, 7, 8, 9], [7, 8, 9, 10]]
    expected += [[100, 101, 102], [200, 201, 202, 203]]
    expected += [[300, 301, 302, 303], [301, 302, 303, 304], [400]]
    assert rows == expected
    assert found.owners.tolist() == [0, 0, 0, 0, 1, 2, 3, 3, 4]
    assert found.counts == [4, 1, 1, 2, 1]
    assert found.frames[4, 3].tolist() == [0, 0] and found.frames[8, 1:].abs().sum() == 0


@pytest.mark.parametrize(("how", "pool"), [("mean", np.mean), ("max", np.max)])
def test_answers_are_pooled_over_the_segments_of_an_utterance(how, pool):
    logits = torch.randn(6, 3, generator=torch.Generator().manual_seed(0))
    shares = np.exp(logits.numpy()) / np.exp(logits.numpy()).sum(axis=1, keepdims=True)
    expected = [pool(part, axis=0) for part in np.split(shares, [1, 4])]
    found = pool_segments(logits, [1, 3, 2], how).exp().numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_gradients_reach_every_real_frame_as_often_as_it_was_cut():
    frames = torch.randn(2, 6, 1, requires_grad=True)
    cut_segments(frames * 1.0, torch.tensor([6, 2]), size=4, hop=1).frames.sum().backward()
    assert frames.grad[:, :, 0].tolist() == [[1, 2, 3, 3, 2, 1], [1, 1, 0, 0, 0, 0]]
