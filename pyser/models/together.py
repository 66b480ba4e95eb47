"""Independent modules side by side: a recurrence keeps one core busy, two of them keep two.

torch shares the small products of every time step between its threads, which then wait for each
other hundreds of times; and its backward pass takes one module after the other. Here each module
has a thread of its own for its whole forward and its whole backward pass.
"""

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import torch


def run_together(modules, inputs, lengths):
    """The outputs of ``modules[k](inputs[k], lengths)``, a list; gradients reach the parameters.

    On a CPU, in training, with at least as many torch threads as modules; otherwise one after the
    other. The modules must share no parameter and draw no random numbers; ``inputs`` get no
    gradient when they run side by side.
    """
    if not _worthwhile(modules, inputs):
        return [module(frames, lengths) for module, frames in zip(modules, inputs, strict=True)]
    parameters = [list(module.parameters()) for module in modules]
    flat = [parameter for group in parameters for parameter in group]
    return list(_Together.apply(modules, inputs, lengths, parameters, *flat))


def _worthwhile(modules, inputs):
    return (
        len(modules) > 1
        and torch.get_num_threads() >= len(modules)
        and torch.is_grad_enabled()
        and all(frames.device.type == "cpu" and not frames.requires_grad for frames in inputs)
    )


class _Together(torch.autograd.Function):
    """Forward and backward of each module in its thread; each keeps its own graph in between."""

    @staticmethod
    def forward(ctx, modules, inputs, lengths, parameters, *flat):
        half = torch.is_autocast_enabled("cpu")
        kind = torch.get_autocast_dtype("cpu")

        def run(module, frames):
            with torch.enable_grad(), torch.autocast("cpu", kind, enabled=half):
                return module(frames, lengths)

        ctx.parameters = parameters
        ctx.outputs = list(_threads(len(modules)).map(run, modules, inputs))
        return tuple(output.detach() for output in ctx.outputs)

    @staticmethod
    def backward(ctx, *gradients):
        grads = _threads(len(gradients)).map(
            torch.autograd.grad, ctx.outputs, ctx.parameters, gradients
        )
        return (None, None, None, None, *(grad for group in grads for grad in group))


@functools.cache
def _threads(count):
    """``count`` threads for which torch is single-threaded; the caller's number stays as it is."""
    own = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, "pyser", torch.set_num_threads, (1,))
    everyone = threading.Barrier(count)
    for met in [pool.submit(everyone.wait) for _ in range(count)]:
        met.result()  # now all have begun
    torch.set_num_threads(own)  # torch keeps a number for threads to come as well
    return pool
