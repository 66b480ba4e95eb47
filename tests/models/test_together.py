"""Modules side by side compute what they compute one after the other."""

import pytest
import torch

from pyser.models.layers import Encoder
from pyser.models.together import run_together


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def setting(seed=0):
    torch.manual_seed(seed)
    encoders = [Encoder(3, 8, bidirectional=True), Encoder(5, 8, bidirectional=True)]
    inputs = [torch.randn(4, 9, 3), torch.randn(4, 9, 5)]
    return encoders, inputs, torch.tensor([9, 5, 1, 7])


def gradients(encoders, outputs):
    sum((output**2).sum() for output in outputs).backward()
    return [parameter.grad for encoder in encoders for parameter in encoder.parameters()]


def test_outputs_and_gradients_are_those_of_one_after_the_other():
    encoders, inputs, lengths = setting()
    together = run_together(encoders, inputs, lengths)
    assert all(type(output.grad_fn).__name__ == "_TogetherBackward" for output in together)
    one_by_one = [
        encoder(frames, lengths) for encoder, frames in zip(encoders, inputs, strict=True)
    ]
    for output, expected in zip(together, one_by_one, strict=True):
        torch.testing.assert_close(output, expected)
    found = [gradient.clone() for gradient in gradients(encoders, together)]
    for encoder in encoders:
        encoder.zero_grad()
    for gradient, expected in zip(found, gradients(encoders, one_by_one), strict=True):
        torch.testing.assert_close(gradient, expected)


def test_the_same_bytes_every_time():
    results = []
    for _ in range(3):
        encoders, inputs, lengths = setting()
        outputs = run_together(encoders, inputs, lengths)
        results.append([*outputs, *gradients(encoders, outputs)])
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_autocast_reaches_the_threads():
    encoders, inputs, lengths = setting()
    with torch.autocast("cpu", torch.bfloat16):
        outputs = run_together(encoders, inputs, lengths)
    assert {output.dtype for output in outputs} == {torch.bfloat16}
    assert {gradient.dtype for gradient in gradients(encoders, outputs)} == {torch.float32}


def test_threads_of_the_caller_stay_as_they_are():
    encoders, inputs, lengths = setting()
    run_together(encoders, inputs, lengths)
    assert torch.get_num_threads() == 2


def test_one_thread_or_no_gradients_take_the_plain_way():
    encoders, inputs, lengths = setting()
    with torch.inference_mode():
        assert all(output.grad_fn is None for output in run_together(encoders, inputs, lengths))
    torch.set_num_threads(1)
    outputs = run_together(encoders, inputs, lengths)
    assert all(type(output.grad_fn).__name__ != "_TogetherBackward" for output in outputs)


def test_an_error_in_a_thread_is_raised_here():
    encoders, inputs, lengths = setting()
    with pytest.raises(RuntimeError):
        run_together(encoders, inputs[::-1], lengths)
