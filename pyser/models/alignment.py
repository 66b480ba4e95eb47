"""Two spaces of word vectors brought into one by a rotation, without a dictionary.

Conneau, Lample, Ranzato, Denoyer, Jegou: "Word Translation Without Parallel Data", ICLR 2018. There
a map W is learnt against a discriminator, which is to tell mapped source vectors from target
vectors; then pairs of mutual neighbours, found with W, give a better W by orthogonal Procrustes,
and so on. A start that is not theirs matches words by how similar they are to all others, which a
rotation leaves as it is (Artetxe, Labaka, Agirre: "A Robust Self-learning Method for Fully
Unsupervised Cross-lingual Mappings of Word Embeddings", ACL 2018).

Vectors [N, d] are float64 arrays; N may differ between the two. d pairs determine a rotation: with
fewer, any pairs fit, what is beyond them is mapped anyhow, and the score tells nothing.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn import functional

from pyser.errors import InputError

_NEIGHBOURS = 10  # of CSLS, and the next are those of the paper too
_JUDGE_STEPS = 5  # of the discriminator to one of the map
_SMOOTH = 0.1  # the discriminator is to be sure to this part less
_DROPOUT = 0.1  # of its inputs
_PULL = 0.01  # beta: how fast W goes back to the orthogonal maps
# Ours, found on made-up spaces of some hundred words; the paper has 2048 units and, of a million
# steps, a rate of 0.1 for both.
_HIDDEN = 64
_BATCH = 32  # as in the paper
_MAP_RATE, _JUDGE_RATE = 1.0, 0.3
_LAST_RATE = 0.1  # as part of the first one; it falls geometrically
_ROUNDS, _PATIENCE = 30, 2


@dataclass(frozen=True)
class Alignment:
    """A rotation and how well it fits.

    Attributes:
        rotation: [d, d], orthogonal; ``prepare(source) @ rotation.T`` are in the target's space.
        score: mean CSLS of the pairs; the higher the better, known without a dictionary.
        pairs: int64 [P, 2], mutual neighbours (source, target) after the rotation.
        start: what it was begun with, ``adversarial`` or ``profile``; or ``words``, if pairs were
            known.
    """

    rotation: np.ndarray
    score: float
    pairs: np.ndarray
    start: str = ""

    @property
    def determined(self):
        """Whether there are as many pairs as a rotation needs."""
        return len(self.pairs) >= len(self.rotation)


def prepare(vectors, centre=None):
    """``vectors`` of length one, less their mean (or ``centre`` [d]), of length one again."""
    vectors = _unit(np.asarray(vectors, np.float64))
    return _unit(vectors - (vectors.mean(axis=0) if centre is None else centre))


def centre_of(vectors):
    """The mean [d] that ``prepare`` takes away."""
    return _unit(np.asarray(vectors, np.float64)).mean(axis=0)


def procrustes(source, target):
    """The orthogonal W that minimises ``|source W^T - target|`` (Schoenemann 1966): [d, d].

    Args:
        source, target: pairs of vectors [P, d].
    """
    left, _, right = np.linalg.svd(target.T @ source)
    return left @ right


def csls(source, target, neighbours=_NEIGHBOURS):
    """Cosine similarities less those that are due to crowded places: [N, M].

    ``2 cos(x, y) - r(x) - r(y)``, r being the mean cosine to the nearest vectors on the other side.

    Args:
        source, target: vectors of length one, [N, d] and [M, d].
        neighbours: how many of them make r.
    """
    cosines = source @ target.T
    count = min(neighbours, *cosines.shape)
    of_source = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    of_target = np.partition(cosines, -count, axis=0)[-count:].mean(axis=0)
    return 2 * cosines - of_source[:, None] - of_target


def mutual_neighbours(similarities):
    """Pairs int64 [P, 2] of rows and columns that are each other's nearest."""
    to_target, to_source = similarities.argmax(axis=1), similarities.argmax(axis=0)
    rows = np.arange(len(similarities))
    kept = to_source[to_target] == rows
    return np.stack([rows[kept], to_target[kept]], axis=1)


def refine(source, target, rotation, rounds=_ROUNDS):
    """Procrustes on mutual neighbours, again and again, from a first ``rotation``: Alignment.

    It ends when the score has not risen for _PATIENCE rounds; the best round is returned.

    Args:
        source, target: as ``prepare`` makes them.
        rotation: [d, d], orthogonal.
        rounds: at most so many.
    """
    best, waited = None, 0
    for _ in range(rounds + 1):
        similarities = csls(source @ rotation.T, target)
        pairs = mutual_neighbours(similarities)
        found = Alignment(rotation, float(similarities[pairs[:, 0], pairs[:, 1]].mean()), pairs)
        waited = waited + 1 if best and found.score <= best.score else 0
        if waited > _PATIENCE:
            break
        best = best if waited else found
        rotation = procrustes(source[pairs[:, 0]], target[pairs[:, 1]])
    return best


