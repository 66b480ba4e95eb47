"""Training utterances that differ a little in every epoch; dev and test are never changed."""

from dataclasses import dataclass

import numpy as np

from pyser.train.frames import take_frames
from pyser.train.seeds import derive_seed


@dataclass(frozen=True)
class Augmenter:
    """Draws variants of utterances.

    Masks as in SpecAugment (Park et al., Interspeech 2019); masked values are 0, which is the mean
    where features are normalised. Warped bands stand for another length of the vocal tract, as in
    Jaitly & Hinton 2013 (there by the filter bank, here by interpolation between its bands).

    Args:
        settings: AugmentSettings.
        data: DataSettings.
        blocks: block name -> width, in the order of the columns of the archive.
    """

    settings: object
    data: object
    blocks: dict

    def epoch(self, examples, seed, epoch):
        """A variant of each of ``examples``, a list of (features [T, D], label).

        Features are arrays, or ``Utterance`` (then every frame of it is drawn from). The same seed
        and epoch give the same variants, whatever was drawn before.

        Returns:
            A list of (Variant, label).
        """
        return [
            (self.variant(getattr(features, "whole", features), (seed, epoch, index)), label)
            for index, (features, label) in enumerate(examples)
        ]

    def variant(self, features, names):
        """The Variant of ``features`` [T, D] that the tuple ``names`` stands for."""
        places = self._places(len(features), _random("frames", *names))
        return Variant(features, places, self, names)

    def _places(self, num_frames, random):
        """Which frames are kept: every n-th, with another first one and at another tempo."""
        step = self.data.frame_step
        tempo = np.exp(random.uniform(-1, 1) * self.settings.tempo)
        offset = random.integers(step) if self.settings.frame_offset else 0
        first = min(offset, num_frames - 1)
        places = np.arange(first, num_frames, step * tempo).astype(np.int64)
        return np.minimum(places, num_frames - 1)  # arange may round its way to the end value


@dataclass(frozen=True)
class Variant:
    """A variant of the frames of an utterance, float32 [T, D]; made when it becomes an array."""

    features: object
    places: np.ndarray
    augmenter: Augmenter
    names: tuple

    ndim = 2

    @property
    def extras(self):
        """Those of the utterance, which are not varied."""
        return getattr(self.features, "extras", {})

    def __len__(self):
        return len(self.places)

    @property
    def shape(self):
        """(T, D)."""
        return len(self), self.features.shape[1] * self.augmenter.data.frame_stack

    def __array__(self, dtype=None, copy=None):
        augmenter, random = self.augmenter, _random("values", *self.names)
        settings, blocks = augmenter.settings, augmenter.blocks
        frames = np.array(self.features, dtype=np.float32)
        frames = warp_bands(frames, np.exp(random.uniform(-1, 1) * settings.warp), blocks)
        bands = next(iter(blocks.values()))
        frames[:, :bands] += np.float32(random.normal() * settings.gain)
        for _ in range(settings.num_masks):
            _mask_bands(frames, settings.mask_bands, blocks, random)
        chosen = take_frames(frames, self.places, blocks, augmenter.data.frame_stack)
        for _ in range(settings.num_masks):
            _mask_time(chosen, settings.mask_frames, random)
        return chosen if dtype is None else chosen.astype(dtype, copy=False)


def warp_bands(frames, factor, blocks):
    """Read band k of the first block, and of all blocks of its width, from place ``k * factor``.

    Args:
        frames: float32 [T, D].
        factor: above 0; 1 leaves ``frames`` as they are. Beyond the last band it is repeated.
        blocks: block name -> width, in the order of the D columns.

    Returns:
        float32 [T, D], linear interpolations between neighbouring bands.
    """
    if factor == 1:
        return frames
    bands, starts = _banded_blocks(blocks)
    places = np.minimum(np.arange(bands) * factor, bands - 1)
    low = places.astype(np.int64)
    share = (places - low).astype(np.float32)
    warped = frames.copy()
    for start in starts:
        block = frames[:, start : start + bands]
        high = block[:, np.minimum(low + 1, bands - 1)]
        warped[:, start : start + bands] = block[:, low] * (1 - share) + high * share
    return warped


def _banded_blocks(blocks):
    """Width of the first block, and the first columns of all blocks of that width (its deltas)."""
    widths = list(blocks.values())
    starts = np.cumsum([0, *widths[:-1]]).tolist()
    pairs = zip(starts, widths, strict=True)
    return widths[0], [start for start, width in pairs if width == widths[0]]


def _mask_bands(frames, most, blocks, random):
    """Hide the same bands of the first block and of all blocks of its width (its deltas)."""
    bands, starts = _banded_blocks(blocks)
    width = random.integers(min(most, bands) + 1)
    first = random.integers(bands - width + 1)
    for start in starts:
        frames[:, start + first : start + first + width] = 0


def _mask_time(frames, most, random):
    """Hide a stretch of frames, at most a quarter of the utterance."""
    longest = min(most, len(frames) // 4)
    length = random.integers(longest + 1)
    first = random.integers(len(frames) - length + 1)
    frames[first : first + length] = 0


def _random(purpose, *names):
    return np.random.default_rng(derive_seed("augment", purpose, *names))
