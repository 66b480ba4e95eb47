"""Frame features: named blocks, what does not change them, the command line."""

import json
import wave

import numpy as np
import pytest

from pyser import Frontend, FrontendOptions
from pyser.cli import main
from pyser.frontend.options import option_table

NAMES = {row["name"]: row for row in option_table()}["frame_features"]["items"]
ALL = ",".join(NAMES)


def signal(count, seed=0):
    rng = np.random.default_rng(seed)
    tone = 4000 * np.sin(2 * np.pi * 150 / 16000 * np.arange(count))
    return (tone + rng.normal(0, 500, count) + 200).astype(np.int16)


def frontend(features=ALL, **options):
    return Frontend(FrontendOptions(frame_features=features, **options))


def block(fe, name, samples):
    """[T] of a block that is one column wide."""
    (column,) = fe(samples)[:, fe.blocks[name]].T
    return column


def test_blocks_name_every_column():
    fe = frontend("zcr,log_energy", delta_order=2)
    assert fe.dim == 3 * 28
    assert fe.blocks == {
        "static": slice(0, 26),
        "zcr": slice(26, 27),
        "log_energy": slice(27, 28),
        "delta": slice(28, 54),
        "delta_zcr": slice(54, 55),
        "delta_log_energy": slice(55, 56),
        "delta2": slice(56, 82),
        "delta2_zcr": slice(82, 83),
        "delta2_log_energy": slice(83, 84),
    }
    assert list(frontend("rms", feature_type="none", delta_order=1).blocks) == ["rms", "delta_rms"]


@pytest.mark.parametrize("more", [{}, {"feature_type": "mfcc"}, {"truncate": 7}])
@pytest.mark.parametrize("snip_edges", [True, False])
def test_the_columns_of_the_type_and_their_deltas_stay_as_they_are(more, snip_edges):
    x = signal(9000)
    plain, fe = frontend("", snip_edges=snip_edges, **more), frontend(snip_edges=snip_edges, **more)
    rows, expected = fe(x), plain(x)
    for name, columns in plain.blocks.items():
        assert rows[:, fe.blocks[name]].tobytes() == expected[:, columns].tobytes()


def test_a_block_does_not_depend_on_the_others():
    x, fe = signal(9000), frontend()
    rows = fe(x)
    for name in NAMES:
        alone = frontend(name, feature_type="none", delta_order=0)
        assert alone(x).tobytes() == rows[:, fe.blocks[name]].tobytes()
    backwards = frontend(",".join(NAMES[::-1]))
    other = backwards(x)
    for name, columns in fe.blocks.items():
        assert other[:, backwards.blocks[name]].tobytes() == rows[:, columns].tobytes()


@pytest.mark.parametrize("num_threads", [1, 2, 3])
def test_a_batch_gives_the_same_bytes(num_threads):
    fe = frontend()
    signals = [signal(n, seed=n) for n in (0, 1, 399, 400, 5000, 16000, 7777)]
    for rows, x in zip(fe.batch(signals, num_threads=num_threads), signals, strict=True):
        assert rows.shape == (fe.num_frames(len(x)), fe.dim)
        assert rows.tobytes() == fe(x).tobytes()


def test_values_of_known_signals():
    fe = frontend("log_energy,zcr,rms", feature_type="none", delta_order=0)
    n = np.arange(4000)
    square = fe(np.where(n // 8 % 2, 1000, -1000).astype(np.int16))  # 1 kHz, whole in 400 samples
    np.testing.assert_allclose(square[:, 0], np.log(400 * 1000.0**2), atol=1e-6)
    np.testing.assert_allclose(square[:, 1], 49 / 399)
    np.testing.assert_array_equal(square[:, 2], 1000)
    fastest = fe(np.where(n % 2, 1000, -1000).astype(np.int16))
    np.testing.assert_array_equal(fastest[:, 1], 1)
    for level in (0, 1, -32768):
        constant = fe(np.full(4000, level, np.int16))
        np.testing.assert_allclose(constant[:, 0], np.log(np.finfo(np.float32).eps), atol=1e-6)
        assert not constant[:, 1:].any()


def test_the_offset_counts_where_it_stays():
    x = np.full(4000, 300, np.int16)
    fe = frontend("rms,zcr", feature_type="none", delta_order=0, remove_dc_offset=False)
    assert (fe(x) == [300, 0]).all()


def test_log_energy_is_that_of_the_type_and_has_its_floor():
    x = signal(8000)
    fe = frontend("log_energy", use_energy=True)
    rows = fe(x)
    np.testing.assert_allclose(rows[:, 0], rows[:, 27], atol=1e-6)
    high = block(frontend("log_energy", energy_floor=1e12), "log_energy", x)
    np.testing.assert_allclose(high, np.log(1e12), atol=1e-6)


def test_mean_subtraction_takes_in_the_frame_features():
    x = signal(8000)
    plain = frontend(delta_order=0)(x)
    rows = frontend(delta_order=0, subtract_mean=True)(x)
    np.testing.assert_allclose(rows, plain - plain.mean(axis=0, dtype=float), rtol=1e-5, atol=1e-3)


def test_command_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    x = signal(8000)
    with wave.open("a.wav", "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(x.tobytes())
    (tmp_path / "wav.scp").write_text("a a.wav\n")
    flags = ["--feature-type=none", f"--frame-features={ALL}"]
    assert main(["features", *flags, "scp:wav.scp", "ark,scp:f.ark,f.scp"]) == 0
    import kaldiio

    fe = frontend(feature_type="none")
    assert kaldiio.load_scp("f.scp")["a"].tobytes() == fe(x).tobytes()
    record = json.loads((tmp_path / "frontend.json").read_text())
    assert record["blocks"] == {name: [s.start, s.stop] for name, s in fe.blocks.items()}
    assert record["options"]["frame_features"] == ALL


@pytest.mark.parametrize("flag", ["--frame-features=pitch", "--frame-features=zcr,,rms"])
def test_unknown_names_are_usage_errors(flag, tmp_path, capsys):
    assert main(["features", flag, "scp:none", f"ark:{tmp_path}/a.ark"]) == 2
    assert f"log_energy, {NAMES[1]}" in capsys.readouterr().err


def test_every_name_has_a_value():
    rows = frontend(feature_type="none", delta_order=0)(signal(8000))
    assert rows.shape[1] == len(NAMES) and (rows.std(axis=0) > 0).all()
