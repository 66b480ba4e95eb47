"""What models read besides frames: text, gender, waveform."""

import numpy as np
import pytest
import soundfile
import torch
from data_builder import SPEAKERS, make_data, write_wav

from pyser.data.datadir import DataDir
from pyser.errors import InputError
from pyser.files import write_text
from pyser.train.augment import Augmenter
from pyser.train.batching import collate
from pyser.train.extras import extra_tables, know_extras, load_extras
from pyser.train.inputs import Utterance
from pyser.train.settings import AugmentSettings, DataSettings


@pytest.fixture
def data(tmp_path):
    data = make_data(tmp_path / "data")
    names = list(data.table("utt2spk"))[:4]
    texts = ["the sky is blue", "The sky", "", "the sea is unheard"]
    lines = [f"{name} {text}".rstrip() for name, text in zip(names, texts, strict=True)]
    write_text(data.path / "text", "\n".join(lines) + "\n")
    return DataDir(data.path), names


def test_words_are_numbered_by_how_often_training_has_them(data):
    data, names = data
    known = know_extras(["text"], data, names[:3])
    assert known == {"text": ["sky", "the", "blue", "is"]}
    rows = [extras["text"].tolist() for extras in load_extras(["text"], data, names, known)]
    assert rows == [[3, 2, 5, 4], [3, 2], [0], [3, 1, 5, 1]]  # 0: no words, 1: unknown


def test_gender_is_known_or_not(data):
    data, names = data
    speakers = data.table("utt2spk")
    chosen = [next(n for n, s in speakers.items() if s == speaker) for speaker in SPEAKERS[:3]]
    codes = ["f", "m"]
    lines = [f"{speakers[name]} {code}" for name, code in zip(chosen, codes, strict=False)]
    write_text(data.path / "spk2gender", "".join(line + "\n" for line in lines))
    data = DataDir(data.path)
    assert know_extras(["gender"], data, names) == {}
    found = [int(extras["gender"]) for extras in load_extras(["gender"], data, chosen, {})]
    assert found == [0, 1, -1]
    assert extra_tables(["gender", "text"], data) == ["spk2gender", "text", "utt2spk"]
    (data.path / "spk2gender").unlink()
    data = DataDir(data.path)
    assert [int(e["gender"]) for e in load_extras(["gender"], data, chosen, {})] == [-1] * 3
    assert extra_tables(["gender"], data) == ["utt2spk"]


def test_a_missing_table_is_named(data):
    data, names = data
    with pytest.raises(InputError, match="no table text_asr"):
        know_extras(["text_asr"], data, names)


def test_words_have_times(data):
    data, names = data
    spoken = ["0.00 0.10 THE 0.10 0.254 Sky", "", "0.02 0.05 sky. 0.05 0.06 -- 0.07 0.1 blue"]
    lines = [f"{name} {text}".rstrip() for name, text in zip(names, spoken, strict=False)]
    write_text(data.path / "utt2words", "\n".join(lines) + "\n")
    data = DataDir(data.path)
    known = know_extras(["words"], data, names[:2])
    assert known == {"words": ["sky", "the"]}
    found = [extras["words"] for extras in load_extras(["words"], data, names, known)]
    assert all(rows.dtype == np.int64 for rows in found)
    assert [rows.tolist() for rows in found] == [
        [[3, 0, 100], [2, 100, 254]],
        [[0, 0, 0]],
        [[2, 20, 50], [1, 70, 100]],
        [[0, 0, 0]],  # no line at all
    ]
    assert extra_tables(["words"], data) == ["utt2words"]


def test_times_of_words_that_cannot_be_read(data):
    data, names = data
    write_text(data.path / "utt2words", f"{names[0]} 0.1 0.2 la 0.1 0.3 so\n")
    with pytest.raises(InputError, match=rf"utt2words: utterance {names[0]}: so begins at 0.1"):
        know_extras(["words"], DataDir(data.path), names)


def test_waves_have_one_rate(tmp_path, data):
    data, names = data
    paths = {name: tmp_path / f"{name}.wav" for name in names}
    for number, path in enumerate(paths.values()):
        write_wav(path, number, sample_rate=16000 if number == 2 else 8000)
    places = {name: str(path) for name, path in paths.items()}
    soundfile.write(tmp_path / "other.flac", np.zeros(100), 8000)
    places[names[3]] = str(tmp_path / "other.flac")
    lines = (f"{name} {place}\n" for name, place in places.items())
    write_text(data.path / "wav.scp", "".join(lines))
    data = DataDir(data.path)
    chosen = [names[0], names[1], names[3]]
    assert know_extras(["wave"], data, chosen) == {"wave": 8000}
    with pytest.raises(InputError, match=rf"{names[2]} has 16000 Hz; expected 8000 Hz.*resample"):
        know_extras(["wave"], data, names)
    with pytest.raises(InputError, match=rf"{names[2]} has 16000 Hz; expected 8000 Hz"):
        load_extras(["wave"], data, [names[2]], {"wave": 8000})
    assert len(load_extras(["wave"], data, chosen, {"wave": 8000})) == 3
    segments = "".join(f"{name} {names[2]} 0 0.02\n" for name in names)
    write_text(data.path / "segments", segments)
    assert know_extras(["wave"], DataDir(data.path), names) == {"wave": 16000}


def test_batches_hold_extras_with_their_lengths(tmp_path, data):
    data, names = data
    for number, name in enumerate(names):
        write_wav(tmp_path / f"{name}.wav", number, num_samples=50 + number)
    table = "".join(f"{name} {tmp_path}/{name}.wav\n" for name in sorted(names))
    write_text(data.path / "wav.scp", table)
    data = DataDir(data.path)
    inputs = ["text", "gender", "wave"]
    known = know_extras(inputs, data, names)
    assert known["wave"] == 8000
    blocks = {"static": 3}
    same = type("Same", (), {"apply": lambda self, name, rows: rows})()
    examples = [
        (Utterance(name, np.ones((5 + number, 3)), same, blocks, 1, 1, extras), number)
        for number, (name, extras) in enumerate(
            zip(names, load_extras(inputs, data, names, known), strict=True)
        )
    ]
    batch = collate(examples, [3, 1], blocks)
    assert set(batch.features) == {
        *("static", "gender"),
        *("text", "text_lengths", "wave", "wave_lengths"),
    }
    assert batch.features["text_lengths"].tolist() == [4, 2]
    assert batch.features["text"].dtype == torch.int64 and batch.features["text"][1, 2:].sum() == 0
    assert batch.features["wave_lengths"].tolist() == [53, 51]
    expected = np.random.default_rng(1).integers(-1000, 1000, 51) / 32768
    assert np.array_equal(batch.features["wave"][1], [*expected, 0, 0])
    varied = Augmenter(AugmentSettings(tempo=0.1), DataSettings(), blocks).epoch(examples, 0, 1)
    assert torch.equal(collate(varied, [3, 1], blocks).features["text"], batch.features["text"])
