"""Training utterances that differ a little in every epoch; dev and test are never changed."""

from dataclasses import dataclass

import numpy as np

from pyser.train.seeds import derive_seed


@dataclass(frozen=True)
class Augmenter:
    """Draws one variant of an utterance from all its normalised frames.

    Masks as in SpecAugment (Park et al., Interspeech 2019), one of each kind; masked values are 0,
    which is the mean where features are normalised.

    Args:
        settings: AugmentSettings.
        frame_step: keep every n-th frame, as in DataSettings.
        blocks: block name -> width, in the order of the columns.
    """

    settings: object
    frame_step: int
    blocks: dict

    def epoch(self, examples, seed, epoch):
        """A variant of each of ``examples``, a list of (features [T, D], label).

        The same seed and epoch give the same variants, whatever was drawn before.
        """
        return [
            (self.variant(features, _random(seed, epoch, index)), label)
            for index, (features, label) in enumerate(examples)
        ]

    def variant(self, features, random):
        """One variant float32 [T', D] of ``features`` [T, D]; ``random`` is a NumPy Generator."""
        chosen = features[self._frames(len(features), random)]  # a copy
        self._mask_bands(chosen, random)
        self._mask_time(chosen, random)
        return chosen

    def _frames(self, num_frames, random):
        """Which frames are kept: every n-th, with another first one and at another tempo."""
        tempo = np.exp(random.uniform(-1, 1) * self.settings.tempo)
        offset = random.integers(self.frame_step) if self.settings.frame_offset else 0
        first = min(offset, num_frames - 1)
        places = np.arange(first, num_frames, self.frame_step * tempo).astype(np.int64)
        return np.minimum(places, num_frames - 1)  # arange may round its way to the end value

    def _mask_bands(self, frames, random):
        """Hide the same bands of the first block and of all blocks of its width (its deltas)."""
        bands = next(iter(self.blocks.values()))
        width = random.integers(min(self.settings.mask_bands, bands) + 1)
        first = random.integers(bands - width + 1)
        start = 0
        for block_width in self.blocks.values():
            if block_width == bands:
                frames[:, start + first : start + first + width] = 0
            start += block_width

    def _mask_time(self, frames, random):
        """Hide a stretch of frames, at most a quarter of the utterance."""
        longest = min(self.settings.mask_frames, len(frames) // 4)
        length = random.integers(longest + 1)
        first = random.integers(len(frames) - length + 1)
        frames[first : first + length] = 0


def _random(seed, epoch, index):
    return np.random.default_rng(derive_seed("augment", seed, epoch, index))
