"""What the tests of ``pyser features`` share."""

from pathlib import Path

import kaldiio
import numpy as np
import pytest
import soundfile

from pyser import Frontend
from pyser.cli import main

OUTPUT = "ark,scp:o/f.ark,o/f.scp"


class Features:
    """Runs ``pyser features`` in a folder of its own that holds ``good.wav``, and reads results."""

    samples = (np.random.default_rng(0).normal(size=8000) * 3000).astype(np.int16)
    output = OUTPUT

    def __init__(self, capture):
        self._capture = capture
        self.frontend = Frontend()
        self.rows = self.frontend(self.samples)
        soundfile.write("good.wav", self.samples, 16000)

    def __call__(self, table, *flags, source="scp:wav.scp", output=OUTPUT):
        """Run on a wav.scp made of {key: place}; returns (status, log lines)."""
        text = "".join(f"{key} {place}\n" for key, place in table.items())
        Path("wav.scp").write_text(text)
        status = main(["features", *flags, source, output])
        return status, self._capture.readouterr().err.splitlines()

    def log(self):
        """What was written to the standard error since the last run."""
        return self._capture.readouterr().err

    def error_line(self, log):
        """The line of a log that tells the failure of utterance b."""
        (line,) = [line for line in log if line.startswith("ERROR: b: ")]
        return line

    def written(self):
        return dict(kaldiio.load_scp("o/f.scp").items())

    def failed(self):
        """The lines of failed.tsv, cut into fields."""
        header, *lines = Path("o/failed.tsv").read_text().splitlines()
        assert header.split("\t") == ["utterance", "status", "path", "reason"]
        return [line.split("\t") for line in lines]


@pytest.fixture
def features(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    return Features(capfd)
