"""``pyser features`` computes what Frontend computes, from every kind of input to every output."""

import json
import os
import subprocess
import sys
from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser import Frontend, FrontendOptions
from pyser.cli import main
from pyser.files import digest
from pyser.frontend.probe import probe

FRONTEND = Frontend()


@pytest.fixture
def wavs(tmp_path, monkeypatch):
    """Five 16-bit files and their wav.scp; the working folder is theirs."""
    monkeypatch.chdir(tmp_path)
    draw = np.random.default_rng(0)
    samples = {f"utt{i}": (draw.normal(size=4000 + 500 * i) * 3000) for i in range(5)}
    samples = {key: values.astype(np.int16) for key, values in samples.items()}
    for key, values in samples.items():
        soundfile.write(f"{key}.wav", values, 16000)
    (tmp_path / "wav.scp").write_text("".join(f"{key} {key}.wav\n" for key in samples))
    return samples


def assert_same(found, wanted):
    found = dict(found)
    assert list(found) == list(wanted)
    for key, rows in wanted.items():
        assert found[key].dtype == np.float32
        assert found[key].tobytes() == rows.tobytes()
        assert found[key].shape == rows.shape


@pytest.mark.parametrize("output", ["ark:f.ark", "ark,t:f.ark", "ark,scp:f.ark,f.scp"])
@pytest.mark.parametrize("source", ["scp:wav.scp", "scp,p:wav.scp", "scp,s,cs:wav.scp"])
def test_rows_are_those_of_the_frontend(wavs, source, output):
    assert main(["features", source, output]) == 0
    wanted = {key: FRONTEND(samples) for key, samples in wavs.items()}
    assert_same(kaldiio.load_ark("f.ark"), wanted)
    if "scp" in output:
        assert_same(kaldiio.load_scp("f.scp").items(), wanted)


def test_tables_and_record(wavs):
    assert main(["features", "--num-mel-bins=30", "scp:wav.scp", "ark,scp:o/f.ark,o/f.scp"]) == 0
    options = FrontendOptions(num_mel_bins=30)
    record = json.loads(Path("o/frontend.json").read_text())
    assert record["options"] == options.as_dict()
    assert record["digest"] == digest(options.as_dict())
    assert record["dim"] == 90
    assert record["blocks"] == {"static": [0, 30], "delta": [30, 60], "delta2": [60, 90]}
    assert record["utterances"] == {"requested": 5, "done": 5, "short": 0, "failed": 0}
    assert record["probe"] == probe(Frontend(options)) != probe(FRONTEND)
    counts = {key: Frontend(options)(samples).shape[0] for key, samples in wavs.items()}
    lines = Path("o/utt2num_frames").read_text().splitlines()
    assert dict(line.split() for line in lines) == {k: str(v) for k, v in counts.items()}
    assert Path("o/f.scp").read_text().split()[1] == "o/f.ark:5"
    assert not os.path.exists("o/failed.tsv")
    assert sorted(os.listdir("o")) == [
        "f.ark",
        "f.scp",
        "frontend.json",
        "utt2cmvn.ark",
        "utt2cmvn.json",
        "utt2num_frames",
    ]


@pytest.mark.parametrize("envelope", [None, "soundfile"])
def test_archives_of_audio(wavs, envelope):
    recordings = {key: (16000, samples) for key, samples in wavs.items()}
    kaldiio.save_ark("wav.ark", recordings, scp="wav_ark.scp", write_function=envelope)
    wanted = {key: FRONTEND(samples) for key, samples in wavs.items()}
    for source in ("ark:wav.ark", "scp:wav_ark.scp"):
        assert main(["features", source, "ark:f.ark"]) == 0
        assert_same(kaldiio.load_ark("f.ark"), wanted)


