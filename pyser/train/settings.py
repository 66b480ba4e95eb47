"""Settings of data and training, as dataclasses."""

from dataclasses import dataclass
from typing import Literal

from pyser.models.limits import check_limits, limited


@dataclass(frozen=True)
class DataSettings:
    """How features are read.

    Attributes:
        normalisation: z-score by the statistics of each ``speaker`` (transductive: test speakers
            included, without labels), of the ``train`` utterances of the fold, or ``none``.
        frame_step: keep every n-th frame.
    """

    normalisation: Literal["speaker", "train", "none"] = "speaker"
    frame_step: int = limited(1, 1)

    def __post_init__(self):
        check_limits(self)


@dataclass(frozen=True)
class TrainSettings:
    """How a model is trained.

    Attributes:
        learning_rate: of Adam, at the start.
        weight_decay: of Adam (added to the gradient, not decoupled).
        batch_size: most utterances in a batch.
        epochs: most passes over the training utterances.
        clip_norm: largest norm of the gradient of all weights together; 0: no limit.
        class_weights: ``inverse``: an utterance weighs 1 / (number of classes x share of its class).
        label_smoothing: part of the target spread evenly over the classes.
        schedule: of the learning rate: ``none``; ``cosine``: down to 0 over ``epochs``;
            ``plateau``: halved after each ``schedule_patience`` epochs without a better dev UA.
        schedule_patience: epochs, for ``plateau``.
        patience: stop after so many epochs without a better dev UA; 0: never.
    """

    learning_rate: float = limited(1e-4, 0.0)
    weight_decay: float = limited(1e-3, 0.0)
    batch_size: int = limited(16, 1)
    epochs: int = limited(40, 1)
    clip_norm: float = limited(5.0, 0.0)
    class_weights: Literal["none", "inverse"] = "none"
    label_smoothing: float = limited(0.0, 0.0, 0.9)
    schedule: Literal["none", "cosine", "plateau"] = "none"
    schedule_patience: int = limited(5, 1)
    patience: int = limited(0, 0)

    def __post_init__(self):
        check_limits(self)
