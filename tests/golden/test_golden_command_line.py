"""Archives that ``pyser features`` writes against those of Kaldi's tools, both read by kaldiio."""

import kaldiio
import numpy as np
import pytest
from kaldi_cases import load_cases, read_wav

from pyser import FrontendOptions
from pyser.cli import main
from pyser.frontend import reference

CASES = {case.id: case for case in load_cases()}
COMPRESSED = [case for case in CASES.values() if case.compressed]
# Too short utterances with and without add-deltas, several rates in one archive, MFCC, spectrogram.
PLAIN = [CASES[i] for i in ("0002", "0003", "0117", "0153", "0162") if i in CASES]
# Fixed grids of the methods without a header: lowest value, step, number of steps.
GRIDS = {"4": (-32768.0, 1.0, 65535), "7": (0.0, 1 / 255, 255)}
# Kaldi rounds at 0.499, in float32, where 32768 + x is known to 2^-8 only.
ROUNDING_STEPS = 0.501 + 2**-8


def compression_method(case):
    return dict(argument.split("=") for argument in case.post[-1][1])["--compression-method"]


def exact_rows(case, goldens, name):
    samples, sample_rate = read_wav(goldens / "wav" / f"{name}.wav")
    return reference.features(samples, FrontendOptions(**case.options), sample_rate)


@pytest.mark.parametrize("case", COMPRESSED, ids=lambda case: case.id)
def test_reference_is_what_kaldi_compressed(case, goldens, tmp_path):
    method = compression_method(case)
    for name, kaldi in case.matrices().items():
        exact = exact_rows(case, goldens, name)
        if method in GRIDS:
            low, step, steps = GRIDS[method]
            expected, allowed = np.clip(exact, low, low + step * steps), ROUNDING_STEPS * step
        else:  # a grid for each column, as kaldiio writes it
            path = str(tmp_path / "exact.ark")
            kaldiio.save_ark(path, {name: exact.astype(np.float32)}, compression_method=1)
            expected = dict(kaldiio.load_ark(path))[name]
            allowed = 1e-4 + 2 * case.build_spread[name]
        np.testing.assert_allclose(kaldi, expected, rtol=0, atol=allowed)


def run_features(case, goldens, folder, *options):
    """Name -> matrix that the command line writes for a case, and the path of its archive."""
    scp, ark = folder / "wav.scp", folder / "feats.ark"
    scp.write_text("".join(f"{name} {goldens}/wav/{name}.wav\n" for name in case.wavs))
    kaldi = [f"--{name.replace('_', '-')}={value}".lower() for name, value in case.options.items()]
    assert main(["features", *kaldi, *options, f"scp:{scp}", f"ark:{ark}"]) == 0
    return dict(kaldiio.load_ark(str(ark))), ark


def assert_within_bounds(ours, kaldi, case):
    for name, rows in kaldi.items():
        allowed = 1e-4 + 2 * case.build_spread[name]
        np.testing.assert_allclose(ours[name], rows, rtol=0, atol=allowed, err_msg=name)


@pytest.mark.parametrize("case", COMPRESSED, ids=lambda case: case.id)
def test_command_line_compresses_as_kaldi(case, goldens, tmp_path):
    options = ["--compress=true", f"--compression-method={compression_method(case)}"]
    ours, ark = run_features(case, goldens, tmp_path, *options)
    kaldi = case.matrices()
    assert list(ours) == list(kaldi)
    assert_within_bounds(ours, kaldi, case)
    with open(goldens / case.ark, "rb") as golden, open(ark, "rb") as written:
        assert golden.read(10) == written.read(10)  # the same key and kind of matrix


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.id)
def test_command_line_writes_what_kaldi_writes_but_for_empty_matrices(case, goldens, tmp_path):
    ours, _ = run_features(case, goldens, tmp_path)
    kaldi = {name: rows for name, rows in case.matrices().items() if len(rows)}
    assert list(ours) == list(kaldi)
    assert_within_bounds(ours, kaldi, case)
