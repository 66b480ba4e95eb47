"""Mean and variance normalisation by Kaldi's binaries, against ours on features of ours.

The bounds are those of the front end: |ours - kaldi| <= 1e-4 + 2 build_spread, and against the
float64 reference, normalised by formulae in NumPy, |ours - exact| <= max(1e-4, 2 |kaldi - exact|).
"""

import numpy as np
import pytest
from kaldi_cases import GOLDENS, load_cases, read_wav

from pyser import Frontend, FrontendOptions
from pyser.frontend import reference
from pyser.frontend.cmvn import apply_cmvn, apply_cmvn_sliding, compute_cmvn_stats

CASES = [case for case in load_cases() if case.cmvn]


def ours(tool, options, rows):
    if tool == "apply-cmvn-sliding":
        return apply_cmvn_sliding(rows, **options)
    return apply_cmvn(rows, compute_cmvn_stats(rows), **options)


def by_formula(tool, options, rows):
    """The same in float64 for signals shorter than the window, which then is all of them."""
    if tool == "apply-cmvn-sliding":
        assert options["center"] and len(rows) <= options["cmn_window"]
    deviation = rows.std(axis=0) if options["norm_vars"] else 1.0
    return (rows - rows.mean(axis=0)) / deviation


def test_both_tools_are_among_the_cases(goldens):
    assert {case.cmvn[0] for case in CASES} == {"apply-cmvn", "apply-cmvn-sliding"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.id}-{case.cmvn[0]}")
def test_agrees_with_kaldi_and_the_formula(case):
    options = FrontendOptions(**case.options)
    frontend = Frontend(options)
    matrices = case.matrices()
    assert set(matrices) == set(case.wavs)
    for name, kaldi in matrices.items():
        samples, sample_rate = read_wav(GOLDENS / "wav" / f"{name}.wav")
        rows = ours(*case.cmvn, frontend(samples, sample_rate))
        exact = by_formula(*case.cmvn, reference.features(samples, options, sample_rate))
        assert (rows.dtype, rows.shape) == (np.float32, kaldi.shape)
        assert abs(rows - kaldi).max() <= 1e-4 + 2 * case.build_spread.get(name, 0.0), name
        assert abs(rows - exact).max() <= max(1e-4, 2 * abs(kaldi - exact).max()), name
