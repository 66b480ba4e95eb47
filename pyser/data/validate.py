"""``pyser validate``: check a data directory, and say of each fault where it is and what to do."""

from pathlib import Path

from pyser.config import Option, Parser
from pyser.data.checkwav import check_wavs
from pyser.data.consistency import check_consistency
from pyser.data.findings import Finding, count_errors
from pyser.data.rules import RULES
from pyser.data.scan import scan
from pyser.errors import FileError, InputError
from pyser.files import read_json
from pyser.log import log

_JSON_FILES = ("corpus.json", "frontend.json")
PARSER = Parser(
    usage="pyser validate DATA_DIR",
    description="Check a data directory: the rules of Kaldi's validate_data_dir.sh, and ours for\n"
    "emotion labels. Prints every finding; the exit status is 1 if one of them is an error.",
    options=[
        Option("check-wav", bool, False, "open every audio file: format, rate, channels, length")
    ],
    num_arguments=1,
)


def main(argv):
    """The verb ``validate``; returns the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    path = options.arguments[0]
    findings = validate(path, options.check_wav)
    for finding in findings:
        print(finding)
    errors = count_errors(findings)
    log(f"{path}: {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0


def validate(path, check_wav=False):
    """Check the data directory ``path``.

    Args:
        path: the folder.
        check_wav: whether every audio file is opened too.

    Returns:
        list of Finding, by file and line.

    Raises:
        FileError: there is no such folder.
    """
    path = Path(path)
    if not path.is_dir():
        raise FileError("no such directory", path, "a data directory")
    findings, scans = [], {}
    for name, rule in RULES.items():
        if (path / name).exists():
            scans[name] = scan(path / name, rule.empty_values)
            _check_values(scans[name], rule)
        elif rule.required:
            findings.append(Finding("no-file", path / name, 0, "there is no such file"))
    if "spk2utt" not in scans:
        findings.append(Finding("not-for-kaldi", path / "spk2utt", 0, "there is no such file"))
    findings += _check_json(path)
    check_consistency(scans)
    if check_wav and "wav.scp" in scans:
        check_wavs(scans["wav.scp"], scans.get("utt2dur") if "segments" not in scans else None)
    findings += [finding for one in scans.values() for finding in one.findings]
    return sorted(findings, key=lambda finding: (finding.path, finding.line))


def _check_values(table, rule):
    for value, number in ((value, number) for number, value in table.rows.values() if value):
        for code, what in rule.check(value):
            table.add(code, what, number)


def _check_json(path):
    for name in _JSON_FILES:
        if not (path / name).exists():
            continue
        try:
            content = read_json(path / name)
        except (OSError, InputError) as error:
            line = str(getattr(error, "where", "")).rpartition(":")[2]
            what = getattr(error, "what", error)
            yield Finding("json", path / name, int(line) if line.isdecimal() else 0, str(what))
            continue
        if not isinstance(content, dict):
            yield Finding("json", path / name, 1, f"holds a {type(content).__name__}")
