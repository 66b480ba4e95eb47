"""Models: one paper per file; a configuration and ``forward(features, lengths) -> logits``.

A model class has a dataclass ``Config`` and is made by ``Model(config, blocks, num_classes)``;
``blocks`` maps the names of the feature blocks to their widths. ``forward`` takes the blocks as
padded batches [B, T, d] with ``lengths`` [B] and returns logits [B, C]; ``num_parameters`` counts.
"""

from pyser.models.hnsd import HNSD

MODELS = {
    "hnsd": HNSD,
}
