"""What the front end refuses: each error says what was found, where, and what to do."""

import pickle

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions
from pyser.errors import InputError

GOOD = np.zeros(1000, np.float32)


def refusal(call, *args, **kwargs):
    with pytest.raises(InputError) as caught:
        call(*args, **kwargs)
    assert caught.value.what
    return caught.value


def with_value(value, index, dtype=np.float32):
    samples = np.zeros(50000, dtype)
    samples[index] = value
    return samples


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [0, 399, 20001, 49999])
@pytest.mark.parametrize("value, name", [(np.nan, "NaN"), (np.inf, "inf"), (-np.inf, "inf")])
def test_nan_and_infinity_are_named_with_their_index(value, name, index, dtype):
    error = refusal(Frontend(), with_value(value, index, dtype))
    assert name in error.what and error.where == f"sample {index}"


@pytest.mark.parametrize("value", [1.01, -1.01, 32768.0, -3e38])
def test_magnitudes_off_the_scale_name_input_scale(value):
    error = refusal(Frontend(), with_value(value, 7))
    assert error.where == "sample 7" and "input_scale" in error.expected + error.remedy
    assert "set input_scale=1" in error.remedy


def test_full_scale_is_within_the_scale():
    for value in (1.0, -1.0, np.nextafter(np.float32(1), np.float32(2))):
        Frontend()(with_value(value, 3))
    scaled = Frontend(FrontendOptions(input_scale=1))
    scaled(with_value(32768, 3))
    assert refusal(scaled, with_value(33000, 3)).where == "sample 3"


@pytest.mark.parametrize(
    "samples",
    [
        np.zeros(800, np.int32),
        np.zeros(800, np.uint8),
        np.zeros(800, np.float16),
        np.zeros(800, np.complex64),
        np.zeros(800, bool),
        [1, 2, 3],
        ["a"],
        [None],
        [[0.5], [0.5, 0.5]],
        b"abc",
    ],
)
def test_other_types_are_refused(samples):
    error = refusal(Frontend(), samples)
    assert error.where == "samples"


@pytest.mark.parametrize("shape", [(), (1, 800), (800, 2), (2, 2, 200)])
def test_other_shapes_are_refused(shape):
    error = refusal(Frontend(), np.zeros(shape, np.int16))
    assert str(shape) in error.what and "[N]" in error.expected
    assert (error.remedy is not None) == (len(shape) == 2)


def test_another_sample_rate_names_both_and_the_remedy():
    error = refusal(Frontend(), GOOD, sample_rate=44100)
    assert "44100" in error.what and "16000" in error.expected
    assert "allow_downsample" in error.remedy and "sample_frequency=44100" in error.remedy
    error = refusal(Frontend(), GOOD, sample_rate=8000)
    assert "8000" in error.what and "allow_upsample" in error.remedy
    for call in (Frontend().stream, lambda rate: Frontend().num_frames(5, rate)):
        assert "8000" in refusal(call, 8000).what
    assert "8000" in refusal(Frontend().batch, [GOOD], sample_rate=8000).what


def test_one_permission_does_not_give_the_other():
    down = Frontend(FrontendOptions(allow_downsample=True))
    up = Frontend(FrontendOptions(allow_upsample=True))
    assert "allow_upsample" in refusal(down, GOOD, 8000).remedy
    assert "allow_downsample" in refusal(up, GOOD, 32000).remedy
    assert len(down(GOOD, 32000)) == 1 and len(up(GOOD, 8000)) == 11


@pytest.mark.parametrize("rate", [0, -16000, float("nan"), float("inf"), 8000.5, "fast", [1]])
def test_impossible_rates(rate):
    both = Frontend(FrontendOptions(allow_downsample=True, allow_upsample=True))
    assert refusal(both, GOOD, rate).where == "sample_rate"


def test_a_rate_that_is_not_whole_cannot_be_resampled_to():
    odd = Frontend(FrontendOptions(sample_frequency=16000.5, allow_downsample=True))
    assert len(odd(GOOD)) == 4
    assert refusal(odd, GOOD, 32000).where == "sample_frequency"


def test_batches_name_the_signal():
    signals = [GOOD, GOOD, with_value(np.nan, 5), with_value(np.nan, 1)]
    for num_threads in (1, 3):
        error = refusal(Frontend().batch, signals, num_threads=num_threads)
        assert error.where == "signal 2, sample 5"
    assert refusal(Frontend().batch, [GOOD, np.zeros((2, 2), np.int16)]).where == "signal 1"
    assert refusal(Frontend().batch, [GOOD], num_threads=-1).where == "num_threads"


def test_negative_lengths_are_refused():
    assert refusal(Frontend().num_frames, -1).where == "num_samples"


def test_a_finished_stream_refuses():
    stream = Frontend().stream()
    stream.accept(GOOD)
    assert len(stream.finish()) == 4
    for call in (lambda: stream.accept(GOOD), stream.finish):
        error = refusal(call)
        assert "finished" in error.what and "new stream" in error.remedy


def test_a_stream_takes_nothing_of_a_bad_chunk():
    stream = Frontend().stream()
    rows = [stream.accept(GOOD)]
    error = refusal(stream.accept, with_value(np.nan, 30000))
    assert error.where == f"sample {len(GOOD) + 30000}"  # counted from the start of the stream
    rows += [stream.accept(GOOD), stream.finish()]
    assert np.concatenate(rows).tobytes() == Frontend()(np.concatenate([GOOD, GOOD])).tobytes()


def test_a_stream_cannot_be_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Frontend().stream())


def test_errors_are_value_errors_that_can_be_pickled():
    error = refusal(Frontend(), with_value(np.nan, 5))
    assert isinstance(error, ValueError)
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error) and again.where == "sample 5"
