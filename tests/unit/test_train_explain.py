"""What is seen inside models: the rules of choice, attention and gate, the file."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from data_builder import CLASSES, make_data, write_feats, write_wav
from fake_experiment import made_up_scores

from pyser.data.datadir import DataDir
from pyser.data.split import split
from pyser.errors import InputError
from pyser.files import write_json
from pyser.models.hnsd import HNSD
from pyser.models.members import Members
from pyser.score.choice import choose_utterances, typical_fold
from pyser.score.run import main as score
from pyser.score.table import read_scores
from pyser.train import worker
from pyser.train.explain import _map_arrays, _thin, tsne
from pyser.train.inside import can_explain, look_inside
from pyser.train.waves import band_centres_hz, read_samples, wave_envelope

BLOCKS = {"static": 2, "delta": 2, "delta2": 2}


def make_model(**config):
    torch.manual_seed(0)
    sizes = {"hidden": 5, "attention_dim": 3, "fc": 4}
    return HNSD(HNSD.Config(**sizes, **config), BLOCKS, 3).eval()


def make_examples():
    random = np.random.default_rng(0)
    lengths = (7, 12, 5)
    return [(random.normal(size=(n, 6)).astype(np.float32), n % 3) for n in lengths]


def test_median_right_answer_of_each_class_and_the_surest_wrong_one():
    scores = made_up_scores(1, 1, skill=1.0)
    posterior = scores.log_posteriors.max(axis=1)
    right = scores.reference == scores.hypothesis
    choices = choose_utterances(scores)
    assert len(choices) == 5
    for label, choice in enumerate(choices[:4]):
        rows = np.flatnonzero(right & (scores.reference == label))
        below = (posterior[rows] < posterior[choice.row]).sum()
        assert choice.row in rows and below == (len(rows) - 1) // 2
    assert posterior[choices[4].row] == posterior[~right].max()
    assert not right[choices[4].row]


def test_all_right_or_never_right_leaves_out_what_is_not_there():
    scores = made_up_scores(1, 1, skill=50.0)
    assert len(choose_utterances(scores)) == 4
    wrong = scores.select(scores.reference != scores.hypothesis)
    assert len(wrong) == 0
    one = scores.select(scores.reference == 2)
    assert [choice.reason[-3:] for choice in choose_utterances(one)] == ["neu"]


def test_the_fold_is_the_median_one():
    from dataclasses import replace

    parts = [made_up_scores(fold, 1, skill=skill) for fold, skill in ((1, 9.0), (2, 1.0), (3, 0.0))]
    joined = replace(
        parts[0],
        utterances=sum((part.utterances for part in parts), ()),
        speakers=sum((part.speakers for part in parts), ()),
        seed=np.ones(72, np.int64),
        **{
            name: np.concatenate([getattr(part, name) for part in parts])
            for name in ("reference", "hypothesis", "log_posteriors")
        },
        fold=np.repeat([1, 2, 3], 24),
    )
    assert typical_fold(joined) == 2


def test_attention_and_gate_are_those_of_the_equations():
    model, examples = make_model(), make_examples()
    found = look_inside(model, examples)
    for (features, _), inside in zip(examples, found, strict=True):
        frames = torch.from_numpy(features)[None]
        blocks = dict(zip(BLOCKS, frames.split(2, dim=-1), strict=True))
        lengths = torch.tensor([len(features)])
        with torch.inference_mode():
            dynamic = torch.cat([blocks["delta"], blocks["delta2"]], dim=-1)
            f_s = model.encoders[0](blocks["static"], lengths)
            f_d = model.encoders[1](dynamic, lengths)
            z = torch.sigmoid(torch.cat([f_s, f_d], dim=-1) @ model.fusion.gate.weight.T)
            h = model.fusion(f_s, f_d)
            scores = torch.tanh(h @ model.pooling.project.weight.T + model.pooling.project.bias)
            alpha = (scores @ model.pooling.score.weight.T).squeeze(-1).softmax(dim=-1)
            last = model.classifier[:-1]((alpha[..., None] * h).sum(dim=1))
        np.testing.assert_allclose(inside.gate, z[0, :, 0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(inside.attention, alpha[0], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(inside.embedding, last[0], rtol=1e-4, atol=1e-6)
        assert inside.attention.sum() == pytest.approx(1, abs=1e-5)


def test_models_without_gate_or_attention_show_the_rest():
    (first, *_) = look_inside(make_model(gate="none", pooling="mean"), make_examples())
    assert first.attention is None and first.gate is None and first.embedding.shape == (4,)
    (vector, *_) = look_inside(make_model(gate="vector"), make_examples())
    assert vector.gate.shape == (7,) and ((vector.gate > 0) & (vector.gate < 1)).all()
    assert not can_explain(torch.nn.Linear(2, 2))


def test_members_show_their_mean_attention_and_all_embeddings():
    models, examples = [make_model(), make_model(activation="tanh")], make_examples()
    torch.nn.init.normal_(models[1].pooling.score.weight)
    alone = [look_inside(model, examples) for model in models]
    for found, one, other in zip(look_inside(Members(models), examples), *alone, strict=True):
        for name in ("attention", "gate"):
            mean = (getattr(one, name) + getattr(other, name)) / 2
            np.testing.assert_allclose(getattr(found, name), mean, rtol=1e-5)
        joined = np.concatenate([one.embedding, other.embedding])
        np.testing.assert_array_equal(found.embedding, joined)


def test_looking_leaves_the_model_as_it_was():
    model = Members([make_model(), make_model()])
    look_inside(model, make_examples())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_tsne_is_the_same_again_and_keeps_groups_together():
    random = np.random.default_rng(0)
    points = random.normal(size=(40, 5)) + np.repeat([[0.0], [30.0]], 20, axis=0)
    first, again = tsne(points), tsne(points)
    assert (first == again).all() and first.shape == (40, 2)
    centres = first[:20].mean(axis=0), first[20:].mean(axis=0)
    assert (
        np.linalg.norm(centres[0] - centres[1])
        > np.linalg.norm(first[:20] - centres[0], axis=1).max()
    )


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_model_that_tells_nothing_apart_has_no_map(value, monkeypatch):
    names, parts = [f"s1-{number}" for number in range(12)], ("test", "dev", "train")
    fold = SimpleNamespace(
        utterances=dict.fromkeys(parts, names),
        examples=dict.fromkeys(parts, [(None, 0)] * len(names)),
        speakers=dict.fromkeys(names, "s1"),
    )

    def look(model, examples):
        return [SimpleNamespace(embedding=np.full(4, value)) for _ in examples]

    monkeypatch.setattr("pyser.train.explain.look_inside", look)
    assert _map_arrays(None, fold) == {}


def test_thinning_keeps_ends_and_order():
    assert _thin(list(range(10)), 4) == [0, 3, 6, 9]
    assert _thin([1, 2], 4) == [1, 2] and _thin([1, 2], 0) == []


def test_envelope_and_segments(tmp_path):
    data = make_data(tmp_path / "data")
    samples, rate = read_samples(data, "s1-u0")
    assert rate == 8000 and samples.shape == (400,) and 0 < np.abs(samples).max() < 0.05
    envelope = wave_envelope(samples, 10)
    np.testing.assert_allclose(envelope[1], samples.reshape(10, 40).max(axis=1), atol=1e-4)
    np.testing.assert_allclose(envelope[0], samples.reshape(10, 40).min(axis=1), atol=1e-4)
    assert wave_envelope(samples[:3], 10).shape == (2, 3)


def test_band_centres():
    options = {"feature_type": "fbank", "num_mel_bins": 4, "sample_frequency": 8000.0}
    centres = band_centres_hz(options | {"low_freq": 0.0, "high_freq": 0.0})
    mels = 1127 * np.log(1 + 4000 / 700) * np.arange(1, 5) / 5
    np.testing.assert_allclose(centres, 700 * (np.exp(mels / 1127) - 1), atol=0.1)
    assert band_centres_hz({"feature_type": "mfcc"}) == [] and band_centres_hz({}) == []


def train_tiny(place, pooling="attention"):
    """A data directory of four speakers, and one trained run of each of two folds."""
    data = make_data(place / "data")
    write_feats(data, dim=9)
    blocks = {"static": [0, 3], "delta": [3, 6], "delta2": [6, 9]}
    options = {"feature_type": "fbank", "num_mel_bins": 3, "sample_frequency": 8000.0}
    write_json(data.path / "frontend.json", {"options": options, "dim": 9, "blocks": blocks})
    split(data.path, place / "split", num_folds=4)
    model = {"name": "hnsd", "hidden": 5, "attention_dim": 3, "fc": 4, "pooling": pooling}
    config = {"model": model, "data": {"frame_step": 2}, "train": {"epochs": 1, "batch_size": 4}}
    for fold in (1, 2):
        spec = {"name": "tiny", "directory": str(place / "exp" / f"fold{fold}" / "seed1")}
        spec |= {"data": str(data.path), "split": str(place / "split"), "fold": fold, "seed": 1}
        spec |= {"config": config, "request": "", "threads": 1, "device": "cpu", "command": "x"}
        worker.train_run(SimpleNamespace(**spec))
    return place / "exp"


def read(path):
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return json.loads(str(arrays.pop("info"))), arrays


def test_pyser_score_looks_inside_once(tmp_path, capsys):
    exp = train_tiny(tmp_path)
    argv = ["--exp", str(exp), "--folds=1,2"]
    assert score(argv) == 0
    info, arrays = read(exp / "explain.npz")
    scores = read_scores(exp / "scores.tsv")
    chosen = [scores.utterances[choice.row] for choice in choose_utterances(scores)]
    assert [told["utterance"] for told in info["utterances"]] == chosen
    assert info["fold"] == typical_fold(scores) and info["classes"] == list(CLASSES)
    assert (info["frame_s"], info["step_s"], len(info["centres_hz"])) == (0.01, 0.02, 3)
    assert info["utterances"][0]["duration_s"] == pytest.approx(0.05)
    assert arrays["features_0"].shape == (20, 3) and arrays["wave_0"].shape == (2, 300)
    assert arrays["attention_0"].shape == arrays["gate_0"].shape == (10,)
    assert arrays["attention_0"].sum() == pytest.approx(1, abs=1e-5)
    assert len(arrays["map_xy"]) == 16 and set(arrays["map_part"]) == {"test", "dev", "train"}
    before = (exp / "explain.npz").read_bytes()
    capsys.readouterr()
    assert score(argv) == 0
    assert "nothing to do" in capsys.readouterr().err
    (exp / "explain.npz").unlink()
    assert score(argv) == 0
    assert (exp / "explain.npz").read_bytes() == before


def test_scores_do_not_depend_on_what_can_be_shown(tmp_path, capsys):
    exp = train_tiny(tmp_path, "mean")
    argv = ["--exp", str(exp), "--folds=1,2"]
    assert score([*argv, "--explain=false"]) == 0
    assert not (exp / "explain.npz").exists()
    for path in (tmp_path / "wav").iterdir():
        path.unlink()
    assert score(argv) == 0
    assert "no waveform in the report" in capsys.readouterr().err
    _, arrays = read(exp / "explain.npz")
    assert not [name for name in arrays if name.startswith(("wave", "attention"))]
    (exp / "explain.npz").unlink()
    (tmp_path / "data" / "feats.scp").unlink()
    assert score(argv) == 0
    assert "will not show what is inside" in capsys.readouterr().err
    assert not (exp / "explain.npz").exists()


def test_segments_are_cut_and_commands_are_not_run(tmp_path):
    write_wav(tmp_path / "long.wav", 5)
    scp = {"long": str(tmp_path / "long.wav"), "command": "touch ran |"}
    tables = {"wav.scp": scp, "utt2spk": {"u": "s", "v": "s"}, "utt2emo": {"u": "a", "v": "a"}}
    tables["segments"] = {"u": "long 0.01 0.03", "v": "command 0 1"}
    data = DataDir.write(tmp_path / "data", tables)
    samples, rate = read_samples(data, "u")
    write_wav(tmp_path / "again.wav", 5)
    whole = np.frombuffer((tmp_path / "again.wav").read_bytes()[44:], "<i2") / 32768
    assert rate == 8000
    np.testing.assert_array_equal(samples, whole[80:240].astype(np.float32))
    with pytest.raises(InputError, match=r"wav\.scp: command is a command"):
        read_samples(data, "v")
