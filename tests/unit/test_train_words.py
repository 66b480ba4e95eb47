"""Models of words: which transcripts they read, vectors of a file, and x-vectors beside them."""

import kaldiio
import numpy as np
import pytest
import torch
import train_builder
import yaml
from train_builder import CONFIG, arguments, write_data

from pyser.cli import main
from pyser.data.datadir import DataDir
from pyser.data.reader import read_vector
from pyser.data.tables import read_table
from pyser.errors import FileError, InputError
from pyser.files import write_text
from pyser.train import checkpoint, grid, plan
from pyser.train.codedigest import inputs_asked
from pyser.train.extras import extra_tables, know_extras, load_extras
from pyser.train.predict import open_run, predict_run
from pyser.train.wordvectors import know_vectors, read_word_vectors

GLOVE = "sky 1 2.5 -3e-1\nthe 4 5 6\nsky 0 0 0\nat a@b.com 7 8 9\n. . . 7 8 9\nsea 0.5 0 1\n"
MODEL = {"name": "mscnn", "filters": 2, "audio_scales": [3], "text_scales": [2], "embedding": 3}


@pytest.fixture
def vectors(tmp_path):
    """Write a file of word vectors."""

    def write(text, name="vectors.txt"):
        write_text(tmp_path / name, text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("head", ["", "6 3\n"])
def test_vectors_are_read_with_and_without_a_header(vectors, head):
    found = read_word_vectors(vectors(head + GLOVE), ["the", "sky", "sun", "at"])
    assert set(found) == {"the", "sky"}
    assert found["sky"].dtype == np.float32
    np.testing.assert_array_equal(found["sky"], np.float32([1, 2.5, -0.3]))
    np.testing.assert_array_equal(found["the"], [4, 5, 6])


def test_lines_may_end_as_word2vec_ends_them(vectors):
    found = read_word_vectors(vectors("2 2\nél 1 2 \nthe 3 4 \n"), ["él"])
    np.testing.assert_array_equal(found["él"], [1, 2])


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "vectors.txt: is empty; expected lines `<word> <number> ...`"),
        (
            "sky 1 2\nthe 1\n",
            "txt:2: 1 numbers; expected 2, as in the lines before; the file is dam",
        ),
        ("sky 1 2\nthe 1 2 3\n", "txt:2: 3 numbers; expected 2"),
        ("2 3\nsky 1 2\nthe 1 2\n", "txt:2: 2 numbers; expected 3"),
        ("sky\n", "txt:1: a word without numbers"),
        ("sky 1 b\n", "txt:1: found what is no finite number"),
        ("sky 1 nan\n", "txt:1: found what is no finite number"),
        ("3 2\nsky 1 2\nthe 1 2\n", "txt: 2 words; expected 3, as its first line says"),
    ],
)
def test_a_bad_file_of_vectors_is_refused(vectors, text, message):
    with pytest.raises(InputError) as caught:
        read_word_vectors(vectors(text), ["sky"])
    assert message in str(caught.value)


def test_vectors_that_are_not_there(tmp_path):
    with pytest.raises(FileError, match=r"none.txt: cannot be read .*correct data.word_vectors"):
        read_word_vectors(tmp_path / "none.txt", ["sky"])


