"""What is said when, by whom and how in the stand-in: everything but the sound itself."""

import zlib
from dataclasses import dataclass, field

import numpy as np

from pyser.corpora import standin_ratings as ratings
from pyser.corpora.standin_text import Token, pronounce, sentence, with_oddities
from pyser.corpora.standin_voice import VOICES, Manner, manner, phone_frames

FRAME_S = 0.01

# The letter is the actor who wears the markers; both actors speak in every dialog.
DIALOGS = {
    "Ses01": "F_impro01 M_impro02 F_script01_1 M_script02_2",
    "Ses02": "F_impro04 M_impro02 M_script01_1 F_script02_2",
    "Ses03": "F_impro07 M_impro03 M_impro05a M_impro05b F_script01_1 M_script02_2",
    "Ses04": "F_impro01 M_impro02 F_script01_1 M_script02_2",
    "Ses05": "F_impro01 M_impro02 M_script01_1 M_script01_1b F_script02_2",
}
_RARE = ("dis", "oth", "sur", "fea")
_INCOMPLETE = "Ses03F_impro07"  # many dominance ratings are missing here
_TAKE = "b"  # script01_1b is said to the script of script01_1


@dataclass(frozen=True)
class Size:
    """How large the stand-in is.

    Args:
        improvised: emotion code -> turns of each speaker, over all improvised dialogs.
        scripts: script -> emotion code -> lines of each of its two parts.
        variation: how many turns more or fewer, at most, of each improvised code.
        relabelled: how often a line of a script is said with another emotion than usual.
        syllables: shortest and longest turn.
    """

    improvised: dict
    scripts: dict
    variation: int
    relabelled: float
    syllables: tuple[int, int]


SIZES = {
    "small": Size(
        improvised={"ang": 4, "hap": 4, "exc": 5, "neu": 8, "sad": 6, "fru": 4, "xxx": 3},
        scripts={
            "script01_1": {"ang": 3, "hap": 1, "exc": 1, "neu": 3, "sad": 2, "fru": 1, "xxx": 1},
            "script02_2": {"ang": 3, "hap": 2, "exc": 1, "neu": 2, "sad": 2, "fru": 1},
        },
        variation=1,
        relabelled=0.15,
        syllables=(4, 13),
    ),
    "tiny": Size(
        improvised={"ang": 1, "hap": 1, "exc": 1, "neu": 1, "sad": 1},
        scripts={
            "script01_1": {"ang": 1, "neu": 1, "sad": 1, "fru": 1},
            "script02_2": {"hap": 1, "exc": 1, "xxx": 1},
        },
        variation=0,
        relabelled=0.0,
        syllables=(2, 4),
    ),
}


@dataclass(frozen=True)
class Turn:
    """One turn: what, how, when (in frames of 10 ms from the start of the dialog), and ratings."""

    name: str
    emotion: str
    text: str
    said: Manner
    tokens: list[Token]
    phones: list[str]
    frames: np.ndarray
    start_frame: int
    categories: dict
    attributes: dict

    @property
    def speaker(self):
        """Speaker id: session and the letter before the number."""
        return self.name[:5] + self.name[-4]

    @property
    def end_frame(self):
        """Frame after the last."""
        return self.start_frame + int(self.frames.sum())

    @property
    def vad(self):
        """Mean valence, activation, dominance of the outside raters."""
        return ratings.mean_attributes(self.attributes)


@dataclass
class Dialog:
    """A dialog: its turns in the order of their starts."""

    name: str
    turns: list[Turn] = field(default_factory=list)

    @property
    def num_frames(self):
        """Length in frames of 10 ms."""
        return max(turn.end_frame for turn in self.turns) + 50


def stream(*names):
    """Random numbers for one purpose: numpy RandomState, whose streams are frozen for good."""
    return np.random.RandomState(zlib.crc32("/".join(("standin", *names)).encode()))


