"""Frontend: shapes, types, layouts of the input, blocks, batches, rates, silence."""

import copy
import pickle

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions
from pyser.errors import InputError

FLOOR = np.log(np.finfo(np.float32).eps)


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(-3000, 3000, count, dtype=np.int16)


def frontend(**options):
    return Frontend(FrontendOptions(**options))


def test_rows_are_float32_and_contiguous():
    rows = Frontend()(noise(16000))
    assert rows.shape == (98, 78) and rows.dtype == np.float32
    assert rows.flags.c_contiguous and rows.flags.owndata and rows.flags.writeable


@pytest.mark.parametrize("snip_edges", [True, False])
@pytest.mark.parametrize("length_ms, shift_ms", [(25, 10), (10, 20), (20.07, 1.3)])
def test_number_of_rows(snip_edges, length_ms, shift_ms):
    fe = frontend(snip_edges=snip_edges, frame_length=length_ms, frame_shift=shift_ms)
    length, shift = int(16 * length_ms), int(16 * shift_ms)
    for count in [0, 1, shift // 2, shift, length - 1, length, length + 1, length + shift, 3000]:
        fit = 1 + (count - length) // shift if count >= length else 0
        expected = fit if snip_edges else (count + shift // 2) // shift
        assert fe.num_frames(count) == expected
        assert fe(noise(count)).shape == (expected, fe.dim)


@pytest.mark.parametrize(
    "options, width, orders",
    [
        ({}, 26, 2),
        ({"use_energy": True, "delta_order": 1}, 27, 1),
        ({"feature_type": "mfcc", "delta_order": 3}, 13, 3),
        ({"feature_type": "spectrogram", "delta_order": 0}, 257, 0),
        ({"truncate": 5}, 5, 2),
    ],
)
def test_blocks_name_the_columns(options, width, orders):
    fe = frontend(**options)
    names = ["static", "delta", "delta2", "delta3"][: orders + 1]
    assert list(fe.blocks) == names
    assert [fe.blocks[n] for n in names] == [
        slice(k * width, (k + 1) * width) for k in range(orders + 1)
    ]
    assert fe(noise(4000)).shape[1] == fe.dim == width * (orders + 1)


def test_static_block_does_not_depend_on_the_others():
    x = noise(8000)
    full, static = Frontend()(x), frontend(delta_order=0)(x)
    assert full[:, Frontend().blocks["static"]].tobytes() == static.tobytes()
    truncated = frontend(truncate=7)(x)
    assert truncated[:, :7].tobytes() == full[:, :7].tobytes()
    assert truncated[:, 7:14].tobytes() == full[:, 26:33].tobytes()


def test_floats_and_pcm_of_the_same_values_give_the_same_bytes():
    x = np.concatenate([noise(5000), np.array([-32768, 32767, 0, -1, 1] * 200, np.int16)])
    rows = Frontend()(x)
    for dtype in (np.float32, np.float64):
        assert Frontend()((x / 32768).astype(dtype)).tobytes() == rows.tobytes()
        assert frontend(input_scale=1)(x.astype(dtype)).tobytes() == rows.tobytes()


@pytest.mark.parametrize(
    "layout",
    [
        lambda x: np.repeat(x, 3)[::3],
        lambda x: np.stack([x, -x], axis=1)[:, 0],
        lambda x: x[::-1].copy()[::-1],
        lambda x: x.astype(x.dtype.newbyteorder(">")),
        lambda x: np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1),  # not aligned
        lambda x: memoryview(x),
    ],
    ids=["strided", "column", "reversed", "big-endian", "unaligned", "buffer"],
)
@pytest.mark.parametrize("dtype", [np.int16, np.float32, np.float64])
def test_any_memory_layout(layout, dtype):
    x = noise(2000).astype(dtype) / (1 if dtype == np.int16 else 32768)
    x = x.astype(dtype)
    assert Frontend()(layout(x)).tobytes() == Frontend()(x).tobytes()


def test_input_is_not_changed_and_may_be_read_only():
    x = noise(2000)
    before = x.copy()
    x.flags.writeable = False
    rows = Frontend()(x)
    assert (x == before).all() and len(rows) == 11


def test_a_list_of_floats_is_taken():
    assert Frontend()([0.0] * 400).shape == (1, 78)


@pytest.mark.parametrize("value", [0, 1, -32768, 32767])
@pytest.mark.parametrize("kind", ["fbank", "mfcc", "spectrogram"])
def test_silence_and_offsets_are_the_floor_and_do_not_move(kind, value):
    fe = frontend(feature_type=kind, use_energy=True)
    rows = fe(np.full(4000, value, np.int16))
    assert np.isfinite(rows).all()
    if kind != "mfcc":
        assert (abs(rows[:, fe.blocks["static"]] - FLOOR) < 1e-5).all()
    assert (rows[:, fe.dim // 3 :] == 0).all()


def test_batch_is_the_same_as_one_by_one():
    signals = [noise(n, n) for n in (16000, 0, 399, 400, 5000, 30000, 1)]
    expected = [Frontend()(x).tobytes() for x in signals]
    for num_threads in (0, 1, 2, 5, 50):
        rows = Frontend().batch(signals, num_threads=num_threads)
        assert [r.tobytes() for r in rows] == expected
        assert [r.shape for r in rows] == [(Frontend().num_frames(len(x)), 78) for x in signals]
    assert Frontend().batch([]) == []
    mixed = [signals[0], (signals[4] / 32768).astype(np.float32)]
    assert [r.tobytes() for r in Frontend().batch(iter(mixed))] == [expected[0], expected[4]]


def test_batch_takes_a_rate():
    fe = frontend(allow_downsample=True, sample_frequency=8000)
    signals = [noise(9000, 1), noise(4000, 2)]
    rows = fe.batch(signals, sample_rate=16000, num_threads=2)
    assert [r.tobytes() for r in rows] == [fe(x, 16000).tobytes() for x in signals]


def test_dither_is_seeded_gaussian_and_of_the_given_size():
    silence = np.zeros(200_000, np.int16)
    one = frontend(dither=1, delta_order=0, feature_type="spectrogram", remove_dc_offset=False)
    assert one(silence).tobytes() == one(silence).tobytes()
    other = frontend(**{**one.options.as_dict(), "dither_seed": 1})
    assert other(silence).tobytes() != one(silence).tobytes()
    energy = np.exp(one(silence)[:, 0].astype(float)) / 400  # mean square of each frame
    assert abs(energy.mean() - 1) < 0.01
    # of Gaussian noise the mean square over 400 samples has standard deviation sqrt(2 / 400)
    assert abs(energy.std() / np.sqrt(2 / 400) - 1) < 0.1
    three = frontend(**{**one.options.as_dict(), "dither": 3.0})
    assert abs(np.exp(three(silence)[:, 0].astype(float)).mean() / 400 - 9) < 0.1


def test_resampling_keeps_a_tone():
    def tone(rate):
        return np.round(9000 * np.sin(2 * np.pi * 440 * np.arange(rate) / rate)).astype(np.int16)

    options = {"delta_order": 0, "high_freq": 3400}
    wanted = frontend(**options)(tone(16000))
    loud = wanted[20:80] > wanted.max() - 9  # 40 dB; below, the filter's side lobes show
    for rate, allow in [(48000, "allow_downsample"), (22050, "allow_downsample")]:
        rows = frontend(**options, **{allow: True})(tone(rate), rate)
        assert abs(len(rows) - len(wanted)) <= 1
        assert abs(rows[20:80] - wanted[20:80])[loud].max() < 0.02
    up = frontend(**options, allow_upsample=True)(tone(11025), 11025)
    assert abs(up[20:80] - wanted[20:80])[loud].max() < 0.02


def test_number_of_rows_after_resampling():
    fe = frontend(allow_downsample=True, allow_upsample=True)
    for rate in (8000, 11025, 16000, 44100, 44101):
        for count in (0, 1, 400, 1000, 4411, 20000):
            resampled = -(-count * 16000 // rate)
            assert fe.num_frames(count, rate) == Frontend().num_frames(resampled)
            assert fe(noise(count), rate).shape[0] == fe.num_frames(count, rate)


def test_copies_compute_the_same():
    fe = frontend(num_mel_bins=40)
    x = noise(3000)
    for other in (pickle.loads(pickle.dumps(fe)), copy.copy(fe), copy.deepcopy(fe), eval(repr(fe))):
        assert other.options == fe.options and other(x).tobytes() == fe(x).tobytes()


def test_cannot_be_changed():
    with pytest.raises(AttributeError):
        Frontend().options = FrontendOptions()


def test_other_options_are_refused():
    with pytest.raises(InputError, match="FrontendOptions"):
        Frontend({"num_mel_bins": 40})


def test_mean_subtraction_leaves_no_mean():
    rows = frontend(subtract_mean=True, delta_order=0)(noise(16000))
    assert abs(rows.mean(axis=0)).max() < 1e-5 and rows.std() > 0.1
    assert frontend(subtract_mean=True)(noise(100)).shape == (0, 78)


def test_htk_edges_differ_only_in_the_outer_rows_of_the_second_order():
    x = noise(16000)
    kaldi, htk = Frontend()(x), frontend(delta_edges="htk")(x)
    assert kaldi[:, :52].tobytes() == htk[:, :52].tobytes()
    differs = abs(kaldi - htk).max(axis=1) > 1e-4
    assert differs[[0, -1]].all() and not differs[2:-2].any()
