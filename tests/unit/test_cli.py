"""The command line: options in Kaldi's manner, exit codes, and the frozen list of all options."""

import signal
import subprocess
import sys
import time

import pytest

from pyser import cli
from pyser.config import Option, Parser
from pyser.errors import FileError, InputError, PyserError, UsageError

OPTIONS = [
    Option("num-mel-bins", int, 26, "bands"),
    Option("low-freq", float, 20.0, "lowest"),
    Option("snip-edges", bool, True, "edges"),
    Option("window-type", str, "hamming", "window", choices=("hamming", "povey")),
]


def parser(**kwargs):
    return Parser("pyser test", "A test.", OPTIONS, **{"num_arguments": (0, 9), **kwargs})


@pytest.mark.parametrize(
    "argv",
    [
        ["--num-mel-bins=40", "a"],
        ["--num_mel_bins=40", "a"],
        ["--num-mel-bins", "40", "a"],
        ["a", "--num_mel-bins", "40"],
    ],
)
def test_spellings(argv):
    parsed = parser().parse(argv)
    assert (parsed.num_mel_bins, parsed.arguments, parsed.given) == (40, ["a"], {"num_mel_bins"})
    assert parsed.low_freq == 20.0


@pytest.mark.parametrize(
    "argv, value, arguments",
    [
        (["--snip-edges", "a"], True, ["a"]),
        (["--snip-edges", "false", "a"], False, ["a"]),
        (["--snip-edges=F"], False, []),
        (["--", "--snip-edges"], True, ["--snip-edges"]),
    ],
)
def test_booleans(argv, value, arguments):
    parsed = parser().parse(argv)
    assert (parsed.snip_edges, parsed.arguments) == (value, arguments)


def test_negative_value():
    assert parser().parse(["--low-freq", "-400"]).low_freq == -400.0


@pytest.mark.parametrize(
    "argv, words",
    [
        (["--num-mel-bin=3"], ["--num-mel-bin", "did you mean --num-mel-bins?"]),
        (["--num-mel-bins=many"], ["many", "whole number"]),
        (["--snip-edges=maybe"], ["maybe", "true or false"]),
        (["--window-type=kaiser"], ["kaiser", "hamming povey"]),
        (["--low-freq"], ["--low-freq", "no value"]),
        (["--model.hidden=3"], ["unknown option --model.hidden"]),
        (["x"] * 10, ["10 arguments", "usage: pyser test"]),
    ],
)
def test_usage_errors(argv, words):
    with pytest.raises(UsageError) as caught:
        parser().parse(argv)
    for word in words:
        assert word in str(caught.value)


def test_required_option():
    with pytest.raises(UsageError, match="--out is not given"):
        Parser("pyser x", "", [Option("out", required=True)]).parse([])


def test_config_file_is_overridden_by_the_command_line(tmp_path):
    config = tmp_path / "fbank.conf"
    config.write_text("# comment\n--num-mel-bins=40  # bands\n\n--low_freq=60\n")
    parsed = parser(kaldi_config=True).parse(["--num-mel-bins=23", f"--config={config}"])
    assert (parsed.num_mel_bins, parsed.low_freq) == (23, 60.0)
    assert parsed.given >= {"num_mel_bins", "low_freq"}


@pytest.mark.parametrize(
    "line, word", [("--num-mels=3", "did you mean"), ("num-mel-bins=3", "--name=value")]
)
def test_config_file_errors_name_the_line(tmp_path, line, word):
    config = tmp_path / "bad.conf"
    config.write_text(f"--low-freq=20\n{line}\n")
    with pytest.raises(UsageError, match=r"bad\.conf:2") as caught:
        parser(kaldi_config=True).parse([f"--config={config}"])
    assert word in str(caught.value)


def test_config_file_that_is_no_utf8(tmp_path):
    config = tmp_path / "bad.conf"
    config.write_bytes(b"--low-freq=20\n# B\xe4nder\n")
    with pytest.raises(InputError, match=r"bad\.conf:2.*not UTF-8"):
        parser(kaldi_config=True).parse([f"--config={config}"])


