"""Support vector machine on functionals: the classical yardstick.

Cortes, Vapnik: "Support-Vector Networks", Machine Learning 20 (1995); one machine per pair of
classes, as in LIBSVM (Chang, Lin, ACM TIST 2011), through scikit-learn. The class fits itself
(``fit_examples``) instead of being trained by gradients, and is a model like any other after that.
"""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
import torch
from torch import nn

from pyser.errors import InputError
from pyser.models.functionals import STATISTICS, cepstra, functionals
from pyser.models.layers import check_blocks
from pyser.models.limits import check_limits, limited
from pyser.models.svmfit import fit_machine, standardisation, temperature_of
from pyser.score.metrics import confusion, unweighted_accuracy

# What is stored of a fitted machine, float64 (pairs: int64). F functionals, P pairs of classes.
_ARRAYS = (
    "mean",  # [F], of the training utterances
    "scale",  # [F], 1 / their standard deviation; 0 for what is constant
    "vectors",  # [S, F], the support vectors, standardised; [0, F] for the linear kernel
    "coefficients",  # [P, S]; for the linear kernel already multiplied by the vectors: [P, F]
    "intercepts",  # [P]
    "pairs",  # [P, 2], the classes of each pair; classes without training utterances are in none
    "gamma",  # []
    "temperature",  # []
)
_MACHINE = ("vectors", "coefficients", "intercepts")


