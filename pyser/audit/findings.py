"""What an audit can find: every code, how bad it is for which claim, and what it does to it."""

from dataclasses import dataclass, field
from pathlib import Path

from pyser.files import read_json, write_json

INVALIDATES, REMARK = "invalidates", "remark"
SPEAKER_INDEPENDENT, SPEAKER_DEPENDENT = "speaker-independent", "speaker-dependent"
CLAIMS = (SPEAKER_INDEPENDENT, SPEAKER_DEPENDENT)
VALID, WITH_REMARKS, INVALID = "valid", "valid with remarks", "invalid"
_MOST_LISTED = 20

_ALWAYS, _NEW_VOICES, _NEVER = CLAIMS, (SPEAKER_INDEPENDENT,), ()
_SEEN = "the model is tested on what it was fitted to: the score is too high"
_CHOSEN = "settings and epochs are chosen by what is tested: the score is too high"
_CHOSEN_KNOWN = "selection by what is known from training; the test itself stands"
_TWICE = "what is there twice counts twice in the score"
_UNCHECKED = "not known to be wrong, and not proved either"

# code -> (claims that it invalidates, what it does to the claim)
CODES = {
    # one utterance
    "utterance-train-test": (_ALWAYS, _SEEN),
    "utterance-dev-test": (_ALWAYS, _CHOSEN),
    "utterance-train-dev": (_NEVER, _CHOSEN_KNOWN),
    "dev-is-test": (_ALWAYS, "what is reported is the best of many looks at the test"),
    "listed-twice": (_NEVER, _TWICE),
    "tested-twice": (_NEVER, _TWICE),
    "untested": (_NEVER, "the score says nothing of these utterances"),
    "left-out": (_NEVER, "the score says nothing of these utterances"),
    "no-dev": (_NEVER, "it cannot be seen by what settings and epochs are chosen"),
    # who, when, what
    "speaker-train-test": (_NEW_VOICES, "known voices are tested, not new ones"),
    "speaker-dev-test": (_NEW_VOICES, "settings are chosen by the voices that are tested"),
    "speaker-train-dev": (_NEVER, "selection by known voices; the test itself stands"),
    "session-train-test": (_NEVER, "room, microphone and partner of the test are known"),
    "session-dev-test": (_NEVER, "settings are chosen in the room of the test"),
    "dialog-train-test": (_NEVER, "what is talked about in the test is known"),
    "dialog-dev-test": (_NEVER, "settings are chosen by the dialogues that are tested"),
    "recording-train-test": (_NEW_VOICES, "the recordings that are tested are known"),
    "recording-dev-test": (_NEW_VOICES, "settings are chosen by the recordings that are tested"),
    "overlap-train-test": (_ALWAYS, _SEEN),
    "overlap-dev-test": (_ALWAYS, _CHOSEN),
    "text-train-test": (_NEVER, "the words of the test are known: new sentences may score less"),
    # audio
    "same-audio-train-test": (_ALWAYS, _SEEN),
    "same-audio-dev-test": (_ALWAYS, _CHOSEN),
    "same-audio-train-dev": (_NEVER, _CHOSEN_KNOWN),
    "same-audio-test": (_NEVER, _TWICE),
    "near-audio-train-test": (_ALWAYS, _SEEN),
    # Turns of two people that overlap in time are alike too, and dev only chooses among epochs.
    "near-audio-dev-test": (_NEVER, "settings are chosen by some of what is tested"),
    "near-audio-train-dev": (_NEVER, _CHOSEN_KNOWN),
    "near-audio-test": (_NEVER, _TWICE),
    "variant-train-test": (_ALWAYS, "copies of what is tested were made for training: " + _SEEN),
    "variant-dev-test": (_ALWAYS, _CHOSEN),
    "variant-train-dev": (_NEVER, _CHOSEN_KNOWN),
    "variant-test": (_NEVER, "the score is partly of changed copies"),
    # labels and statistics
    "label-conflict": (_NEVER, "what counts as right depends on the file"),
    "class-absent-train": (_NEVER, "what was never seen cannot be recognised"),
    "class-absent-dev": (_NEVER, "selection knows nothing of this class"),
    "class-absent-test": (_NEVER, "the mean of recalls is over fewer classes in this fold"),
    "statistics-not-of-train": (_ALWAYS, "statistics of other utterances than training's are used"),
    "speaker-statistics": (
        _NEVER,
        "transductive where features are normalised by them: the voice of a test speaker is known"
        " before it is tested",
    ),
    # what could not be looked at
    "unchecked-utterance": (_NEVER, _UNCHECKED),
    "unchecked-speaker": (_NEVER, _UNCHECKED),
    "unchecked-session": (_NEVER, _UNCHECKED),
    "unchecked-recording": (_NEVER, _UNCHECKED),
    "unchecked-text": (_NEVER, _UNCHECKED),
    "unchecked-label": (_NEVER, _UNCHECKED),
    "unchecked-audio": (_NEVER, _UNCHECKED),
    "unchecked-statistics": (_NEVER, _UNCHECKED),
}


@dataclass(frozen=True)
class Finding:
    """One finding: its code (a key of CODES), a sentence, and the utterances it is about."""

    code: str
    message: str
    utterances: tuple[str, ...] = ()

    def severity(self, claim):
        """``invalidates`` or ``remark``, for a claim of CLAIMS."""
        return INVALIDATES if claim in CODES[self.code][0] else REMARK

    def as_dict(self, claim):
        """As it stands in ``audit.json``; of the utterances the first 20, and how many they are."""
        return {
            "code": self.code,
            "severity": self.severity(claim),
            "claim": CODES[self.code][1],
            "message": self.message,
            "utterances": list(self.utterances[:_MOST_LISTED]),
            "count": len(self.utterances),
        }


@dataclass(frozen=True)
class Audit:
    """The outcome: what is claimed, the findings (worst first), and what was looked at."""

    claim: str
    findings: tuple[Finding, ...]
    name: str = ""
    num_folds: int = 1
    num_utterances: int = 0
    looked_at: dict[str, int] = field(default_factory=dict)

    def sorted_findings(self):
        """What invalidates the claim first, otherwise in the order of CODES."""
        order = {code: place for place, code in enumerate(CODES)}
        return sorted(
            self.findings, key=lambda f: (f.severity(self.claim) != INVALIDATES, order[f.code])
        )

    @property
    def verdict(self):
        """``valid``, ``valid with remarks`` or ``invalid``."""
        if any(finding.severity(self.claim) == INVALIDATES for finding in self.findings):
            return INVALID
        return WITH_REMARKS if self.findings else VALID

    def as_dict(self):
        """JSON-able, and the same for the same split."""
        return {
            "verdict": self.verdict,
            "claim": self.claim,
            "name": self.name,
            "folds": self.num_folds,
            "utterances": self.num_utterances,
            "audio": self.looked_at,
            "findings": [finding.as_dict(self.claim) for finding in self.sorted_findings()],
        }

    def write(self, path):
        """Write ``path`` (JSON), atomically, unless it says just that."""
        if not Path(path).is_file() or read_json(path) != self.as_dict():
            write_json(path, self.as_dict())
