"""Models: one paper per file; a configuration and ``forward(features, lengths) -> logits``.

A model class has a dataclass ``Config`` and is made by ``Model(config, blocks, num_classes)``;
``blocks`` maps the names of the feature blocks to their widths. ``forward`` takes the blocks as
padded batches [B, T, d] with ``lengths`` [B] and returns logits [B, C]. The attributes ``blocks``,
``num_classes`` (C) and ``num_parameters`` tell training what it was made for and how large it is.
"""

from pyser.models.hnsd import HNSD

MODELS = {
    "hnsd": HNSD,
}
