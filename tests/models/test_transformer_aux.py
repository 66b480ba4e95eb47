"""The gender in the training loss: weighed, left out where unknown, and not needed at test."""

import numpy as np
import pytest
import torch

from pyser.models.transformer_aux import TransformerAux
from pyser.train.loss import Criterion

SIZES = {"width": 8, "heads": 2, "layers": 1, "feedforward": 6, "dropout": 0.0}
LENGTHS = (5, 1, 8, 3)
LABELS = torch.tensor([2, 0, 1, 2])
WEIGHTS = torch.tensor([0.5, 1.0, 2.0])


def make(**options):
    torch.manual_seed(0)
    model = TransformerAux(TransformerAux.Config(**SIZES, **options), {"static": 4}, 3, {})
    return model, {"static": torch.randn(4, 8, 4)}, torch.tensor(LENGTHS)


def loss_of(model, features, lengths):
    return model.training_loss(features, lengths, LABELS, Criterion(((LABELS, 1.0),), WEIGHTS, 0.0))


def losses(logits, targets):
    logits = logits.detach().double().numpy()
    return np.log(np.exp(logits).sum(axis=1)) - logits[range(len(logits)), targets]


@pytest.mark.parametrize("genders", [[0, 1, 1, 0], [-1, 1, -1, 0], [-1, -1, -1, 1]])
def test_the_loss_is_that_of_both_tasks(genders):
    model, features, lengths = make(gender_weight=0.7)
    loss = loss_of(model, features | {"gender": torch.tensor(genders)}, lengths)
    emotion = np.mean(losses(model(features, lengths), LABELS) * WEIGHTS[LABELS].numpy())
    known = [row for row, gender in enumerate(genders) if gender >= 0]
    guessed = model.gender(model._pool(features, lengths))[known]
    gender = np.mean(losses(guessed, [genders[row] for row in known]))
    np.testing.assert_allclose(loss.item(), emotion + 0.7 * gender, rtol=0, atol=1e-5)


def test_without_any_known_gender_the_emotion_alone_is_learned():
    model, features, lengths = make()
    loss = loss_of(model, features | {"gender": torch.full((4,), -1)}, lengths)
    loss.backward()
    emotion = np.mean(losses(model(features, lengths), LABELS) * WEIGHTS[LABELS].numpy())
    np.testing.assert_allclose(loss.item(), emotion, rtol=0, atol=1e-5)
    assert not model.gender.weight.grad.any()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())
    assert model.classifier.weight.grad.any()


def test_frames_beyond_the_learned_positions_share_the_last_one():
    model, features, lengths = make(max_positions=3)
    model.eval()
    before = model(features, lengths)
    with torch.no_grad():
        model.encoder.positions.vectors[2] += torch.randn(8)
    changed = (model(features, lengths) - before).abs().amax(dim=1) > 1e-6
    assert changed.tolist() == [True, False, True, True]
