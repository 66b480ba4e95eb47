"""Batches of utterances of similar length: little padding, an order that depends on names only."""

from dataclasses import dataclass

import numpy as np
import torch

from pyser.errors import InputError
from pyser.train.seeds import derive_seed

# How far, relative to its length, an utterance may move in the order of lengths: enough for batches
# to differ from epoch to epoch, little enough to keep the padding near that of sorted batches.
_LENGTH_JITTER = 0.03
# Most padding in a batch, as part of its frames: where lengths lie far apart, batches are smaller.
MAX_PADDING = 0.05


@dataclass(frozen=True)
class Batch:
    """Padded utterances: block name -> float32 [B, T, d]; lengths, labels, indices: int64 [B].

    Labels that are no classes have the form that ``pyser.train.targets`` gives them. Extras of the
    utterances stand among the features, as ``pyser.train.extras`` says.
    """

    features: dict
    lengths: torch.Tensor
    labels: torch.Tensor
    indices: torch.Tensor


def shuffled_batches(lengths, batch_size, seed, epoch):
    """Cut all utterances into batches of similar length, in random order.

    Args:
        lengths: number of frames of each utterance.
        batch_size: most utterances in a batch; fewer where more would need too much padding.
        seed, epoch: the same pair gives the same batches, whatever ran before.

    Returns:
        A list of int64 index arrays, which together hold each index once.
    """
    random = np.random.default_rng(derive_seed("batches", seed, epoch))
    lengths = np.asarray(lengths)
    jitter = random.uniform(1 - _LENGTH_JITTER, 1 + _LENGTH_JITTER, len(lengths))
    shuffled = random.permutation(len(lengths))
    order = shuffled[np.argsort((lengths * jitter)[shuffled], kind="stable")]
    batches = _cut(order, lengths, batch_size)
    return [batches[index] for index in random.permutation(len(batches))]


def sorted_batches(lengths, batch_size):
    """Cut all utterances into batches by increasing length, always in the same way."""
    lengths = np.asarray(lengths)
    return _cut(np.argsort(lengths, kind="stable"), lengths, batch_size)


def padding_share(lengths, batches):
    """Which part of all frames in the padded ``batches`` is padding, 0..1."""
    lengths = np.asarray(lengths)
    padded = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - lengths.sum() / padded


def collate(examples, indices, blocks, device="cpu"):
    """Pad the examples at ``indices`` into one Batch.

    Args:
        examples: list of (features [T, D], label), the features an array or what NumPy can make
            one of; T may differ, D is the sum of ``blocks``.
        indices: which of them.
        blocks: block name -> width, in the order of the columns.
        device: where the tensors go.
    """
    chosen = [examples[index] for index in indices]
    lengths = [len(features) for features, _ in chosen]
    padded = np.zeros((len(chosen), max(lengths), sum(blocks.values())), dtype=np.float32)
    for row, (features, _) in zip(padded, chosen, strict=True):
        row[: len(features)] = np.asarray(features)
    frames = torch.from_numpy(padded).to(device)
    parts = frames.split(list(blocks.values()), dim=-1)
    return Batch(
        dict(zip(blocks, parts, strict=True)) | _collate_extras(chosen, device),
        torch.tensor(lengths, device=device),
        torch.from_numpy(np.stack([label for _, label in chosen])).to(device),
        torch.as_tensor(np.asarray(indices), device=device),
    )


def _collate_extras(chosen, device):
    """Name -> tensor of the extras of all chosen examples, rows padded with zeros."""
    extras = [getattr(features, "extras", {}) for features, _ in chosen]
    tensors = {}
    for name in extras[0]:
        rows = [np.asarray(extra[name]) for extra in extras]
        if rows[0].ndim == 0:
            tensors[name] = torch.from_numpy(np.stack(rows)).to(device)
            continue
        lengths = [len(row) for row in rows]
        padded = np.zeros((len(rows), max(lengths), *rows[0].shape[1:]), rows[0].dtype)
        for place, row in zip(padded, rows, strict=True):
            place[: len(row)] = row
        tensors[name] = torch.from_numpy(padded).to(device)
        tensors[f"{name}_lengths"] = torch.tensor(lengths, device=device)
    return tensors


def check_examples(examples, blocks, what):
    """Raise InputError unless ``examples`` can be batched for a model with these ``blocks``."""
    width = sum(blocks.values())
    if not examples:
        raise InputError("there are no utterances", what)
    for index, (features, _) in enumerate(examples):
        if features.ndim != 2 or features.shape[1] != width or not len(features):
            found = f"features have the shape {list(features.shape)}"
            raise InputError(found, f"{what} utterance {index}", f"[at least 1, {width}]")


def _cut(order, lengths, batch_size):
    """Cut ``order`` into batches, from the longest utterances on."""
    batches, batch, frames, longest = [], [], 0, 0
    for index in order[::-1]:
        longest = max(longest, lengths[index])
        padded = longest * (len(batch) + 1)
        full = len(batch) == batch_size or padded - frames - lengths[index] > MAX_PADDING * padded
        if batch and full:
            batches.append(np.array(batch))
            batch, frames, longest = [], 0, lengths[index]
        batch.append(index)
        frames += lengths[index]
    return [*batches, np.array(batch)] if batch else batches