def test_real_recordings_with_any_number_of_threads(emodb_root, tmp_path, capfd):
    paths = sorted((emodb_root / "wav").glob("*.wav"))[::25]
    scp = tmp_path / "wav.scp"
    scp.write_text("".join(f"{path.stem} {path}\n" for path in paths))
    for threads in (1, 3, 8):
        output = f"ark:{tmp_path}/{threads}.ark"
        assert main(["features", f"--num-threads={threads}", f"scp:{scp}", output]) == 0
    first = (tmp_path / "1.ark").read_bytes()
    assert all((tmp_path / f"{n}.ark").read_bytes() == first for n in (3, 8))
    wanted = {path.stem: FRONTEND(kaldiio.load_mat(str(path))[1]) for path in paths}
    assert_same(kaldiio.load_ark(str(tmp_path / "1.ark")), wanted)
    assert f"Done {len(paths)} out of {len(paths)} utterances." in capfd.readouterr().err


FORMATS = {
    "flac": {},
    "flac 24": {"format": "FLAC", "subtype": "PCM_24"},
    "wav 24": {"subtype": "PCM_24"},
    "wav 8": {"subtype": "PCM_U8"},
    "float": {"subtype": "FLOAT"},
    "double": {"subtype": "DOUBLE"},
    "A-law": {"subtype": "ALAW"},
    "opus": {"format": "OGG", "subtype": "OPUS"},
    "vorbis": {"format": "OGG", "subtype": "VORBIS"},
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("scale", [32768.0, 4096.0])
def test_other_formats_go_through_soundfile(name, scale, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(3).normal(size=16000) * 0.1
    file = "a.flac" if name == "flac" else "a.audio"
    how = {"format": "WAV"} | FORMATS[name] if name != "flac" else {}
    soundfile.write(file, samples, 16000, **how)
    (tmp_path / "wav.scp").write_text(f"a {file}\n")
    assert main(["features", f"--input-scale={scale}", "scp:wav.scp", "ark:f.ark"]) == 0
    decoded, _ = soundfile.read(file)
    wanted = decoded * (scale if name in ("float", "double") else 32768)
    rows = Frontend(FrontendOptions(input_scale=1))(wanted)
    (found,) = dict(kaldiio.load_ark("f.ark")).values()
    np.testing.assert_allclose(found, rows, atol=2e-3 if name in ("opus", "vorbis") else 1e-4)


def test_sixteen_bit_flac_gives_the_bytes_of_the_wav(wavs):
    soundfile.write("a.flac", wavs["utt0"], 16000)
    Path("flac.scp").write_text("utt0 a.flac\n")
    assert main(["features", "scp:flac.scp", "ark:f.ark"]) == 0
    assert_same(kaldiio.load_ark("f.ark"), {"utt0": FRONTEND(wavs["utt0"])})


def test_foreign_files_inside_archives(wavs):
    recordings = {key: (16000, samples) for key, samples in wavs.items()}
    kaldiio.save_ark(
        "wav.ark",
        recordings,
        scp="wav_ark.scp",
        write_function="soundfile",
        write_kwargs={"format": "flac", "subtype": "PCM_16"},
    )
    wanted = {key: FRONTEND(samples) for key, samples in wavs.items()}
    for source in ("ark:wav.ark", "scp:wav_ark.scp"):
        assert main(["features", source, "ark:f.ark"]) == 0
        assert_same(kaldiio.load_ark("f.ark"), wanted)


def test_resampling_and_its_warning(wavs, capfd):
    soundfile.write("high.flac", np.repeat(wavs["utt0"], 3), 48000)
    soundfile.write("low.wav", wavs["utt1"], 8000)
    soundfile.write("low2.wav", wavs["utt2"], 8000)
    Path("mixed.scp").write_text("a high.flac\nb low.wav\nc low2.wav\nd utt3.wav\n")
    options = {"allow_downsample": True, "allow_upsample": True}
    flags = ["--allow-downsample", "--allow-upsample=true"]
    assert main(["features", *flags, "scp:mixed.scp", "ark:f.ark"]) == 0
    frontend = Frontend(FrontendOptions(**options))
    wanted = {
        "a": frontend(np.repeat(wavs["utt0"], 3), 48000),
        "b": frontend(wavs["utt1"], 8000),
        "c": frontend(wavs["utt2"], 8000),
        "d": frontend(wavs["utt3"], 16000),
    }
    assert_same(kaldiio.load_ark("f.ark"), wanted)
    warnings = [line for line in capfd.readouterr().err.splitlines() if "WARNING" in line]
    assert len(warnings) == 1
    assert "2 utterances of 8000 Hz" in warnings[0]
    assert "4000 Hz" in warnings[0]
    assert "no speech" in warnings[0]


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24"])
def test_segments(wavs, subtype):
    for key, samples in wavs.items():
        soundfile.write(f"{key}.wav", samples, 16000, subtype=subtype)
    Path("segments").write_text(
        "a utt3 0.05 0.2\nb utt3 0 -1\nc utt1 0.1 0.3\nd utt3 0.1 0.6\ne utt4 0.0312 0.1001\n"
    )
    assert main(["features", "--segments=segments", "scp:wav.scp", "ark:f.ark"]) == 0
    wanted = {
        "a": FRONTEND(wavs["utt3"][800:3200]),
        "b": FRONTEND(wavs["utt3"]),
        "c": FRONTEND(wavs["utt1"][1600:4800]),
        "d": FRONTEND(wavs["utt3"][1600:]),  # 0.26 s after the end: up to the end
        "e": FRONTEND(wavs["utt4"][499:1601]),
    }
    assert_same(kaldiio.load_ark("f.ark"), wanted)


def test_config_file_and_command_line(wavs):
    Path("fbank.conf").write_text("--num-mel-bins=40  # more\n--use-energy=true\n")
    argv = ["features", "--config=fbank.conf", "--use_energy", "false"]
    assert main([*argv, "scp:wav.scp", "ark:f.ark"]) == 0
    frontend = Frontend(FrontendOptions(num_mel_bins=40, use_energy=False))
    wanted = {key: frontend(samples) for key, samples in wavs.items()}
    assert_same(kaldiio.load_ark("f.ark"), wanted)


@pytest.mark.parametrize("method", [None, 3])
def test_compression(wavs, method):
    flags = ["--compress=true"] + ([f"--compression-method={method}"] if method else [])
    assert main(["features", *flags, "scp:wav.scp", "ark,scp:f.ark,f.scp"]) == 0
    for key, rows in kaldiio.load_scp("f.scp").items():
        wanted = FRONTEND(wavs[key])
        bound = np.ptp(wanted) / (65535 if method else 63)
        assert np.abs(rows - wanted).max() <= bound
    assert main(["features", "scp:wav.scp", "ark,scp:f.ark,f.scp"]) == 1  # not what is there


def run(*args, **kwargs):
    command = [sys.executable, "-m", "pyser", "features", *args]
    return subprocess.run(command, capture_output=True, check=True, **kwargs)


def test_standard_streams(wavs):
    recordings = {key: (16000, samples) for key, samples in wavs.items()}
    kaldiio.save_ark("wav.ark", recordings)
    assert main(["features", "scp:wav.scp", "ark:f.ark"]) == 0
    wanted = Path("f.ark").read_bytes()
    table, archive = (Path(name).read_bytes() for name in ("wav.scp", "wav.ark"))
    result = run("scp:-", "ark:-", input=table)
    assert result.stdout == wanted
    assert result.stderr.decode().splitlines()[-1] == "Done 5 out of 5 utterances."
    assert run("ark:-", "-", input=archive).stdout == wanted
    assert sorted(os.listdir()) == sorted(
        [*(f"{k}.wav" for k in wavs), "wav.scp", "wav.ark", "f.ark"]
    )


def test_devices_are_written_not_replaced(wavs):
    os.mkfifo("pipe")
    with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE) as reader:
        assert main(["features", "scp:wav.scp", "ark:pipe"]) == 0
        content = reader.stdout.read()
    assert main(["features", "scp:wav.scp", "ark:f.ark"]) == 0
    assert content == Path("f.ark").read_bytes()


def test_help_lists_front_end_and_run_options(capsys):
    assert main(["features", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"--{name}" in text for name in ("num-mel-bins", "allow-upsample", "max-failed"))
