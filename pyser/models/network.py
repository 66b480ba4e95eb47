"""What all networks have: the configuration, feature blocks and classes they were made for."""

from torch import nn


class Network(nn.Module):
    """A model of one paper, as training and saved files know it.

    Attributes:
        stride: frames of the input from one frame that ``pooling`` gets to the next, in a model
            whose ``pooling`` gets those of whole utterances and whose ``classifier`` ends with its
            last layer: what passes there can be shown. ``None``: it is not built so.

    Args:
        config: of the class ``Config`` of the model.
        blocks: widths of the feature blocks, name -> d.
        num_classes: C.
    """

    stride = None

    def __init__(self, config, blocks, num_classes):
        super().__init__()
        self.config, self.blocks, self.num_classes = config, dict(blocks), num_classes

    @property
    def num_parameters(self):
        """The number of trained values."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)

    def forward(self, features, lengths):
        """Logits, float32 [B, C].

        Args:
            features: block name -> float32 [B, T, d]; the frames beyond ``lengths`` are ignored.
                Extras that the model names in ``inputs`` stand beside the blocks.
            lengths: int64 [B], number of real frames of each utterance, at least 1.
        """
        raise NotImplementedError
