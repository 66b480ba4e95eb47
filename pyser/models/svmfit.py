"""Fitting of the SVM: scikit-learn's machine as tensors, the standardisation, the temperature."""

from itertools import combinations

import numpy as np
import torch

from pyser.errors import InputError
from pyser.score.calibration import fit_temperature
from pyser.score.table import decide


def fit_machine(vectors, labels, config, cost, gamma):
    """Fit scikit-learn's SVC to standardised functionals [N, F]; its arrays as tensors."""
    try:
        from sklearn.svm import SVC
    except ImportError as error:
        remedy = "pip install scikit-learn"
        raise InputError("scikit-learn is not installed", "svm", remedy=remedy) from error

    gamma = (gamma or 1.0) / vectors.shape[1]
    weight = None if config.class_weight == "none" else config.class_weight
    machine = SVC(C=cost, kernel=config.kernel, gamma=gamma, class_weight=weight, cache_size=500)
    machine.fit(vectors, labels)
    support, coefficients = machine.support_vectors_, _pair_coefficients(machine)
    if config.kernel == "linear":
        support, coefficients = support[:0], coefficients @ support
    arrays = {
        "vectors": support,
        "coefficients": coefficients,
        "intercepts": _sign(machine) * machine.intercept_,
        "pairs": np.array(list(combinations(machine.classes_.tolist(), 2))),
        "gamma": np.array(gamma),
    }
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def _pair_coefficients(machine):
    """Coefficients [P, S] of all support vectors in the margin of each pair of classes.

    In LIBSVM's table [classes - 1, S], a support vector of class i has its coefficient against
    class j in row j - 1 when j > i, else in row j.
    """
    ends = np.cumsum(machine.n_support_)
    of_class = [slice(end - size, end) for end, size in zip(ends, machine.n_support_, strict=True)]
    pairs = list(combinations(range(len(ends)), 2))
    coefficients = np.zeros((len(pairs), ends[-1]))
    for row, (first, second) in zip(coefficients, pairs, strict=True):
        row[of_class[first]] = machine.dual_coef_[second - 1, of_class[first]]
        row[of_class[second]] = machine.dual_coef_[first, of_class[second]]
    return _sign(machine) * coefficients


def _sign(machine):
    """With two classes, scikit-learn turns the margin round: positive for the second class."""
    return -1.0 if len(machine.classes_) == 2 else 1.0


def standardisation(vectors):
    """Mean and scale of the columns of ``vectors`` [N, F], as tensors under these names."""
    mean, deviation = vectors.mean(axis=0), vectors.std(axis=0)
    varies = deviation > 1e-9 * (1 + np.abs(mean))  # else it differs by rounding only
    scale = np.where(varies, 1 / np.where(varies, deviation, 1), 0)
    return {"mean": torch.from_numpy(mean), "scale": torch.from_numpy(scale)}


def temperature_of(values, labels):
    """The temperature of decision values [N, C] (a tensor) with the lowest cross entropy."""
    names = [str(index) for index in range(len(labels))]
    classes = [str(index) for index in range(values.shape[1])]
    posteriors = values.log_softmax(dim=1).cpu().numpy()
    return fit_temperature(decide(classes, names, names, labels, posteriors))
