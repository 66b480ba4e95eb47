"""What a run learns: models that learn something before the labels, once and reproducibly."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import numpy as np
import torch
from train_builder import CLASSES

from pyser.models.layers import select_blocks
from pyser.models.members import Members
from pyser.models.network import Network
from pyser.models.pooling import MeanPooling
from pyser.train.fit import FitState
from pyser.train.learn import learn
from pyser.train.seeds import derive_seed
from pyser.train.settings import AugmentSettings, DataSettings, Settings, TrainSettings
from pyser.train.targets import TARGETS

BLOCKS = {"static": 2}


@dataclass(frozen=True)
class Features:
    """Rows that NumPy can make an array of, with extras, as inputs.Utterance has them."""

    rows: np.ndarray
    extras: dict = field(default_factory=lambda: {"gender": np.int64(1)})
    ndim = 2
    shape = property(lambda self: self.rows.shape)

    def __len__(self):
        return len(self.rows)

    def __array__(self, dtype=None, copy=None):
        return self.rows


class Centred(Network):
    """Learns before the labels what the mean frame is."""

    def __init__(self):
        super().__init__(None, BLOCKS, len(CLASSES))
        self.layer, self.pooling = torch.nn.Linear(2, len(CLASSES)), MeanPooling()
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("drawn", torch.zeros(1))
        self.calls = []

    def pretrain(self, train_set, seed):
        assert train_set[0][0].extras == {"gender": 1}
        self.calls.append(seed)
        frames = np.concatenate([np.asarray(features) for features, _ in train_set])
        self.mean.copy_(torch.from_numpy(frames.mean(axis=0)))
        self.drawn.fill_(np.random.default_rng(seed).random())
        return f"the mean of {len(frames)} frames"

    def forward(self, features, lengths):
        frames = select_blocks(features, ("static",), lengths)
        return self.layer(self.pooling(frames - self.mean, lengths))


def make():
    torch.manual_seed(0)
    return Centred()


def examples(seed=0):
    random = np.random.default_rng(seed)
    rows = [random.standard_normal((4 + k, 2)).astype(np.float32) for k in range(6)]
    return [(Features(values), k % len(CLASSES)) for k, values in enumerate(rows)]


SETTINGS = Settings("hnsd", None, DataSettings(), TrainSettings(epochs=2), AugmentSettings())


def run(model, state=None, epochs=2):
    settings = replace(SETTINGS, train=TrainSettings(epochs=epochs))
    parts = {"train": examples(), "dev": examples(1)}
    fold = SimpleNamespace(examples=parts, read_blocks=BLOCKS, target=TARGETS["emotion"])
    return learn(model, fold, settings, 3, state or FitState(), None)


def test_what_comes_before_the_labels_is_learnt_once_and_kept(capsys):
    model = make()
    state = run(model, epochs=1)
    assert model.calls == [derive_seed("pretrain", 3, 1)]
    assert "the mean of 39 frames" in capsys.readouterr().err
    assert model.mean.abs().min() > 0 and torch.equal(state.kept["mean"], model.mean)
    other = make()
    run(other, state)
    assert not other.calls  # it goes on from what was learnt
    assert torch.equal(other.mean, model.mean) and torch.equal(other.drawn, model.drawn)
    whole = make()
    run(whole)
    assert all(map(torch.equal, whole.state_dict().values(), other.state_dict().values()))


def test_each_member_learns_with_a_seed_of_its_own():
    members = Members([make(), make()])
    run(members)
    one, other = members.members
    assert torch.equal(one.mean, other.mean)
    assert one.drawn != other.drawn
