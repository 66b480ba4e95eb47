"""The one training function: a model, examples, settings and a seed -> trained weights."""

import copy
import math
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from pyser.errors import InputError
from pyser.models.members import members_of, training_loss
from pyser.train.average import AveragedWeights
from pyser.train.batching import check_examples, collate, shuffled_batches, sorted_batches
from pyser.train.judged import dev_score
from pyser.train.seeds import derive_seed
from pyser.train.targets import TARGETS

_PREDICTION_BATCH_SIZE = 32


@dataclass
class FitState:
    """All that training needs to go on after an epoch, or to tell what it reached.

    Attributes:
        history: one dict per finished epoch: epoch (from 1), learning_rate, train_loss, dev_loss,
            and how it is judged: dev_ua and dev_wa, or of ratings dev_ccc.
        model, optimizer: state dicts after the last epoch; ``None`` before the first.
        kept: state dict of the model after the epoch that is kept.
        average: of the AveragedWeights after the last epoch, if weights are averaged.
        keep: which epoch that is, ``best`` or ``last``.
    """

    history: list = field(default_factory=list)
    model: dict | None = None
    optimizer: dict | None = None
    kept: dict | None = None
    average: dict | None = None
    keep: str = "best"

    @property
    def best_epoch(self):
        """The epoch that dev judges best, among equals the lowest dev loss, then the first."""
        if not self.history:
            return 0
        key = lambda entry: (dev_score(entry), -entry["dev_loss"])  # noqa: E731
        return max(self.history, key=key)["epoch"]

    @property
    def kept_epoch(self):
        """The epoch whose weights the model ends with; 0 before the first."""
        return len(self.history) if self.keep == "last" else self.best_epoch


def fit(
    model,
    train_set,
    dev_set,
    settings,
    seed=0,
    state=None,
    on_epoch=None,
    augmenter=None,
    target=TARGETS["emotion"],
):
    """Train ``model``; it ends with the weights of the epoch that ``settings.keep`` names.

    The same arguments give the same weights, bit for bit, on the same machine and number of
    threads; going on from a ``state`` gives what an undisturbed call gives.

    Args:
        model: a pyser model, already initialised; it decides the device.
        train_set: list of (features float32 [T, D], label as ``target`` has them: in 0..C-1); the
            columns are the blocks of the model in its order.
        dev_set: the same, never trained on.
        settings: TrainSettings.
        seed: of batch order and dropout.
        state: FitState to go on from.
        on_epoch: called as ``on_epoch(state, seconds)`` after each epoch.
        augmenter: Augmenter that makes the variants of ``train_set`` to train on, if any.
        target: what is learned, a member of ``TARGETS``.

    Returns:
        FitState.
    """
    check_examples(train_set, model.blocks, "training")
    check_examples(dev_set, model.blocks, "dev")
    target.check(model, settings)
    state = state or FitState(keep=settings.keep)
    optimizer = make_optimizer(model.parameters(), settings)
    average = _go_on(model, optimizer, settings, state)
    judged = average.model if average else model
    criterion = target.criterion(model, train_set, settings)
    while not finished(state, settings):
        started = time.monotonic()
        epoch = len(state.history) + 1
        rate = _set_rate(optimizer, learning_rate(settings, state))
        examples = augmenter.epoch(train_set, seed, epoch) if augmenter else train_set
        update = Update(model, optimizer, settings, criterion, average)
        loss = _train_epoch(update, examples, settings.batch_size, seed, epoch)
        entry = {"epoch": epoch, "learning_rate": rate, "train_loss": loss}
        state.history.append(entry | evaluate(judged, dev_set, settings, target))
        state.model, state.optimizer = model.state_dict(), optimizer.state_dict()
        state.average = average.state_dict() if average else None
        if state.kept_epoch == epoch:
            state.kept = copy.deepcopy(judged.state_dict())
        if on_epoch:
            on_epoch(state, time.monotonic() - started)
    model.load_state_dict(state.kept)
    return state


def _go_on(model, optimizer, settings, state):
    """Bring ``model`` and ``optimizer`` to a FitState; its AveragedWeights, if there are to be."""
    if state.model is not None:
        model.load_state_dict(state.model)
        optimizer.load_state_dict(state.optimizer)
    if settings.average_decay:
        return AveragedWeights(model, settings.average_decay, state.average)
    return None


def _set_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate
    return rate


