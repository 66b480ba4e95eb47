"""pyser validate: a good directory has no findings; each way to break it is found at its line."""

import json
from pathlib import Path

import pytest
from data_builder import make_data, write_feats, write_wav

from pyser.cli import main
from pyser.data.findings import CODES, ERROR, WARNING, Finding, shortened
from pyser.data.tables import read_table, write_table
from pyser.data.validate import validate
from pyser.errors import FileError


@pytest.fixture
def data(tmp_path):
    data = make_data(tmp_path / "data")
    write_feats(data)
    write_table(data.path / "utt2num_frames", dict.fromkeys(data.utterances, "20"))
    (data.path / "frontend.json").write_text("{}")
    return data


def short(findings):
    return [(finding.code, finding.path.name, finding.line) for finding in findings]


def test_a_good_directory_has_no_findings(data, capsys):
    assert validate(data.path) == []
    assert validate(data.path, check_wav=True) == []
    assert main(["validate", str(data.path)]) == 0
    assert capsys.readouterr().out == ""


def test_own_data_need_three_tables_only(data):
    for path in data.path.iterdir():
        if path.name not in ("wav.scp", "utt2spk", "utt2emo"):
            path.unlink()
    assert short(validate(data.path)) == [("not-for-kaldi", "spk2utt", 0)]


def replace(name, old, new):
    """A breakage that replaces bytes of a file, which must be there."""

    def change(folder):
        content = (folder / name).read_bytes()
        assert old in content
        (folder / name).write_bytes(content.replace(old, new, 1))

    return change


def write(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def append(name, content):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + content)


def remove(name):
    return lambda folder: (folder / name).unlink()


