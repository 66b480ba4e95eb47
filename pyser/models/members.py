"""Several networks of one kind as one model: the mean of their posteriors.

Each has initial weights and dropout of its own (deep ensembles, Lakshminarayanan et al., NIPS
2017), so what they get wrong by chance differs, and the mean gets less of it wrong.
"""

import math

import torch
from torch import nn

from pyser.models import MODELS


def build_model(name, config, blocks, num_classes, members=1):
    """An untrained model: ``MODELS[name]``, or ``Members`` of that many of them."""
    models = [MODELS[name](config, blocks, num_classes) for _ in range(members)]
    return models[0] if members == 1 else Members(models)


class Members(nn.Module):
    """Models that answer together; they are trained side by side on the same batches.

    Args:
        models: at least one, all of one kind.
    """

    def __init__(self, models):
        super().__init__()
        self.members = nn.ModuleList(models)
        self.blocks, self.num_classes = models[0].blocks, models[0].num_classes

    @property
    def num_parameters(self):
        """The number of trained values of all members."""
        return sum(member.num_parameters for member in self.members)

    def forward(self, features, lengths):
        """Logarithm of the mean posterior, float32 [B, C]; arguments as for each member.

        In training the logits of every member, [members, B, C]: the loss of each is its own.
        """
        shared = getattr(self.members[0], "shared", lambda features, lengths: None)
        same = {"shared": found} if (found := shared(features, lengths)) is not None else {}
        logits = torch.stack([member(features, lengths, **same) for member in self.members])
        if self.training:
            return logits
        posteriors = logits.float().log_softmax(dim=-1)
        return posteriors.logsumexp(dim=0) - math.log(len(self.members))


def members_of(model):
    """The networks that ``model`` consists of: a list, of itself alone if it is one network."""
    return list(model.members) if isinstance(model, Members) else [model]
