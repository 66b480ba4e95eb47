"""Several networks as one model: the mean of their posteriors.

Each has initial weights and dropout of its own (deep ensembles, Lakshminarayanan et al., NIPS
2017), so what they get wrong by chance differs, and the mean gets less of it wrong.
"""

import dataclasses
import math

import torch
from torch import nn

from pyser.models import MODELS


def build_model(settings, blocks, num_classes, known):
    """The untrained model of ``settings`` (``train.settings.Settings``), ``Members`` if several.

    Args:
        blocks: widths of the feature blocks.
        num_classes: C.
        known: of the extras a model reads (``pyser.train.extras``), for models that read some.
    """
    kinds = settings.train.kinds or ({},)
    shape = (blocks, num_classes) + ((known,) if _reads_extras(settings.name) else ())
    models = []
    for number in range(settings.train.members):
        config = dataclasses.replace(settings.model, **kinds[number % len(kinds)])
        models.append(MODELS[settings.name](config, *shape))
    return models[0] if len(models) == 1 else Members(models)


def _reads_extras(name):
    """Whether models of this name are made with what is known of extras."""
    return any(getattr(MODELS[name], kind, ()) for kind in ("inputs", "optional_inputs"))


class Members(nn.Module):
    """Models that answer together; they are trained side by side on the same batches.

    Args:
        models: at least one, for the same blocks and classes.
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
        """Logarithm of the mean posterior, float32 [B, C]; arguments as for each member."""
        logits = torch.stack([member(features, lengths) for member in self.members])
        posteriors = logits.float().log_softmax(dim=-1)
        return posteriors.logsumexp(dim=0) - math.log(len(self.members))

    def training_loss(self, features, lengths, labels, criterion):
        """The sum of the losses of all members, so that each learns as it would alone."""
        given = features, lengths, labels, criterion
        return sum(training_loss(member, *given) for member in self.members)


def training_loss(model, features, lengths, labels, criterion):
    """The loss of ``model`` on a batch, a scalar: its own ``training_loss``, or cross entropy.

    Args:
        model: a pyser model in training.
        features, lengths: as for its ``forward``.
        labels: int64 [B].
        criterion: from logits [B, C] to their loss (``pyser.train.loss.Criterion``).
    """
    own = getattr(model, "training_loss", None)
    if own is not None:
        return own(features, lengths, labels, criterion)
    return criterion(model(features, lengths))


def members_of(model):
    """The networks that ``model`` consists of: a list, of itself alone if it is one network."""
    return list(model.members) if isinstance(model, Members) else [model]