# The utterances s1-u0 ... s1-u3, s2-u0 ... are on lines 1 ... 4, 5 ... of every table.
BREAKAGES = {
    # files
    "no utt2spk": (remove("utt2spk"), [("no-file", "utt2spk", 0)]),
    "no utt2emo": (remove("utt2emo"), [("no-file", "utt2emo", 0)]),
    "no wav.scp": (remove("wav.scp"), [("no-file", "wav.scp", 0)]),
    "no spk2utt": (remove("spk2utt"), [("not-for-kaldi", "spk2utt", 0)]),
    "empty text": (write("text", b""), [("empty-file", "text", 0)]),
    "Latin-1": (replace("text", b"words 0 1", b"w\xf6rds"), [("encoding", "text", 2)]),
    "no final newline": (append("text", b"\nx"), None),
    "empty corpus.json": (write("corpus.json", b""), [("json", "corpus.json", 1)]),
    "Latin-1 corpus.json": (write("corpus.json", b"\xf6"), [("json", "corpus.json", 0)]),
    "bad frontend.json": (write("frontend.json", b"{\n1}"), [("json", "frontend.json", 2)]),
    "list in corpus.json": (write("corpus.json", b"[]"), [("json", "corpus.json", 1)]),
    # lines
    "CRLF": (replace("text", b"0 2\n", b"0 2\r\n"), [("carriage-return", "text", 3)]),
    "empty line": (replace("text", b"s1-u1", b"\ns1-u1"), [("empty-line", "text", 2)]),
    "leading space": (replace("text", b"s1-u1", b" s1-u1"), [("leading-space", "text", 2)]),
    "trailing space": (replace("text", b"0 1\n", b"0 1 \n"), [("spacing", "text", 2)]),
    "tab": (replace("utt2emo", b"s1-u1 ", b"s1-u1\t"), [("spacing", "utt2emo", 2)]),
    "two spaces": (replace("utt2emo", b"s1-u1 ", b"s1-u1  "), [("spacing", "utt2emo", 2)]),
    "no-break space": (replace("text", b"words 0 1", b"a\xc2\xa0b"), [("odd-space", "text", 2)]),
    "line separator": (replace("text", b"words 0 1", b"a\xe2\x80\xa8"), [("odd-space", "text", 2)]),
    "no value": (replace("utt2dur", b"s1-u1 0.05", b"s1-u1"), [("no-value", "utt2dur", 2)]),
    "no words": (replace("text", b"s1-u1 words 0 1", b"s1-u1"), [("no-words", "text", 2)]),
    "duplicate": (replace("text", b"s1-u1", b"s1-u0 x\ns1-u1"), [("duplicate", "text", 2)]),
    "order": (
        replace("text", b"s1-u0 words 0 0\ns1-u1", b"s1-u1 x\ns1-u0"),
        [("order", "text", 2)],
    ),
    # keys
    "missing text": (replace("text", b"s1-u1 words 0 1\n", b""), [("missing", "utt2spk", 2)]),
    "missing label": (replace("utt2emo", b"s1-u1 neu\n", b""), [("missing", "utt2spk", 2)]),
    "missing session": (
        replace("utt2session", b"s1-u1 session1\n", b""),
        [("missing", "utt2spk", 2)],
    ),
    "missing ratings": (
        replace("utt2vad", b"s1-u1 2.5 3.0 3.5\n", b""),
        [("incomplete", "utt2spk", 2)],
    ),
    "missing gender": (replace("spk2gender", b"s2 m\n", b""), [("missing", "utt2spk", 5)]),
    "unknown text": (replace("text", b"s1-u1", b"s1-u09 x\ns1-u1"), [("unknown", "text", 2)]),
    "unknown speaker": (append("spk2gender", b"s9 m\n"), [("unknown", "spk2gender", 5)]),
    "prefix": (replace("utt2spk", b"s2-u0 s2", b"s2-u0 t2"), None),
    # values
    "two speakers": (replace("utt2spk", b"u1 s1", b"u1 s1 x"), None),
    "two labels": (replace("utt2emo", b"u1 neu", b"u1 neu sad"), None),
    "comma": (replace("utt2style", b"u1 impro", b"u1 im,pro"), [("format", "utt2style", 2)]),
    "gender": (replace("spk2gender", b"s1 f", b"s1 female"), [("format", "spk2gender", 1)]),
    "zero duration": (replace("utt2dur", b"u1 0.05", b"u1 0"), [("format", "utt2dur", 2)]),
    "no duration": (replace("utt2dur", b"u1 0.05", b"u1 nan"), [("format", "utt2dur", 2)]),
    "two ratings": (replace("utt2vad", b"u1 2.5", b"u1"), [("format", "utt2vad", 2)]),
    "NaN rating": (replace("utt2vad", b"u1 2.5", b"u1 nan"), [("format", "utt2vad", 2)]),
    "word rating": (replace("utt2vad", b"u1 2.5", b"u1 high"), [("format", "utt2vad", 2)]),
    "zero frames": (
        replace("utt2num_frames", b"u1 20", b"u1 0"),
        [("format", "utt2num_frames", 2)],
    ),
    "half a frame": (
        replace("utt2num_frames", b"u1 20", b"u1 2.5"),
        [("format", "utt2num_frames", 2)],
    ),
    "symbol": (replace("text", b"0 1\n", b"<s> #0\n"), [("symbol", "text", 2)] * 2),
    "tilde": (replace("wav.scp", b"s1-u1 ", b"s1-u1 ~"), [("tilde", "wav.scp", 2)]),
    "pipe": (replace("wav.scp", b"u1.wav", b"u1.wav |"), [("pipe", "wav.scp", 2)]),
    "no audio": (replace("wav.scp", b"u1.wav", b"u1.WAV"), [("no-audio", "wav.scp", 2)]),
    "empty audio": (write("../wav/s1-u1.wav", b""), [("no-audio", "wav.scp", 2)]),
    "archive too short": (
        replace("feats.scp", b"feats.ark:6\n", b"feats.ark:999999\n"),
        [("no-archive", "feats.scp", 1)],
    ),
    "no archive": (remove("feats.ark"), [("no-archive", "feats.scp", k) for k in range(1, 17)]),
    "command in feats.scp": (
        replace("feats.scp", b"feats.ark:6\n", b"feats.ark |\n"),
        [("no-archive", "feats.scp", 1)],
    ),
    # tables against each other
    "spk2utt lacks one": (replace("spk2utt", b" s1-u1", b""), [("spk2utt", "spk2utt", 1)]),
    "spk2utt repeats": (replace("spk2utt", b"s1-u1", b"s1-u1 s1-u1"), [("spk2utt", "spk2utt", 1)]),
    "spk2utt unsorted": (
        replace("spk2utt", b"s1-u0 s1-u1", b"s1-u1 s1-u0"),
        [("spk2utt", "spk2utt", 1)],
    ),
    "spk2utt foreign": (replace("spk2utt", b"s1-u3", b"s1-u3 s2-u0"), None),
    "spk2utt nobody": (replace("spk2utt", b"s1-u3", b"s1-u3 s1-u7"), [("spk2utt", "spk2utt", 1)]),
    "short utterance": (
        lambda folder: [
            replace(name, old, b"")(folder)
            for name, old in (
                ("utt2num_frames", b"s1-u1 20\n"),
                ("feats.scp", (folder / "feats.scp").read_bytes().split(b"\n")[1] + b"\n"),
            )
        ],
        [("incomplete", "utt2spk", 2)] * 2,
    ),
    "frames of nothing": (
        replace("utt2num_frames", b"s1-u1 20\n", b""),
        [("missing", "feats.scp", 2), ("incomplete", "utt2spk", 2)],
    ),
    "class of one": (replace("utt2emo", b"u1 neu", b"u1 fear"), [("class-of-one", "utt2emo", 2)]),
    "one class": (
        lambda folder: write_table(
            folder / "utt2emo", dict.fromkeys(read_table(folder / "utt2emo"), "neu")
        ),
        [("one-class", "utt2emo", 0)],
    ),
}
EXTRA = {
    "no final newline": ("final-newline", "text", 18),
    "prefix": ("prefix", "utt2spk", 5),
    "two speakers": ("format", "utt2spk", 2),
    "two labels": ("format", "utt2emo", 2),
    "spk2utt foreign": ("spk2utt", "spk2utt", 1),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_breakage_is_found(data, name, capsys):
    change, expected = BREAKAGES[name]
    change(data.path)
    findings = validate(data.path)
    if expected is None:  # one fault with several consequences
        assert EXTRA[name] in short(findings)
    else:
        assert short(findings) == expected
    errors = [finding for finding in findings if finding.severity == ERROR]
    assert main(["validate", str(data.path)]) == (1 if errors else 0)
    assert capsys.readouterr().out.splitlines() == [str(finding) for finding in findings]


def test_times_of_words(data):
    table = data.path / "utt2words"
    good = dict.fromkeys(data.utterances, "0.00 0.01 LA 0.01 0.05 so-so")
    write_table(table, good)
    assert validate(data.path) == []
    bad = {
        "0.00 0.01": "2 pieces are no whole triples",
        "0.01 LA 0.00": "0.00 from 0.01 to LA has no length",
        "0.02 0.02 la": "la from 0.02 to 0.02 has no length",
        "0.02 inf la": "la from 0.02 to inf has no length",
        "-0.01 0.02 la": "la begins at -0.01",
        "0.00 0.02 la 0.01 0.03 so": "so begins at 0.01, before 0.02, the end of the word before",
        "0.00 0.02 la 0.04 0.06 so": "the last word ends at 0.06 s, s1-u1 at 0.05 s",
    }
    for value, what in bad.items():
        write_table(table, good | {"s1-u1": value})
        (finding,) = validate(data.path)
        assert (finding.code, finding.line, finding.what) == ("format", 2, what)
    replace("utt2dur", b"s1-u1 0.05", b"s1-u1 x")(data.path)
    assert short(validate(data.path)) == [("format", "utt2dur", 2)]


def test_an_utterance_may_have_no_words_or_no_line_of_words(data):
    rows = dict.fromkeys(data.utterances[1:], "0.00 0.05 la") | {data.utterances[1]: ""}
    write_table(data.path / "utt2words", rows, empty_values=True)
    assert short(validate(data.path)) == [("no-words", "utt2words", 1)]
    write_table(data.path / "utt2words", {"s9-u0": "0.00 0.05 la"})
    assert short(validate(data.path)) == [("unknown", "utt2words", 1)]


def test_segments(data):
    rows = {u: f"{u} 0.00 0.05" for u in data.utterances}
    write_table(data.path / "segments", rows)
    assert validate(data.path) == []
    for bad in ("s1-u1 0.05 0.05", "s1-u1 -1 0.05", "s1-u1 0.0", "s1-u1 0 inf", "s1-u1 a b"):
        write_table(data.path / "segments", rows | {"s1-u1": bad})
        assert short(validate(data.path)) == [("format", "segments", 2)]
    write_table(data.path / "segments", rows | {"s1-u1": "s1-u0 0.01 0.05"})
    assert short(validate(data.path)) == [("unknown", "wav.scp", 2)]
    write_table(data.path / "segments", rows | {"s1-u1": "r1 0.01 0.05"})
    assert short(validate(data.path)) == [("missing", "segments", 2), ("unknown", "wav.scp", 2)]
    write_table(data.path / "segments", {u: rows[u] for u in data.utterances[1:]})
    assert short(validate(data.path)) == [("missing", "utt2spk", 1), ("unknown", "wav.scp", 1)]
    (data.path / "segments").write_text("")
    assert short(validate(data.path)) == [("empty-file", "segments", 0)]


@pytest.mark.parametrize(
    ("name", "good", "bad", "keys"),
    [
        ("utt2warp", "1.1", "1.5", "utt"),
        ("spk2warp", "0.9", "x", "spk"),
        ("reco2dur", "3.5", "-1", "utt"),
        ("reco2file_and_channel", "call A", "call C", "utt"),
        ("reco2file_and_channel", "call B", "call", "utt"),
    ],
)
def test_kaldi_tables(data, name, good, bad, keys):
    names = data.utterances if keys == "utt" else ["s1", "s2", "s3", "s4"]
    rows = dict.fromkeys(names, good)
    write_table(data.path / name, rows)
    assert validate(data.path) == []
    write_table(data.path / name, rows | {names[1]: bad})
    assert short(validate(data.path)) == [("format", name, 2)]
    write_table(data.path / name, dict.fromkeys(names[1:], good))
    assert short(validate(data.path)) == [("missing", "utt2spk", 1)]


def test_channel_1_is_an_old_habit(data):
    write_table(data.path / "reco2file_and_channel", dict.fromkeys(data.utterances, "call 1"))
    assert {f.severity for f in validate(data.path)} == {WARNING}


def test_tables_of_archives(data):
    ark = data.path / "feats.ark"
    write_table(data.path / "cmvn.scp", dict.fromkeys(["s1", "s2", "s3", "s4"], f"{ark}:2[0:1]"))
    write_table(data.path / "vad.scp", dict.fromkeys(data.utterances, f"{ark}:2"))
    for name in ("utt2lang", "utt2uniq", "utt2dialog", "utt2rawemo"):
        write_table(data.path / name, dict.fromkeys(data.utterances, "x"))
    assert validate(data.path) == []


def test_speakers_that_are_prefixes_of_each_other(tmp_path):
    """Each id begins with its speaker, yet sorting by speaker changes the order."""
    data = make_data(tmp_path / "data", speakers=("a", "a-b"), per_speaker=2)
    table = data.table("utt2spk")
    assert list(table) == ["a-b-u0", "a-b-u1", "a-u0", "a-u1"]
    assert ("speaker-order", "utt2spk", 3) in short(validate(data.path))


def test_one_speaker(tmp_path):
    data = make_data(tmp_path / "data", speakers=("a",))
    assert short(validate(data.path)) == [("one-speaker", "utt2spk", 0)]


def test_the_same_file_twice(data):
    table = data.table("wav.scp")
    path = table["s1-u0"].replace("/wav/", "/wav/../wav/")
    write_table(data.path / "wav.scp", table | {"s3-u0": path})
    (finding,) = validate(data.path)
    assert finding.code == "same-audio" and "s3-u0 is the same file as s1-u0" in finding.what


def test_audio_in_an_archive(data):
    write_table(
        data.path / "wav.scp",
        {u: f"{data.path}/feats.ark:{k}" for k, u in enumerate(data.utterances)},
    )
    assert validate(data.path, check_wav=True) == []


def test_unreadable_file(data):
    (data.path / "text").unlink()
    (data.path / "text").mkdir()
    assert short(validate(data.path)) == [("unreadable", "text", 0)]


@pytest.mark.parametrize(
    ("breakage", "code"),
    [
        (lambda path: path.write_bytes(b"RIFFxxxx"), "bad-audio"),
        (lambda path: write_wav(path, 0, channels=2), "channels"),
        (lambda path: write_wav(path, 0, 800, sample_rate=16000), "rate"),
        (lambda path: write_wav(path, 0, 800), "duration"),
    ],
)
def test_check_wav(data, breakage, code):
    breakage(data.path.parent / "wav" / "s1-u1.wav")
    assert validate(data.path) == []
    assert short(validate(data.path, check_wav=True)) == [(code, "wav.scp", 2)]
    assert main(["validate", "--check-wav", str(data.path)]) == (code == "bad-audio")


def test_check_wav_without_samples_commands_and_durations(data):
    write_wav(data.path.parent / "wav" / "s1-u1.wav", 0, 0)
    replace("utt2dur", b"s1-u1 0.05", b"s1-u1 x")(data.path)
    replace("wav.scp", b"u2.wav", b"u2.wav |")(data.path)
    assert short(validate(data.path, check_wav=True)) == [
        ("format", "utt2dur", 2),
        ("bad-audio", "wav.scp", 2),
        ("pipe", "wav.scp", 3),
    ]


def test_findings_say_where_what_and_the_remedy(data):
    replace("spk2gender", b"s1 f", b"s1 x")(data.path)
    (finding,) = validate(data.path)
    assert str(finding) == (
        f"{data.path}/spk2gender:1: error [format] found 'x', not m or f; correct the line"
    )


def test_every_code_has_a_severity_and_a_remedy():
    assert {severity for severity, _ in CODES.values()} == {ERROR, WARNING}
    assert all(remedy for _, remedy in CODES.values())
    tested = json.dumps([expected for _, expected in BREAKAGES.values()]) + json.dumps(EXTRA)
    elsewhere = {"unreadable", "old-format", "one-speaker", "speaker-order", "same-audio"}
    elsewhere |= {"bad-audio", "channels", "rate", "duration"}
    assert {code for code in CODES if f'"{code}"' not in tested} == elsewhere


def test_missing_directory_and_help(tmp_path, capsys):
    with pytest.raises(FileError, match="no such directory"):
        validate(tmp_path / "none")
    assert main(["validate", str(tmp_path / "none")]) == 1
    assert main(["validate"]) == 2
    assert main(["validate", "--help"]) == 0
    assert "--check-wav" in capsys.readouterr().out


def test_findings_are_shortened_by_kind_and_file():
    findings = [Finding("order", Path("a"), n, "x") for n in range(1, 9)]
    findings += [Finding("order", Path("b"), 1, "x"), Finding("prefix", Path("a"), 3, "y")]
    lines = shortened(findings, most=2)
    assert lines[:4] == [str(findings[i]) for i in (0, 1, 8, 9)]
    assert lines[4:] == ["a: 6 more [order]; pyser validate lists them"]
