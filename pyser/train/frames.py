"""Which frames of an utterance a model reads, and how neighbours are joined into one."""

import numpy as np


def stacked_widths(blocks, stack):
    """Widths of the blocks after ``take_frames``: name -> d * ``stack``."""
    return {name: width * stack for name, width in blocks.items()}


def take_frames(features, places, blocks, stack):
    """The frames at ``places``, each joined with those that follow it.

    Args:
        features: float32 [T, D].
        places: int64 [P], each in 0..T-1.
        blocks: block name -> width, in the order of the D columns.
        stack: how many successive frames make one; beyond the end the last one is repeated.

    Returns:
        float32 [P, D * stack], a copy; block by block, and in a block frame by frame.
    """
    if stack == 1:
        return features[places]
    around = np.minimum(places[:, None] + np.arange(stack), len(features) - 1)
    joined = features[around]  # [P, stack, D]
    ends = np.cumsum(list(blocks.values()))[:-1]
    parts = np.split(joined, ends, axis=2)
    return np.concatenate([part.reshape(len(places), -1) for part in parts], axis=1)