def align(source, target, start="both", restarts=8, steps=1500, seed=0):
    """Align two spaces: the best Alignment of all starts, by its score.

    Args:
        source, target: vectors [N, d] and [M, d], the most frequent words first.
        start: ``adversarial``, ``profile`` or ``both``.
        restarts: from how many first maps to learn against discriminators.
        steps: of each.
        seed: the same one gives the same result, on one machine and number of threads.

    Raises:
        InputError: the vectors differ in width, or there are fewer than two in a space.
    """
    shapes = np.shape(source), np.shape(target)
    if shapes[0][1:] != shapes[1][1:] or min(shapes[0][0], shapes[1][0]) < 2:
        found = f"vectors of the shapes {' and '.join(str(list(shape)) for shape in shapes)}"
        raise InputError(found, expected="two or more in each, of one width")
    source, target = prepare(source), prepare(target)
    begun = []
    if start in ("profile", "both"):
        begun.append(("profile", start_by_profile(source, target)))
    if start in ("adversarial", "both"):
        maps = start_against_discriminator(source, target, restarts, steps, seed)
        begun += [("adversarial", rotation) for rotation in maps]
    found = [replace(refine(source, target, first), start=name) for name, first in begun]
    return max(found, key=lambda one: one.score)


def align_pairs(source, target):
    """The Alignment of vectors [N, d] that belong together row by row: Procrustes, once."""
    source, target = prepare(source), prepare(target)
    rotation = procrustes(source, target)
    rows = np.arange(len(source))
    score = float(csls(source @ rotation.T, target)[rows, rows].mean())
    return Alignment(rotation, score, np.stack([rows, rows], axis=1), "words")


def start_by_profile(source, target):
    """A first rotation [d, d] from words whose sorted similarities to all others are alike.

    Args:
        source, target: as ``prepare`` makes them; of the larger space the first ones are read.
    """
    count = min(len(source), len(target))
    source, target = source[:count], target[:count]
    profiles = (prepare(np.sort(vectors @ vectors.T, axis=1)) for vectors in (source, target))
    pairs = mutual_neighbours(csls(*profiles))
    return procrustes(source[pairs[:, 0]], target[pairs[:, 1]])


def start_against_discriminator(source, target, restarts, steps, seed):
    """First rotations [restarts, d, d], each learnt against a discriminator of its own.

    Args:
        source, target: as ``prepare`` makes them.
        restarts: R; they are learnt side by side, from random orthogonal maps. Small steps do not
            lead from rotations to reflections: every second map begins as one, the others as the
            other.
        steps: of each map.
        seed: of all that is random.
    """
    width = source.shape[1]
    # the values of a discriminator's inputs are of the order of one
    spaces = [torch.from_numpy(space * math.sqrt(width)).float() for space in (source, target)]
    generator = torch.Generator().manual_seed(seed)
    maps = _draw_maps(restarts, width, generator).requires_grad_()
    judges = _Judges(restarts, width, generator)
    judge_optimizer = torch.optim.SGD(judges.weights, _JUDGE_RATE)
    map_optimizer = torch.optim.SGD([maps], _MAP_RATE)
    for step in range(steps):
        decay = _LAST_RATE ** (step / steps)
        judge_optimizer.param_groups[0]["lr"] = _JUDGE_RATE * decay
        map_optimizer.param_groups[0]["lr"] = _MAP_RATE * decay
        for _ in range(_JUDGE_STEPS):
            _step(judge_optimizer, judges.loss(*_draw(spaces, maps.detach(), generator)))
        _step(map_optimizer, judges.loss(*_draw(spaces, maps, generator), deceived=True))
        with torch.no_grad():
            maps.copy_((1 + _PULL) * maps - _PULL * (maps @ maps.mT) @ maps)
    left, _, right = np.linalg.svd(maps.detach().double().numpy())
    return left @ right


class _Judges:
    """R discriminators side by side, each of two hidden layers: [R, N, d] -> [R, N]."""

    def __init__(self, count, width, generator):
        self._generator, self.weights = generator, []
        for inputs, outputs in ((width, _HIDDEN), (_HIDDEN, _HIDDEN), (_HIDDEN, 1)):
            drawn = 2 * torch.rand(count, inputs, outputs, generator=generator) - 1
            self.weights += [drawn / math.sqrt(inputs), torch.zeros(count, 1, outputs)]
        for weight in self.weights:
            weight.requires_grad_()

    def loss(self, mapped, other, deceived=False):
        """Sum of the losses of all, or with the labels exchanged (``deceived``) of their maps."""
        hidden = torch.cat([mapped, other], dim=1)
        kept = torch.rand(hidden.shape, generator=self._generator) >= _DROPOUT
        hidden = hidden * kept / (1 - _DROPOUT)
        for place in range(0, len(self.weights), 2):
            hidden = functional.leaky_relu(hidden, 0.2) if place else hidden
            hidden = torch.baddbmm(self.weights[place + 1], hidden, self.weights[place])
        labels = torch.full(hidden.shape, _SMOOTH)
        labels[:, slice(mapped.shape[1]) if deceived else slice(mapped.shape[1], None)] = (
            1 - _SMOOTH
        )
        losses = functional.binary_cross_entropy_with_logits(hidden, labels, reduction="none")
        return losses.mean(dim=(1, 2)).sum()


def _draw_maps(count, width, generator):
    """Orthogonal maps [count, d, d], their determinants 1 and -1 in turns."""
    maps = torch.linalg.qr(torch.randn(count, width, width, generator=generator))[0]
    wanted = torch.tensor([1.0, -1.0]).repeat(count)[:count]
    maps[:, :, 0] *= (wanted * torch.linalg.det(maps).sign())[:, None]
    return maps


def _draw(spaces, maps, generator):
    """Mapped source vectors and target vectors, [R, _BATCH, d] each."""
    shape = len(maps), _BATCH
    source, target = (
        space[torch.randint(len(space), shape, generator=generator)] for space in spaces
    )
    return source @ maps.mT, target


def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _unit(vectors):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1.0)
