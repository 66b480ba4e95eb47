"""Settings of one training: model, data and training, checked where they were written."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from pyser.data.datadir import DIMENSIONS
from pyser.errors import InputError
from pyser.models import MODELS
from pyser.models.limits import check_limits, limited
from pyser.train.plan import DEFAULT_FEATURES
from pyser.train.values import value_of
from pyser.train.yamlfile import Entry, nearest


@dataclass(frozen=True)
class DataSettings:
    """How features are read.

    Attributes:
        features: ``default``: those of the data directory that is given (in the recipes, made with
            ``--feature-conf``); or NAME: those made with conf/NAME.conf.
        normalisation: z-score by the statistics of each ``speaker`` (transductive: test speakers
            included, without labels), of the ``train`` utterances of the fold, or ``none``.
        frame_step: keep every n-th frame.
        frame_stack: join each frame that is kept with those after it, this many in all.
        transcript: the table that models of words read: ``text``, by hand, or ``text_asr``.
        target: what is learned: the ``emotion`` (utt2emo), or ``vad``: ratings of valence,
            activation and dominance (utt2vad), by their concordance.
        word_vectors: a file of word vectors, as text of word2vec or GloVe, for models of words; its
            name is relative to the working directory. Only words in it are known then.
    """

    features: str = DEFAULT_FEATURES
    normalisation: Literal["speaker", "train", "none"] = "speaker"
    frame_step: int = limited(1, 1)
    frame_stack: int = limited(1, 1)
    transcript: Literal["text", "text_asr"] = "text"
    word_vectors: str = ""
    target: Literal["emotion", "vad"] = "emotion"

    def __post_init__(self):
        check_limits(self)


@dataclass(frozen=True)
class AugmentSettings:
    """How training utterances are varied from epoch to epoch; the defaults leave them as they are.

    Attributes:
        tempo: frames are drawn faster or slower by a factor of up to exp(tempo).
        frame_offset: begin at any of the first ``frame_step`` frames.
        mask_bands: most neighbouring bands hidden in a whole utterance (and in its deltas).
        mask_frames: most neighbouring frames hidden, of those that are kept.
        num_masks: how many masks of each kind; they may overlap.
        warp: bands are read from places up to exp(warp) times higher or lower.
        gain: standard deviation of a shift of the whole first block, in its own (normalised) unit.
    """

    tempo: float = limited(0.0, 0.0, 0.5)
    frame_offset: bool = False
    mask_bands: int = limited(0, 0)
    mask_frames: int = limited(0, 0)
    num_masks: int = limited(1, 1)
    warp: float = limited(0.0, 0.0, 0.5)
    gain: float = limited(0.0, 0.0, 10.0)

    def __post_init__(self):
        check_limits(self)

    @property
    def active(self):
        """Whether anything is varied."""
        return self != AugmentSettings()


@dataclass(frozen=True)
class TrainSettings:
    """How a model is trained.

    Attributes:
        optimizer: ``adam``, or ``sgd`` with Nesterov's momentum.
        momentum: of ``sgd``.
        learning_rate: of the optimiser, at the start.
        weight_decay: of the optimiser (added to the gradient, not decoupled).
        batch_size: most utterances in a batch.
        epochs: most passes over the training utterances.
        clip_norm: largest norm of the gradient of all weights together; 0: no limit.
        class_weights: ``inverse``: an utterance weighs 1 / (number of classes x share of its
            class) in the training loss.
        label_smoothing: part of the target spread evenly over the classes.
        dimension_weights: of ratings, weights of 1 - CCC in the loss: of valence, activation,
            dominance; none: 1 each.
        schedule: of the learning rate: ``none``; ``cosine``: down to 0 over ``epochs``;
            ``plateau``: halved after each ``schedule_patience`` epochs without a better one on dev;
            ``step``: a tenth from each of the ``step_epochs`` on.
        schedule_patience: epochs, for ``plateau``.
        step_epochs: numbers of epochs, for ``step``.
        warmup_epochs: over these first epochs the learning rate rises to its value.
        mixup: alpha of mixup (two utterances of a batch become one, with both labels); 0: none.
        members: networks that are trained side by side, each from weights of its own; the answer
            is the mean of their posteriors.
        kinds: settings of the model that members have in place of those in the section ``model``, a
            list of mappings that members take in turns.
        average_decay: judge and keep an exponential moving average of the weights; the part of it
            that stays at each update; 0: the weights themselves.
        precision: ``float32``, or ``bfloat16``: products in training take factors of 8 bits and
            sum in float32 (torch's autocast); dev and test are computed in float32 always.
        patience: stop after so many epochs without a better one (dev UA, or of ratings the mean
            CCC; then dev loss); 0: never.
        keep: the weights of which epoch: the ``best`` by the same, or the ``last``, so that dev
            decides nothing within a run.
    """

    optimizer: Literal["adam", "sgd"] = "adam"
    momentum: float = limited(0.9, 0.0, 0.999)
    learning_rate: float = limited(1e-4, 0.0, 10.0)
    weight_decay: float = limited(1e-3, 0.0, 10.0)
    batch_size: int = limited(16, 1)
    epochs: int = limited(40, 1)
    clip_norm: float = limited(5.0, 0.0)
    class_weights: Literal["none", "inverse"] = "none"
    label_smoothing: float = limited(0.0, 0.0, 0.9)
    dimension_weights: tuple[float, ...] = ()
    schedule: Literal["none", "cosine", "plateau", "step"] = "none"
    schedule_patience: int = limited(5, 1)
    step_epochs: tuple[int, ...] = ()
    warmup_epochs: int = limited(0, 0)
    mixup: float = limited(0.0, 0.0, 10.0)
    members: int = limited(1, 1)
    kinds: tuple[dict, ...] = ()
    average_decay: float = limited(0.0, 0.0, 0.9999)
    precision: Literal["float32", "bfloat16"] = "float32"
    patience: int = limited(0, 0)
    keep: Literal["best", "last"] = "best"

    def __post_init__(self):
        check_limits(self)
        if len(self.kinds) > self.members:
            found = f"{len(self.kinds)} kinds and {self.members} members"
            raise InputError(found, "train.kinds", "no more kinds than members")
        weights = self.dimension_weights
        if weights and (len(weights) != len(DIMENSIONS) or min(weights) < 0 or not sum(weights)):
            expected = f"{len(DIMENSIONS)} weights, none below 0: {', '.join(DIMENSIONS)}"
            raise InputError(f"the weights {list(weights)}", "train.dimension_weights", expected)


_SECTIONS = {"data": DataSettings, "train": TrainSettings, "augment": AugmentSettings}


@dataclass(frozen=True)
class Settings:
    """All settings of one training.

    Attributes:
        name: of the model, a key of ``MODELS``.
        model: its ``Config``.
        data: DataSettings.
        train: TrainSettings.
        augment: AugmentSettings.
    """

    name: str
    model: Any
    data: DataSettings = field(default_factory=DataSettings)
    train: TrainSettings = field(default_factory=TrainSettings)
    augment: AugmentSettings = field(default_factory=AugmentSettings)

    def __post_init__(self):
        _check_target(self)

    def as_dict(self):
        """Sections of plain values, as in a configuration file."""
        parts = {name: _plain(getattr(self, name)) for name in ("model", *_sections(self.name))}
        return parts | {"model": {"name": self.name} | parts["model"]}

    @classmethod
    def from_dict(cls, sections, where="settings"):
        """The settings whose ``as_dict`` is ``sections`` (what is missing takes its default)."""
        pairs = [(s, key, v) for s, values in sections.items() for key, v in values.items()]
        return cls.from_entries({f"{s}.{key}": Entry(s, key, v, where) for s, key, v in pairs})

    @classmethod
    def from_entries(cls, entries):
        """Check what ``yamlfile.read_entries`` gave.

        Raises:
            InputError: (UsageError for a value of the command line) an unknown section, key or
                model, named with the nearest one; a value of another type or out of range.
        """
        name = _model_name(entries)
        classes = {"model": MODELS[name].Config} | _sections(name)
        values = {section: {} for section in classes}
        for entry in entries.values():
            if entry.section not in classes:
                remedy = nearest(entry.section, classes)
                raise entry.error(f"unknown section {entry.section}", remedy=remedy)
            if entry.name != "model.name":
                values[entry.section][entry.key] = value_of(entry, classes[entry.section])
            if entry.name == "train.kinds":
                values["train"]["kinds"] = _kinds(entry, values["train"]["kinds"], classes["model"])
        return cls(name, **{key: classes[key](**values[key]) for key in classes})


def _check_target(settings):
    """Raise InputError where a setting, or the model, is of no use for ``data.target``."""
    target, train = settings.data.target, settings.train
    own = [
        name for name in ("training_loss", "fit_examples") if hasattr(MODELS[settings.name], name)
    ]
    if target == "vad" and own:
        found = f"the model {settings.name} learns classes, and no ratings"
        raise InputError(found, "data.target", "emotion", "choose another model")
    usual = TrainSettings()
    of_other = ["class_weights", "label_smoothing", "mixup", "members"]
    of_other = of_other if target == "vad" else ["dimension_weights"]
    for name in of_other:
        if getattr(train, name) != getattr(usual, name):
            remedy = f"leave train.{name} out"
            raise InputError(f"train.{name} is not for data.target={target}", remedy=remedy)


def _sections(name):
    """The sections of settings, besides its own, that the model ``name`` has a use for."""
    fits_itself = hasattr(MODELS[name], "fit_examples")
    return {"data": DataSettings} if fits_itself else _SECTIONS


def _plain(section):
    """A section as YAML and JSON give it back: with lists, not tuples."""
    values = asdict(section).items()
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values}


def defaults():
    """Section -> setting -> default value, of the sections that are the same for all models."""
    return {name: _plain(section()) for name, section in _SECTIONS.items()}


def with_defaults(found):
    """A record of a run (dict with ``config``) with the settings it was made without, at defaults.

    ``codedigest`` says why that is what it was made with, as long as its code is that of now.
    """
    config = found["config"]
    defaults = Settings.from_dict({"model": {"name": config["model"]["name"]}}).as_dict()
    sections = config | {name: values | config.get(name, {}) for name, values in defaults.items()}
    return found | {"config": sections}


def _model_name(entries):
    if "model.name" not in entries:
        where = next(iter(entries.values())).where.rpartition(":")[0] if entries else None
        expected = "name: one of " + " ".join(MODELS)
        raise InputError("the section model names no model", where, expected)
    entry = entries["model.name"]
    if entry.value not in MODELS:
        found = f"unknown model {entry.value!r}"
        raise entry.error(found, "one of: " + " ".join(MODELS), nearest(str(entry.value), MODELS))
    return entry.value


def _kinds(entry, kinds, config):
    """The mappings of ``train.kinds``, checked as the values of the section model they replace."""
    return tuple(
        {
            key: value_of(Entry("model", key, value, entry.where), config)
            for key, value in kind.items()
        }
        for kind in kinds
    )
