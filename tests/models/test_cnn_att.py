"""CNN with attention pooling: its pooling and answers against loops written from the paper."""

import numpy as np
import pytest
import torch

from pyser.errors import InputError
from pyser.models.cnn_att import ClassAttention, CNNAttention

SMALL = {"bins": 4, "maps": (3, 5), "pools": 1, "first_maps": 2}


def pool_by_hand(maps, weights):
    """Logits of one utterance's maps [K, T, F]: a map of each class times the bottom-up one."""
    bottom_up, top_down = weights["bottom_up.score.weight"][0], weights["top_down.weight"]
    num_frames, bins = maps.shape[1:]
    where = np.zeros((num_frames, bins))
    classes = np.zeros((len(top_down), num_frames, bins))
    for t, f in np.ndindex(num_frames, bins):
        where[t, f] = np.exp(bottom_up @ maps[:, t, f])
        classes[:, t, f] = top_down @ maps[:, t, f] + weights["top_down.bias"]
    return (classes * where / where.sum()).sum(axis=(1, 2))


def test_attention_pooling_is_a_product_of_two_maps():
    torch.manual_seed(0)
    module = ClassAttention(5, 3).double()
    weights = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    lengths = [4, 1, 7]
    maps = np.random.default_rng(0).standard_normal((3, 5, 7, 6))
    expected = [pool_by_hand(m[:, :n], weights) for m, n in zip(maps, lengths, strict=True)]
    found = module(torch.from_numpy(maps), torch.tensor(lengths)).detach()
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_answers_are_the_mean_posteriors_of_the_segments():
    """Each segment as an utterance of its own; starts every 2 frames, the last at the end."""
    torch.manual_seed(1)
    config = CNNAttention.Config(**SMALL, segment_frames=6, train_hop=5, test_hop=2)
    model = CNNAttention(config, {"static": 5}, 3).double().eval()
    frames = torch.randn(2, 11, 5, dtype=torch.double)
    lengths = torch.tensor([11, 3])
    found = model({"static": frames}, lengths).exp().detach()
    segments = [frames[:1, start : start + 6] for start in (0, 2, 4, 5)]
    alone = [model({"static": s}, torch.tensor([6])).exp() for s in segments]
    torch.testing.assert_close(found[:1], sum(alone) / 4)
    torch.testing.assert_close(
        found[1:], model({"static": frames[1:, :3]}, torch.tensor([3])).exp()
    )
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))


def test_segments_are_denser_at_test_than_in_training():
    config = CNNAttention.Config(**SMALL, segment_frames=6, train_hop=5, test_hop=2)
    model = CNNAttention(config, {"static": 5}, 3)
    features, lengths, labels = {"static": torch.randn(2, 11, 5)}, torch.tensor([11, 3]), None
    taken = []
    criterion = lambda logits, owners: taken.append((len(logits), owners.tolist()))  # noqa: E731
    model.training_loss(features, lengths, labels, criterion)
    model.eval().training_loss(features, lengths, labels, criterion)
    assert taken == [(3, [0, 0, 1]), (5, [0, 0, 0, 0, 1])]


def test_defaults_are_the_stated_sizes():
    config = CNNAttention.Config()
    assert (config.segment_frames, config.train_hop, config.test_hop) == (200, 100, 40)
    sizes = [
        [(*c.kernel_size, c.out_channels) for c in layer.convolutions]
        for layer in CNNAttention(config, {"static": 257}, 4).layers
    ]
    squares = [[(3, 3, count)] for count in (32, 48, 64, 80)]
    assert sizes == [[(2, 10, 8), (8, 2, 8)], *squares]


@pytest.mark.parametrize(
    "option", [{"test_hop": 201}, {"train_hop": 300}, {"maps": ()}, {"maps": (4, 0)}, {"pools": 5}]
)
def test_settings_that_contradict_each_other_are_refused(option):
    (name,) = option
    with pytest.raises(InputError, match=name):
        CNNAttention.Config(**option)