def test_known_words_are_those_with_a_vector(vectors):
    known = know_vectors(["is", "the", "sky"], ["sea", "sky", "sand"], vectors(GLOVE))
    assert known["text"] == ["the", "sky", "sea"]
    np.testing.assert_array_equal(known["word_vectors"][2], [0.5, 0, 1])
    with pytest.raises(InputError, match="has none of 2 words"):
        know_vectors(["himmel"], ["meer"], vectors(GLOVE))


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Tiny data with transcripts by hand and by machine, and x-vectors; runs in this process."""
    write_data(tmp_path)
    data = DataDir(tmp_path / "data")
    random = np.random.default_rng(0)
    spoken = {name: " ".join(random.choice(["The", "sky,", "is"], 3)) for name in data.utterances}
    spoken["spk0-0"] = "sea -- ..."
    heard = {name: text.replace("sky", "ski") for name, text in spoken.items()}
    for table, texts in (("text", spoken), ("text_asr", heard)):
        lines = "".join(f"{name} {text}\n" for name, text in texts.items())
        write_text(data.path / table, lines)
    write_xvectors(data)
    write_model(tmp_path)
    monkeypatch.setattr(grid, "run_jobs", lambda jobs, num_jobs: train_builder.run_here(jobs, 1))
    return tmp_path


def write_xvectors(data, **changed):
    random = np.random.default_rng(1)
    found = {name: random.standard_normal(4).astype(np.float32) for name in data.utterances}
    ark, scp = str(data.path / "xvector.ark"), str(data.path / "xvector.scp")
    kaldiio.save_ark(ark, found | changed, scp=scp)


def write_model(place, model=None, **data):
    config = CONFIG | {"model": MODEL | (model or {}), "data": {"frame_step": 2} | data}
    config["train"] = config["train"] | {"weight_decay": 0.0}  # it would move unread vectors too
    (place / "mscnn.yaml").write_text(yaml.safe_dump(config))


def train(place, *more, exp="exp"):
    return main(arguments(place, "--folds=1", *more, exp=exp, config="mscnn.yaml"))


def known_words(place, exp="exp"):
    return checkpoint.load(place / exp / "fold1/seed1/model.pt")["known"]


def test_the_extra_text_is_read_from_the_transcripts_that_are_chosen(place, capsys):
    assert train(place) == 0
    assert sorted(known_words(place)["text"]) == ["is", "sky", "the"]
    assert train(place, "--data.transcript=text_asr", exp="asr") == 0
    assert sorted(known_words(place, "asr")["text"]) == ["is", "ski", "the"]
    _, fold, _ = open_run(place / "asr/fold1/seed1", ["test"])
    ids = {extras.name: extras.extras["text"].tolist() for extras, _ in fold.examples["test"]}
    assert ids["spk0-0"] == [1]  # punctuation alone is no word
    assert train(place, exp="asr") == 1
    assert "data.transcript was text_asr, is text" in capsys.readouterr().err


def digests(place, **config):
    return plan.input_digests(place / "data", place / "split", [1], config)[1]


def test_the_digest_of_extras_follows_the_table_that_is_read(place):
    asked = {"text": digests(place, model=MODEL)}
    asked["text_asr"] = digests(place, model=MODEL, data={"transcript": "text_asr"})
    assert asked["text"]["extras"] != asked["text_asr"]["extras"]
    write_text(place / "data/text_asr", "spk0-0 nothing\n")
    assert digests(place, model=MODEL) == asked["text"]
    after = digests(place, model=MODEL, data={"transcript": "text_asr"})
    assert after["extras"] != asked["text_asr"]["extras"]
    (place / "data/text_asr").unlink()
    assert digests(place, model=MODEL) == asked["text"]
    with pytest.raises(InputError, match="no table text_asr; expected what the input text is made"):
        digests(place, model=MODEL, data={"transcript": "text_asr"})


def test_the_digest_of_word_vectors_is_of_their_content(place, vectors):
    path = str(vectors(GLOVE))
    before = digests(place, model=MODEL, data={"word_vectors": path})
    assert "word_vectors" not in digests(place, model=MODEL, data={"word_vectors": ""})
    moved = str(vectors(GLOVE, "other.txt"))
    assert digests(place, model=MODEL, data={"word_vectors": moved}) == before
    vectors(GLOVE.replace("sea 0.5", "sea 0.6"))
    after = digests(place, model=MODEL, data={"word_vectors": path})
    assert {name for name in after if after[name] != before[name]} == {"word_vectors"}
    with pytest.raises(FileError, match=r"none.txt: no such file; expected word vectors as text"):
        digests(place, model=MODEL, data={"word_vectors": "none.txt"})
    with pytest.raises(InputError, match="the model hnsd reads no words; leave word_vectors out"):
        digests(place, model={"name": "hnsd"}, data={"word_vectors": path})


@pytest.mark.parametrize("tuned", [False, True])
def test_a_trained_model_needs_no_file_of_vectors(place, vectors, tuned):
    path = vectors(GLOVE)
    write_model(place, {"tune_vectors": tuned}, word_vectors=str(path))
    assert train(place) == 0
    known = known_words(place)
    assert sorted(known["text"]) == ["sea", "sky", "the"]  # sea is said in test alone
    assert known["word_vectors"].shape == (3, 3)
    run = place / "exp/fold1/seed1"
    predict_run(run)
    answers = (run / "scores.tsv").read_bytes()
    path.unlink()
    (run / "scores.tsv").unlink()
    predict_run(run)
    assert (run / "scores.tsv").read_bytes() == answers
    model, _, _ = open_run(run, ["test"])
    start, sea = known["word_vectors"], known["text"].index("sea")
    table = model.words.table[2:].detach()
    torch.testing.assert_close(table[sea], start[sea], rtol=0, atol=0)
    assert torch.equal(table, start) != tuned


@pytest.mark.parametrize(
    "config, asked",
    [
        ({"model": MODEL}, ("text",)),
        ({"model": MODEL | {"xvector": False}}, ("text",)),
        ({"model": MODEL | {"xvector": True}}, ("text", "xvector")),
        ({"model": MODEL | {"xvector": "true"}}, ("text", "xvector")),
        ({"model": MODEL, "train": {"kinds": [{}, {"xvector": True}]}}, ("text", "xvector")),
        ({"model": MODEL, "train": {"kinds": "[{xvector: true}]"}}, ("text", "xvector")),
        ({"model": MODEL | {"xvector": "[{"}, "train": {"kinds": 3}}, ("text",)),
        ({"model": {"name": "hnsd"}}, ()),
        ({"model": {"name": "sdcaff"}}, ("gender",)),
    ],
)
def test_an_option_asks_for_an_extra(config, asked):
    assert inputs_asked(config) == asked


def test_xvectors_are_read_where_they_are_asked_for(place):
    assert train(place, "--model.xvector=true") == 0
    assert known_words(place)["xvector"] == 4
    predict_run(place / "exp/fold1/seed1")
    data = DataDir(place / "data")
    (extras,) = load_extras(["xvector"], data, ["spk0-1"], {"xvector": 4})
    expected = kaldiio.load_scp(str(data.path / "xvector.scp"))["spk0-1"]
    np.testing.assert_array_equal(extras["xvector"], expected)
    (data.path / "xvector.scp").unlink()
    assert train(place, exp="without") == 0
    assert "xvector" not in known_words(place, "without")
    with pytest.raises(InputError, match=r"no table xvector.scp; expected what the input xvector"):
        extra_tables(["text", "xvector"], DataDir(place / "data"))


def test_the_digest_of_extras_follows_the_values_of_xvectors(place):
    asked = {"model": MODEL | {"xvector": True}}
    before, without = digests(place, **asked), digests(place, model=MODEL)
    write_xvectors(DataDir(place / "data"), **{"spk0-1": np.ones(4, np.float32)})
    after = digests(place, **asked)
    assert {name for name in after if after[name] != before[name]} == {"extras"}
    assert digests(place, model=MODEL) == without


def test_xvectors_that_cannot_be_used(place):
    data = DataDir(place / "data")
    names = ["spk0-0", "spk0-1"]
    assert know_extras(["xvector"], data, names) == {"xvector": 4}
    write_xvectors(data, **{"spk0-1": np.ones(5, np.float32)})
    known = {"xvector": 4}
    with pytest.raises(
        InputError, match=r"xvector.scp: utterance spk0-1: a vector of 5 values; expected 4, as in"
    ):
        load_extras(["xvector"], DataDir(data.path), names, known)
    write_xvectors(data, **{"spk0-1": np.float32([1, np.inf, 0, 0])})
    with pytest.raises(InputError, match=r"spk0-1: .* has a value that is not finite"):
        load_extras(["xvector"], DataDir(data.path), names, known)
    write_xvectors(data, **{"spk0-1": np.ones((2, 2), np.float32)})
    with pytest.raises(InputError, match=r"spk0-1: .*; expected a Kaldi vector"):
        load_extras(["xvector"], DataDir(data.path), names, known)
    with pytest.raises(InputError, match="no line for utterance new; expected its vector"):
        load_extras(["xvector"], DataDir(data.path), ["new"], known)


@pytest.mark.parametrize("how", [{}, {"text": True}])
def test_vectors_of_archives(tmp_path, how):
    vectors = {"a": np.float32([1, 2.5]), "b": np.float64([3, 4, 5])}
    path = str(tmp_path / "v.scp")
    kaldiio.save_ark(str(tmp_path / "v.ark"), vectors, scp=path, **how)
    places = read_table(path)
    for name, expected in vectors.items():
        found = read_vector(places[name], name)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    with pytest.raises(InputError, match="found the command"):
        read_vector("cat v.ark |", "a")
