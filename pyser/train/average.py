"""Averaged weights: an exponential moving average over the updates of a training.

Polyak & Juditsky 1992 for the idea; the decay grows from 0.1 to its value as
``min(decay, (1 + n) / (10 + n))`` after n updates, so that the first weights are soon forgotten.
"""

import copy

import torch


class AveragedWeights:
    """A copy of ``model`` whose floating-point parameters follow those of ``model``.

    Args:
        model: the model that is trained.
        decay: in [0, 1), how much of the average stays at each update.
        state: what ``state_dict`` gave earlier, to go on from.
    """

    def __init__(self, model, decay, state=None):
        self.model = copy.deepcopy(model).requires_grad_(False)
        self._decay, self._updates = decay, 0
        if state is not None:
            self._updates = state["updates"]
            self.model.load_state_dict(state["model"])

    @torch.no_grad()
    def update(self, model):
        """Move the average towards the parameters of ``model`` after one of its updates."""
        self._updates += 1
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        torch._foreach_lerp_(
            list(self.model.parameters()), list(model.parameters()), weight=1 - decay
        )
        for own, other in zip(self.model.buffers(), model.buffers(), strict=True):
            own.copy_(other)

    def state_dict(self):
        """What another AveragedWeights needs to go on."""
        return {"updates": self._updates, "model": self.model.state_dict()}
