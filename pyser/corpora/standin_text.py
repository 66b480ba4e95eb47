"""What the stand-in's speakers say: an invented language, spelt as it is spoken.

Every letter is one of ``synth.PHONES``. Some words are said more often in anger, joy or sadness,
so that text tells a little about the emotion, as it does in real dialogs.
"""

import itertools
from dataclasses import dataclass

from pyser.corpora.synth import PHONES, VOWELS

_LEXICON = {
    "common": "la ne so mi tu de ka wo ja en",
    "plain": "lana tiko sefa budu maro niles poka jurit wanda felo gami surin kelo dapu zimo"
    " tarel vosi hanu rido lumek pastin genola mirado tekuno balisa",
    "ang": "krat dagor betuk zakat gurda taspok kordat rakabi",
    "hap": "lila mineja julo wiwola selani hijo nalumi folila",
    "sad": "mumo onwa luno somura honu wemano duluma noramo",
}
_WORDS = {kind: words.split() for kind, words in _LEXICON.items()}
_ACCENTED = "né"  # an accented letter, to have bytes that are not ASCII
_MOODS = {"ang": "ang", "fru": "ang", "dis": "ang", "hap": "hap", "exc": "hap", "sad": "sad"}
_SPOKEN_TAGS = {"LAUGHTER": "hahaha", "BREATHING": "hh"}
_TAG_CHANCES = {"hap": ("LAUGHTER", 0.15), "exc": ("LAUGHTER", 0.2), "sad": ("BREATHING", 0.25)}
SILENCE = "_"


@dataclass(frozen=True)
class Token:
    """A word, noise or silence of a turn, as the aligner writes it, and its phones."""

    name: str
    phones: tuple[str, ...]

    @property
    def syllables(self):
        """Phones grouped into syllables (list of tuples)."""
        return _syllables(self.phones) if self.phones[0] != SILENCE else [self.phones]


def sentence(emotion, num_syllables, random):
    """Invent what is said in one turn.

    Args:
        emotion: emotion code; shifts the choice of words.
        num_syllables: about how many syllables, without noises.
        random: numpy RandomState.

    Returns:
        Text as a transcriber would write it: capital, final mark, tags in brackets.
    """
    mood = _MOODS.get(emotion)
    words, left = [], num_syllables
    while left > 0:
        words.append(_word(mood, random))
        left -= sum(_letter(letter) in VOWELS for letter in words[-1])
    if len(words) > 3 and random.random_sample() < 0.3:
        place = random.randint(1, len(words) - 1)
        words[place] += ":" if random.random_sample() < 0.3 else ","
    words[0] = words[0].capitalize()
    mark = random.choice(["!", "."] if mood in ("ang", "hap") else [".", "?", "."])
    text = " ".join(words) + ("…" if random.random_sample() < 0.08 else mark)
    tag, chance = _TAG_CHANCES.get(emotion, ("LAUGHTER", 0.02))
    return f"[{tag}] {text}" if random.random_sample() < chance else text


def with_oddities(text):
    """The text and a colon, an accented letter and an ellipsis, which careless parsers lose."""
    return f"{text.rstrip('.!?…')}: {_ACCENTED}…"


def pronounce(text, random):
    """Turn text into what the aligner finds: list of Token from ``<s>`` to ``</s>``.

    A comma, a colon and, now and then, nothing at all makes a pause ``<sil>``.
    """
    tokens = [Token("<s>", (SILENCE,))]
    for written in text.split():
        word = "".join(letter for letter in written if letter.isalpha())
        if written.startswith("["):
            tokens.append(Token(f"++{word}++", tuple(_SPOKEN_TAGS[word])))
            continue
        phones = tuple(_letter(letter) for letter in word)
        variant = "(2)" if len(phones) > 3 and random.random_sample() < 0.1 else ""
        tokens.append(Token(word.upper().replace("É", "E") + variant, phones))
        if written[-1] in ",:" or random.random_sample() < 0.04:
            tokens.append(Token("<sil>", (SILENCE,)))
    return [*tokens, Token("</s>", (SILENCE,))]


def _word(mood, random):
    """One word: common, plain, or marked by some mood (mostly the speaker's)."""
    draw = random.random_sample()
    if draw < 0.02:
        return _ACCENTED
    if draw < 0.35:
        kind = "common"
    elif draw < 0.75 or (mood is None and draw < 0.9):
        kind = "plain"
    elif mood is None or random.random_sample() < 0.4:
        kind = random.choice(["ang", "hap", "sad"])
    else:
        kind = mood
    return str(random.choice(_WORDS[kind]))


def _letter(letter):
    """The phone that a letter is spoken as."""
    phone = letter.lower().replace("é", "e")
    if phone not in PHONES:
        raise KeyError(f"no phone for the letter {letter!r}")
    return phone


def _syllables(phones):
    """Cut before each consonant that a vowel follows."""
    cuts = [
        place
        for place in range(1, len(phones) - 1)
        if phones[place] not in VOWELS
        and phones[place + 1] in VOWELS
        and any(phone in VOWELS for phone in phones[:place])
    ]
    edges = [0, *cuts, len(phones)]
    return [phones[start:end] for start, end in itertools.pairwise(edges)]
