"""What became of each utterance, told while it happens."""

import re
from collections import Counter

from pyser.errors import InputError
from pyser.frontend.options import option_table
from pyser.log import log, warn

NO_KEY = "?"  # for what stands in an archive where a key should


class Tally:
    """What became of the utterances, told as it happens.

    Args:
        sample_frequency: of the features, Hz.
    """

    def __init__(self, sample_frequency):
        self._sample_frequency = sample_frequency
        self._upsampled = Counter()  # sample rate in Hz -> utterances
        self.counts = dict.fromkeys(("requested", "done", "short", "failed"), 0)
        self.lines = []  # of failed.tsv

    def add(self, done, told):
        """Count utterances.

        Args:
            done: how many have rows.
            told: ``_native.Utterance`` of those that have none, or of which there is something to
                say; a failure is logged at once.
        """
        self.counts["done"] += done
        self.counts["requested"] += done
        for utterance in told:
            self._tell(utterance)

    def _tell(self, utterance):
        outcome = utterance.outcome
        if outcome != "computed":
            self.counts["requested"] += 1
            self.counts[outcome] += 1
        where = f"{utterance.key or NO_KEY}: {_place(utterance)}"
        if outcome == "failed":
            found, remedy = (_as_options(text) for text in (utterance.found, utterance.remedy))
            error = InputError(found, where, _as_options(utterance.expected), remedy)
            log(f"ERROR: {error}")
            self._list(utterance, outcome, str(error).removeprefix(f"{where}: "))
        elif outcome == "short":
            self._list(utterance, outcome, "shorter than one frame")
        else:
            if utterance.sample_rate < self._sample_frequency:
                self._upsampled[utterance.sample_rate] += 1
            if utterance.truncated:
                warn(f"{where}: is truncated, used as far as it goes")

    def warn_upsampled(self):
        """Say once what upsampling cannot give back."""
        if not self._upsampled:
            return
        rates = sorted(self._upsampled.items())
        counted = ", ".join(f"{count} utterances of {rate:g} Hz" for rate, count in rates)
        limits = ", ".join(f"{rate / 2:g}" for rate, _ in rates)
        warn(
            f"upsampled to {self._sample_frequency:g} Hz: {counted}; "
            f"bands above their Nyquist frequency ({limits} Hz) hold no speech"
        )

    def _list(self, utterance, outcome, reason):
        fields = (utterance.key or NO_KEY, outcome, _place(utterance), reason)
        self.lines.append("\t".join(re.sub(r"\s", " ", field) for field in fields) + "\n")


def _place(utterance):
    return utterance.path if utterance.offset < 0 else f"{utterance.path}:{utterance.offset}"


def _as_options(text):
    """``allow_upsample=true`` -> ``--allow-upsample=true``, as the command line has it."""
    for row in option_table():
        name = row["name"]
        text = re.sub(rf"\b{name}\b", "--" + name.replace("_", "-"), text) if "_" in name else text
    return text
