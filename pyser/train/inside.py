"""What happens inside a model while it answers: attention and gate by frame, utterance embedding.

Nothing is computed twice: the values are taken from the modules ``pooling``, ``fusion`` and
``classifier`` of a model while it runs. A model that is built otherwise has nothing to show: its
``stride`` is None (see ``Network``).
"""

from dataclasses import dataclass

import numpy as np
import torch

from pyser.models.members import members_of
from pyser.train.batching import collate, sorted_batches

_BATCH_SIZE = 32


@dataclass(frozen=True)
class Inside:
    """Of one utterance of P frames, as the model pools them.

    Attributes:
        attention: weights float32 [P] that sum to one; ``None`` if the model has no attention.
        gate: share of the static stream float32 [P] in [0, 1], of a vector gate the mean over its
            units; ``None`` without a gate.
        embedding: float32 [D], what enters the last layer.

    Of a model of several members, attention and gate are their mean, and embeddings are joined.
    """

    attention: np.ndarray | None
    gate: np.ndarray | None
    embedding: np.ndarray


def can_explain(model):
    """Whether ``look_inside`` knows the parts of ``model``."""
    return all(getattr(member, "stride", None) for member in members_of(model))


@torch.inference_mode()
def look_inside(model, examples):
    """The Inside of each example, in their order.

    Args:
        model: a pyser model for which ``can_explain`` is true; it decides the device.
        examples: list of (features [T, D], class index).
    """
    model.eval()
    device = next(model.parameters()).device
    lengths = [len(features) for features, _ in examples]
    found = [None] * len(examples)
    for indices in sorted_batches(lengths, min(_BATCH_SIZE, len(examples))):
        batch = collate(examples, indices, model.blocks, device)
        seen = _watch(model, batch)
        for row, index in enumerate(indices):
            found[index] = _row(seen, row)
    return found


def _watch(model, batch):
    """Run ``model`` and return what passed: name -> tensor with the batch in front."""
    watched = [_hook(member) for member in members_of(model)]
    try:
        model(batch.features, batch.lengths)
    finally:
        for hook in (hook for _, hooks in watched for hook in hooks):
            hook.remove()
    return _joined([seen for seen, _ in watched])


def _joined(seen):
    """What the members of a model saw: attention and gate their mean, embeddings side by side."""
    if len(seen) == 1:
        return seen[0]
    joined = {"lengths": seen[0]["lengths"]}
    joined["embedding"] = torch.cat([one["embedding"] for one in seen], dim=-1)
    for name in joined.keys() ^ seen[0].keys():
        joined[name] = torch.stack([one[name] for one in seen]).mean(dim=0)
    return joined


def _hook(model):
    """A dict that ``model`` fills when it runs, and the hooks that make it do so."""
    seen = {}
    last = [module for module in model.classifier.modules() if not list(module.children())][-1]
    hooks = [
        model.pooling.register_forward_pre_hook(
            lambda module, inputs: seen.update(_attention(module, *inputs))
        ),
        last.register_forward_pre_hook(lambda _, inputs: seen.update(embedding=inputs[0])),
    ]
    gate = getattr(getattr(model, "fusion", None), "gate", None)
    if gate is not None:
        # the gate of the GMU is the sigmoid of this layer's output
        hooks.append(
            gate.register_forward_hook(
                lambda _, __, output: seen.update(gate=torch.sigmoid(output).mean(dim=-1))
            )
        )
    return seen, hooks


def _attention(pooling, frames, lengths):
    """What is seen when the frames are pooled, ``lengths`` of them being real."""
    weights = getattr(pooling, "weights", None)
    seen = {} if weights is None else {"attention": weights(frames, lengths)}
    return seen | {"lengths": lengths}


def _row(seen, row):
    length = int(seen["lengths"][row])
    rows = {name: tensor[row].float().cpu().numpy() for name, tensor in seen.items()}
    by_frame = (rows[name][:length] if name in rows else None for name in ("attention", "gate"))
    return Inside(*by_frame, rows["embedding"])