def test_config_file_cannot_name_another(tmp_path):
    config, other = tmp_path / "a.conf", tmp_path / "b.conf"
    other.write_text("--num-mel-bins=40\n")
    config.write_text(f"--low-freq=20\n--config={other}\n")
    with pytest.raises(UsageError, match=r"a\.conf:2.*another"):
        parser(kaldi_config=True).parse([f"--config={config}"])
    parsed = parser(kaldi_config=True).parse([f"--config={other}"])
    assert (parsed.num_mel_bins, parsed.config_files) == (40, [str(other)])


def test_missing_config_file():
    with pytest.raises(FileError, match=r"nowhere\.conf"):
        parser(kaldi_config=True).parse(["--config=nowhere.conf"])


def test_dotted_options_are_collected():
    parsed = parser(dotted=True).parse(["--train.learning-rate=0.1", "--model.hidden", "8"])
    assert parsed.dotted == {"train.learning_rate": "0.1", "model.hidden": "8"}


def test_help_and_exit_codes(capsys):
    assert parser().parse(["--help"]) is None
    assert "--num-mel-bins" in capsys.readouterr().out
    assert cli.main(["--help"]) == 0
    assert cli.main(["--version"]) == 0
    assert cli.main([]) == 2
    assert cli.main(["feature"]) == 2
    assert "unknown verb 'feature'" in capsys.readouterr().err


def test_errors_become_exit_codes(monkeypatch, capsys):
    class Failing:
        error = PyserError("broken", "here", "whole", "mend it")

        @classmethod
        def main(cls, argv):
            raise cls.error

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: Failing)
    assert cli.main(["features"]) == 1
    assert "ERROR: here: broken; expected whole; mend it" in capsys.readouterr().err
    Failing.error = OSError(28, "No space left on device", "feats.ark")
    assert cli.main(["features"]) == 1
    assert "ERROR: [Errno 28] No space left on device: 'feats.ark'" in capsys.readouterr().err
    Failing.error = KeyboardInterrupt()
    assert cli.main(["features"]) == 130


TERMINATED = """
import sys, time
from pathlib import Path
from pyser import cli, files

class Verb:
    @staticmethod
    def main(argv):
        with files.atomic_path(argv[0]) as temporary:
            temporary.write_text("half")
            print("here", flush=True)
            time.sleep(60)

cli.importlib.import_module = lambda name: Verb
sys.argv.insert(1, "train")
sys.exit(cli.main())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_terminated_it_tidies_up(tmp_path, number):
    command = [sys.executable, "-c", TERMINATED, str(tmp_path / "target")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(number)
        assert process.wait(20) == 143
        assert "ERROR: terminated; run the same command again" in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


def test_an_ignored_hangup_stays_ignored(tmp_path):
    command = ["nohup", sys.executable, "-c", TERMINATED, str(tmp_path / "target")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "here\n"
        process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        assert process.poll() is None
        process.terminate()
        assert process.wait(20) == 143


def test_called_from_a_program_signals_are_left_alone(monkeypatch):
    class Verb:
        @staticmethod
        def main(argv):
            return signal.getsignal(signal.SIGTERM)

    monkeypatch.setattr(cli.importlib, "import_module", lambda name: Verb)
    assert cli.main(["train"]) is signal.getsignal(signal.SIGTERM)


def test_command_line_is_frozen(repository, capsys):
    """Every option of every verb, as committed; a change here is a change for users."""
    for verb in cli.VERBS:
        assert cli.main([verb, "--help"]) == 0
    frozen = repository / "tests" / "unit" / "cli_frozen.txt"
    assert capsys.readouterr().out == frozen.read_text(), (
        "the command line changed; if that is meant, run: "
        "for v in " + " ".join(cli.VERBS) + "; do python -m pyser $v --help; done "
        f"> {frozen.relative_to(repository)}, and say so in CHANGELOG.md"
    )


def test_module_runs():
    command = [sys.executable, "-m", "pyser", "nonsense"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 2