def plan(size):
    """Plan a stand-in of the given Size; list of Dialog, by session."""
    dialogs = []
    for session, names in DIALOGS.items():
        names = [session + name for name in names.split()]
        improvised = [name for name in names if "_impro" in name]
        lines = {name: {} for name in names}
        for gender in "FM":
            hands = _deal(session + gender, improvised, size)
            for name in names:
                scripted = name not in hands
                line = _script_lines(name, gender, size) if scripted else hands[name]
                lines[name][gender] = line
        dialogs += [_dialog(name, lines[name], size) for name in names]
    return dialogs


def _deal(speaker, dialogs, size):
    """Share out a speaker's improvised turns; dict from dialog to list of (code, text)."""
    random = stream("deal", speaker)
    codes = []
    for code, number in size.improvised.items():
        codes += [code] * (number + random.randint(-size.variation, size.variation + 1))
    codes.append(_RARE[sorted(VOICES).index(speaker) % len(_RARE)])
    random.shuffle(codes)
    hands = {dialog: [] for dialog in dialogs}
    for place, code in enumerate(codes):
        text = sentence(code, random.randint(size.syllables[0], size.syllables[1] + 1), random)
        text = text if place else with_oddities(text)  # the smallest stand-in has them, too
        hands[dialogs[place % len(dialogs)]].append((code, text))
    return hands


def _script_lines(dialog, gender, size):
    """One part of a script as acted in ``dialog``: list of (code, text).

    The words, and mostly the emotion, are the same in every session.
    """
    script = dialog.partition("_")[2].removesuffix(_TAKE)
    usual = [code for code, number in size.scripts[script].items() for _ in range(number)]
    stream("script", script, gender).shuffle(usual)
    acting, lines = stream("acting", dialog, gender), []
    for number, code in enumerate(usual):
        random = stream("line", script, gender, str(number))
        text = sentence(code, random.randint(size.syllables[0], size.syllables[1] + 1), random)
        other = str(acting.choice(["neu", "fru", "ang", "sad", "exc", "hap"]))
        # The first line of each emotion stays, so that every speaker acts every one.
        stays = code not in usual[:number] or acting.random_sample() >= size.relabelled
        lines.append((code if stays else other, text))
    return lines


def _dialog(name, lines, size):
    """Let the two speakers take turns; they interrupt each other, but never themselves."""
    random = stream("turns", name)
    dialog, ends, numbers = Dialog(name), {"F": 0, "M": 0}, {"F": 0, "M": 0}
    left = {gender: list(lines[gender]) for gender in "FM"}
    gender = str(random.choice(["F", "M"]))
    start, end = 0, 60
    while left["F"] or left["M"]:
        other = "M" if gender == "F" else "F"
        if not left[gender] or (left[other] and random.random_sample() < 0.85):
            gender = other
        code, text = left[gender].pop(0)
        gap = random.randint(-35, 60)
        start = max(end + gap, start + 5, ends[gender] + 20)
        turn = _turn(f"{name}_{gender}{numbers[gender]:03d}", code, text, start)
        dialog.turns.append(turn)
        numbers[gender] += 1
        end = ends[gender] = turn.end_frame
    return dialog


def _turn(name, emotion, text, start_frame):
    """Decide everything about one turn."""
    random = stream("turn", name)
    voice, said = VOICES[name[:5] + name[-4]], manner(emotion, random)
    tokens = pronounce(text, random)
    phones = [phone for token in tokens for phone in token.phones]
    frames = phone_frames(phones, voice, said, random)
    self_rater = name[-4] + name[4]
    chance_missing = 0.5 if name.startswith(_INCOMPLETE) else 0.02
    categories = ratings.draw_categories(emotion, self_rater, random)
    attributes = ratings.draw_attributes(emotion, self_rater, chance_missing, random)
    return Turn(
        name, emotion, text, said, tokens, phones, frames, start_frame, categories, attributes
    )