def make_optimizer(parameters, settings):
    """The optimiser of ``settings`` (TrainSettings) for ``parameters``."""
    options = {"lr": settings.learning_rate, "weight_decay": settings.weight_decay}
    # fused: the same arithmetic in one pass over the weights
    if settings.optimizer == "adam":
        return torch.optim.Adam(parameters, fused=True, **options)
    nesterov = settings.momentum > 0
    options |= {"momentum": settings.momentum, "nesterov": nesterov}
    return torch.optim.SGD(parameters, fused=True, **options)


def finished(state, settings):
    """Whether training ends here: all epochs done, or none better for ``patience`` epochs."""
    done = len(state.history)
    waited = done - state.best_epoch
    return done >= settings.epochs or bool(settings.patience and waited >= settings.patience)


def learning_rate(settings, state):
    """The learning rate of the next epoch, a function of the epochs done and nothing else."""
    done = len(state.history)
    rate = settings.learning_rate * min(1.0, (done + 1) / (settings.warmup_epochs + 1))
    if settings.schedule == "cosine":
        return rate * (1 + math.cos(math.pi * done / settings.epochs)) / 2
    if settings.schedule == "step":
        return rate * 0.1 ** sum(done + 1 >= epoch for epoch in settings.step_epochs)
    if settings.schedule == "plateau":
        return rate * 0.5 ** _num_plateaus(state, settings.schedule_patience)
    return rate


@torch.inference_mode()
def logits(model, examples):
    """Logits of all ``examples``, float32 array [N, C], with dropout off."""
    model.eval()
    device = next(model.parameters()).device
    outputs = np.empty((len(examples), model.num_classes), dtype=np.float32)
    lengths = [len(features) for features, _ in examples]
    for indices in sorted_batches(lengths, _PREDICTION_BATCH_SIZE):
        batch = collate(examples, indices, model.blocks, device)
        outputs[indices] = model(batch.features, batch.lengths).cpu().numpy()
    return outputs


def evaluate(model, examples, settings=None, target=TARGETS["emotion"]):
    """How good ``model`` is on ``examples``: a dict of dev_loss and what ``target.judge`` says."""
    outputs = logits(model, examples).astype(np.float64)
    return target.judge(outputs, [label for _, label in examples], settings)


@dataclass(frozen=True)
class Update:
    """One step of the optimiser on one batch."""

    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    settings: object
    criterion: object
    average: AveragedWeights | None

    def __call__(self, batch, random):
        """Returns the mean loss of the members; ``random`` (a NumPy Generator) is for mixup."""
        members = members_of(self.model)
        loss = self._loss(batch, random)
        self.optimizer.zero_grad()
        loss.backward()
        if self.settings.clip_norm:
            for member in members:
                torch.nn.utils.clip_grad_norm_(member.parameters(), self.settings.clip_norm)
        self.optimizer.step()
        if self.average:
            self.average.update(self.model)
        return loss.item() / len(members)

    def _loss(self, batch, random):
        batch, criterion = self.criterion(batch, random)
        given = batch.features, batch.lengths, batch.labels, criterion
        half, device = self.settings.precision == "bfloat16", batch.lengths.device
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            return training_loss(self.model, *given)


def _train_epoch(update, examples, batch_size, seed, epoch):
    """One pass over ``examples``; returns the mean loss per utterance."""
    model = update.model.train()
    device = next(model.parameters()).device
    torch.manual_seed(derive_seed("dropout", seed, epoch))
    random = np.random.default_rng(derive_seed("mixup", seed, epoch))
    lengths = [len(features) for features, _ in examples]
    total = 0.0
    for indices in shuffled_batches(lengths, batch_size, seed, epoch):
        batch = collate(examples, indices, model.blocks, device)
        total += update(batch, random) * len(indices)
    if not math.isfinite(total):
        found, where = f"the training loss is {total}", f"epoch {epoch}"
        raise InputError(found, where, remedy="lower train.learning_rate or set train.clip_norm")
    return total / len(examples)


def _num_plateaus(state, patience):
    """How often ``patience`` epochs passed without one that dev judges better."""
    plateaus, best, since = 0, -math.inf, 0
    for entry in state.history:
        since = 0 if dev_score(entry) > best else since + 1
        best = max(best, dev_score(entry))
        if since == patience:
            plateaus, since = plateaus + 1, 0
    return plateaus
