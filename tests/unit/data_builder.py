"""Small data directories for the tests of pyser.data."""

import wave

import numpy as np

from pyser.data.datadir import DataDir
from pyser.data.protocols import Fold, Protocol

CLASSES = ("ang", "neu")
SPEAKERS = ("s1", "s2", "s3", "s4")
SAMPLE_RATE = 8000


def write_wav(path, seed, num_samples=400, channels=1, sample_rate=SAMPLE_RATE):
    samples = np.random.default_rng(seed).integers(-1000, 1000, num_samples * channels)
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(sample_rate)
        file.writeframes(samples.astype("<i2").tobytes())


def make_data(path, speakers=SPEAKERS, per_speaker=4, info=None):
    """A valid directory: ``per_speaker`` utterances of alternating class for each speaker."""
    tables = {
        name: {}
        for name in ("wav.scp", "utt2spk", "utt2emo", "text", "utt2session", "utt2style", "utt2dur")
    }
    tables["utt2vad"], tables["spk2gender"] = {}, {}
    for s, speaker in enumerate(speakers):
        tables["spk2gender"][speaker] = "fm"[s % 2]
        for k in range(per_speaker):
            utterance = f"{speaker}-u{k}"
            wav = path.parent / "wav" / f"{utterance}.wav"
            write_wav(wav, 100 * s + k)
            tables["wav.scp"][utterance] = str(wav)
            tables["utt2spk"][utterance] = speaker
            tables["utt2emo"][utterance] = CLASSES[k % len(CLASSES)]
            tables["text"][utterance] = f"words {s} {k}"
            tables["utt2session"][utterance] = f"session{s // 2 + 1}"
            tables["utt2style"][utterance] = "improvised" if k < per_speaker - 1 else "scripted"
            tables["utt2dur"][utterance] = f"{400 / SAMPLE_RATE:.2f}"
            tables["utt2vad"][utterance] = "2.5 3.0 3.5"
    return DataDir.write(path, tables, {"name": "tiny", "labels": "all"} | (info or {}))


def write_feats(data, dim=3, skip=(), frames=20, change=None):
    """feats.{ark,scp} of random rows; ``change(utterance, matrix)`` may return another matrix."""
    import kaldiio

    rng = np.random.default_rng(0)
    matrices = {}
    for utterance in data.utterances:
        matrix = (5 + rng.normal(size=(frames, dim)) * np.arange(1, dim + 1)).astype(np.float32)
        if utterance not in skip:
            matrices[utterance] = matrix if change is None else change(utterance, matrix)
    kaldiio.save_ark(str(data.path / "feats.ark"), matrices, scp=str(data.path / "feats.scp"))
    return matrices


def leave_one_out(speakers=SPEAKERS, **more):
    """Fold k tests speaker k, selects on the next, trains on the rest."""
    count = len(speakers)
    folds = []
    for k, test in enumerate(speakers):
        dev = speakers[(k + 1) % count]
        train = tuple(name for name in speakers if name not in (test, dev))
        folds.append(Fold(train, (dev,), (test,)))
    return Protocol("loso", tuple(folds), **more)
