"""What a run learns from settings, a fold and a seed; the worker around it only keeps and tells it.

All of this counts as the code that made a run (``codedigest``).
"""

import torch

from pyser.log import log
from pyser.models.members import build_model, members_of
from pyser.train.augment import Augmenter
from pyser.train.batching import check_examples
from pyser.train.fit import FitState, evaluate, fit
from pyser.train.judged import dev_text
from pyser.train.seeds import derive_seed


def make_model(settings, fold, seed):
    """The untrained model of ``settings`` for a fold, with the weights that ``seed`` draws."""
    torch.manual_seed(derive_seed("weights", seed))
    return build_model(settings, fold.blocks, len(fold.outputs), fold.known)


def learn(model, fold, settings, seed, state, on_epoch):
    """Train ``model`` on the examples of a fold.

    Args:
        model: as from ``make_model``, on its device.
        fold: inputs.Fold with the parts train and dev.
        settings: Settings.
        seed: of the run.
        state: FitState to go on from.
        on_epoch: as for ``fit``; a model that fits itself has no epochs.

    Returns:
        The FitState at the end.
    """
    examples = fold.examples["train"], fold.examples["dev"]
    if hasattr(model, "fit_examples"):
        return _fit_once(model, *examples)
    if state.model is None:
        _pretrain(model, examples[0], seed)
    augmenter = _make_augmenter(settings, fold)
    seed = derive_seed("fit", seed)
    told = settings.train, seed, state, on_epoch, augmenter, fold.target
    return fit(model, *examples, *told)


def _pretrain(model, train_set, seed):
    """Let the members that learn something of the examples before their labels do so."""
    for number, member in enumerate(members_of(model), 1):
        if hasattr(member, "pretrain"):
            check_examples(train_set, member.blocks, "training")
            log(member.pretrain(train_set, derive_seed("pretrain", seed, number)))


def _fit_once(model, train_set, dev_set):
    """Let a model fit itself: a history of one entry, with what it tells; nothing to go on from."""
    check_examples(train_set, model.blocks, "training")
    check_examples(dev_set, model.blocks, "dev")
    told = model.fit_examples(train_set, dev_set)
    train_loss = evaluate(model, train_set)["dev_loss"]
    entry = {"epoch": 1, "learning_rate": None, "train_loss": train_loss}
    entry |= evaluate(model, dev_set)
    log(f"dev loss {entry['dev_loss']:.4f}, {dev_text(entry)}; {told['chosen']}")
    return FitState([entry | told])


def _make_augmenter(settings, fold):
    if not settings.augment.active:
        return None
    return Augmenter(settings.augment, settings.data, fold.read_blocks)