class SVM(nn.Module):
    """C-SVC, one against one, on standardised functionals of the normalised rows.

    C, and gamma of the RBF kernel, are those with the highest dev UA among the values of the
    configuration; among equals the smaller C, then the smaller gamma. Nothing is drawn at random.

    Answers are scikit-learn's with ``decision_function_shape="ovr"`` and ``break_ties=True``: each
    pair of classes has a vote, and the sum s of the pairs' margins breaks ties as
    ``s / (3 (|s| + 1))``, which is less than a vote. Logits are these values divided by the one
    temperature that gives the dev utterances the lowest cross entropy, so that their softmax is a
    posterior.

    ``num_parameters`` is what one answer is computed from: for the RBF kernel support vectors,
    coefficients and intercepts, S F + P S + P, which is another number in every fold; for the
    linear kernel the weights and intercepts of the pairs, P (F + 1).

    Args:
        config: a ``SVM.Config``.
        blocks: widths of the feature blocks, name -> d.
        num_classes: C.
    """

    libraries = ("scikit-learn",)

    @dataclass(frozen=True)
    class Config:
        """Functionals, kernel and what is chosen on dev.

        Attributes:
            rows: feature blocks that are described as they are.
            cepstra: blocks that are described by their cosine transform as well (of log-mel bands:
                cepstral coefficients).
            num_ceps: how many coefficients of it.
            statistics: of each column over time, of: mean std min max range slope.
            percentiles: of each column over time.
            kernel: ``linear`` or ``rbf``.
            C: costs to choose from.
            gamma: to choose from for ``rbf``, in units of 1 / number of functionals.
            class_weight: ``balanced``: C is divided by (number of classes x share of the class).
        """

        rows: tuple[str, ...] = ("static", "delta", "delta2")
        cepstra: tuple[str, ...] = ()
        num_ceps: int = limited(13, 1)
        statistics: tuple[str, ...] = ("mean", "std")
        percentiles: tuple[float, ...] = (1, 5, 25, 50, 75, 95, 99)
        kernel: Literal["linear", "rbf"] = "linear"
        C: tuple[float, ...] = (0.001, 0.003, 0.01, 0.03, 0.1)
        gamma: tuple[float, ...] = (1.0,)
        class_weight: Literal["none", "balanced"] = "none"

        def __post_init__(self):
            check_limits(self)
            _check_values("C", self.C, "numbers above 0", lambda value: value > 0)
            _check_values("gamma", self.gamma, "numbers above 0", lambda value: value > 0)
            known = "some of: " + " ".join(STATISTICS)
            _check_values("statistics", self.statistics, known, STATISTICS.__contains__)
            percent = "numbers in 0..100"
            _check_values("percentiles", self.percentiles, percent, lambda value: 0 <= value <= 100)
            _check_some("C", self.C)
            _check_some("gamma", self.gamma)
            _check_some("rows and cepstra", self.rows + self.cepstra)
            _check_some("statistics and percentiles", self.statistics + self.percentiles)

    def __init__(self, config, blocks, num_classes):
        super().__init__()
        self.config, self.blocks, self.num_classes = config, dict(blocks), num_classes
        check_blocks(blocks, [*config.rows, *config.cepstra], "svm")
        self._assign({name: torch.zeros(0, dtype=torch.float64) for name in _ARRAYS})

    @property
    def num_parameters(self):
        """The number of stored values of the machine; 0 before it is fitted."""
        return sum(getattr(self, name).numel() for name in _MACHINE)

    def load_state_dict(self, state_dict, *args, **kwargs):
        """As in torch; the shapes, which depend on the training data, are taken as they come."""
        self._assign({name: state_dict[name] for name in _ARRAYS if name in state_dict})
        return super().load_state_dict(state_dict, *args, **kwargs)

    def forward(self, features, lengths):
        """Logits, float32 [B, C].

        Args:
            features: block name -> float32 [B, T, d]; the frames beyond ``lengths`` are ignored.
            lengths: int64 [B], number of real frames of each utterance, at least 1.
        """
        blocks = {name: block.cpu().numpy() for name, block in features.items()}
        vectors = [
            self.describe({name: block[index, :length] for name, block in blocks.items()})
            for index, length in enumerate(lengths.tolist())
        ]
        return (self.decision(np.stack(vectors)) / self.temperature).float()

    def describe(self, blocks):
        """Functionals, float64 [F], of one utterance: block name -> [T, d]."""
        parts = [blocks[name] for name in self.config.rows]
        parts += [cepstra(blocks[name], self.config.num_ceps) for name in self.config.cepstra]
        rows = np.concatenate(parts, axis=1)
        return functionals(rows, self.config.statistics, self.config.percentiles)

    def decision(self, vectors):
        """Votes and ties broken by margins: float64 tensor [N, C] from functionals [N, F]."""
        inputs = (torch.from_numpy(vectors).to(self.mean) - self.mean) * self.scale
        if self.config.kernel == "rbf":
            exact = "donot_use_mm_for_euclid_dist"
            distances = torch.cdist(inputs, self.vectors, compute_mode=exact)
            inputs = torch.exp(-self.gamma * distances**2)
        margins = inputs @ self.coefficients.T + self.intercepts
        first, second = nn.functional.one_hot(self.pairs.T, self.num_classes).to(margins)
        wins = (margins >= 0).to(margins)
        votes = wins @ first + (1 - wins) @ second
        sums = margins @ (first - second)
        return votes + sums / (3 * (sums.abs() + 1))

    def fit_examples(self, train_set, dev_set):
        """Fit every machine of the configuration on ``train_set``; keep the best on ``dev_set``.

        Args:
            train_set: list of (features float32 [T, D], label in 0..C-1).
            dev_set: the same; it decides between machines and fits the temperature.

        Returns:
            dict of what was ``chosen``, and of dev UA for all that was ``tried``.

        Raises:
            InputError: one class only, features that are not finite, or no scikit-learn.
        """
        vectors, labels = self._table(train_set, "training")
        dev_vectors, dev_labels = self._table(dev_set, "dev")
        if len(np.unique(labels)) < 2:
            found = f"all {len(labels)} training utterances are of one class"
            raise InputError(found, "svm", "at least two classes")
        self._assign(standardisation(vectors))
        standardised = (vectors - self.mean.cpu().numpy()) * self.scale.cpu().numpy()
        best, tried = None, []
        for cost, gamma in self._candidates():
            arrays = fit_machine(standardised, labels, self.config, cost, gamma)
            self._assign(arrays)
            answers = self.decision(dev_vectors).argmax(dim=1).cpu().numpy()
            matrix = confusion(dev_labels, answers, self.num_classes)
            tried.append({"C": cost, "gamma": gamma, "dev_ua": float(unweighted_accuracy(matrix))})
            if best is None or tried[-1]["dev_ua"] > best[0]["dev_ua"]:
                best = tried[-1], arrays
        chosen, arrays = best
        temperature = temperature_of(self._assign(arrays).decision(dev_vectors), dev_labels)
        self._assign({"temperature": torch.tensor(temperature, dtype=torch.float64)})
        return {"chosen": chosen | {"temperature": temperature}, "tried": tried}

    def _candidates(self):
        """Pairs of C and gamma (None where the kernel has none), smaller C first."""
        gammas = sorted(self.config.gamma) if self.config.kernel == "rbf" else [None]
        return product(sorted(self.config.C), gammas)

    def _table(self, examples, what):
        """Functionals float64 [N, F] and labels int64 [N] of ``examples``."""
        ends = np.cumsum(list(self.blocks.values()))[:-1]
        vectors = []
        for index, (features, _) in enumerate(examples):
            rows = np.asarray(features)  # once: features of an archive are normalised at each call
            if not np.isfinite(rows).all():
                raise InputError("some features are not finite", f"{what} utterance {index}")
            parts = np.split(rows, ends, axis=1)
            vectors.append(self.describe(dict(zip(self.blocks, parts, strict=True))))
        return np.stack(vectors), np.array([label for _, label in examples])

    def _assign(self, arrays):
        """Store tensors under their names, on the device of the model; returns the model."""
        device = self.mean.device if hasattr(self, "mean") else None
        for name, value in arrays.items():
            tensor = value.detach().clone().to(device)
            setattr(self, name, nn.Parameter(tensor, requires_grad=False))
        return self


def _check_values(name, values, expected, is_allowed):
    if not all(is_allowed(value) for value in values):  # NaN never is
        raise InputError(f"{name} is {list(values)}", "svm", expected)


def _check_some(name, values):
    if not values:
        raise InputError(f"{name} is empty", "svm", "at least one value")
