"""The loss of an auxiliary task against its definition, where some or all targets are unknown."""

import numpy as np
import pytest
import torch

from pyser.models.auxiliary import auxiliary_loss


@pytest.mark.parametrize("targets", [[1, -1, 0, 2, -1], [-1, -1, -1, 1, -1], [0, 1, 2, 2, 0]])
def test_it_is_the_mean_over_the_known_rows(targets):
    logits = np.random.default_rng(0).standard_normal((5, 3)) * 3
    losses = [
        np.log(np.sum(np.exp(row))) - row[target]
        for row, target in zip(logits, targets, strict=True)
        if target >= 0
    ]
    found = auxiliary_loss(torch.from_numpy(logits), torch.tensor(targets))
    np.testing.assert_allclose(found.item(), np.mean(losses), rtol=0, atol=1e-12)


def test_without_any_known_target_it_is_zero_with_a_gradient_of_zero():
    logits = torch.randn(4, 2, requires_grad=True)
    loss = auxiliary_loss(logits, torch.full((4,), -1))
    loss.backward()
    assert loss.item() == 0.0
    assert torch.equal(logits.grad, torch.zeros(4, 2))


def test_unknown_rows_get_no_gradient():
    logits = torch.randn(3, 2, requires_grad=True)
    auxiliary_loss(logits, torch.tensor([1, -1, 0])).backward()
    assert logits.grad[1].abs().sum() == 0
    assert logits.grad[[0, 2]].abs().min() > 0


def test_it_counts_in_float32_under_autocast():
    with torch.autocast("cpu", torch.bfloat16):
        loss = auxiliary_loss(torch.randn(3, 2).bfloat16(), torch.tensor([1, -1, 0]))
    assert loss.dtype == torch.float32
