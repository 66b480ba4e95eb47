"""A data directory of sounds that differ, and lists of it, for the tests of the audit."""

import numpy as np
import soundfile
from data_builder import SPEAKERS, make_data

from pyser.data.tables import read_table, write_list, write_table

RATE = 16000


def sound(seed, seconds=1.6):
    """Four gliding tones that come and go like syllables, in a little noise (float32 [N])."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    samples = 0.002 * rng.standard_normal(len(time))
    knots = np.arange(0, seconds + 0.2, 0.1)
    for base in (200, 700, 1500, 2600):
        hertz = np.interp(time, knots, base * rng.uniform(0.7, 1.3, len(knots)))
        loud = np.interp(time, knots, rng.uniform(0, 0.15, len(knots)) ** 1.5)
        samples += loud * np.sin(2 * np.pi * np.cumsum(hertz) / RATE + rng.uniform(0, 6))
    return np.round(32767 * samples).astype(np.float32) / 32768


def make_sounds(path):
    """A data directory (see make_data), each utterance a sound of its own."""
    data = make_data(path)
    for number, (utterance, wav) in enumerate(data.table("wav.scp").items()):
        write_sound(wav, sound(number))
        assert utterance in wav
    return data


def write_sound(path, samples, rate=RATE, **how):
    soundfile.write(path, samples, rate, **how)


def edit(data, name, values):
    """Change or add lines of a table."""
    path = data.path / name
    table = read_table(path, empty_values=name == "text") if path.is_file() else {}
    write_table(path, table | values, empty_values=name == "text")


def write_lists(folder, **parts):
    """--train=... --dev=... --test=... of lists of utterances, or of whole speakers."""
    options = []
    for part, names in parts.items():
        utterances = [u for name in names for u in expand(name)]
        write_list(folder / f"{part}.list", utterances)
        options.append(f"--{part}={folder / part}.list")
    return options


def expand(name):
    """The utterances of a speaker, or the utterance itself."""
    return [f"{name}-u{k}" for k in range(4)] if name in SPEAKERS else [name]
