"""Whether the tables of a data directory agree with each other."""

import contextlib
import itertools
import os

from pyser.data.rules import RULES
from pyser.data.spoken import read_words
from pyser.errors import InputError

_TOLERANCE_S = 0.005  # durations and times may be written with two decimals


def check_consistency(scans):
    """Add findings to ``scans`` (file name -> Scan); without ``utt2spk`` there is no measure."""
    if not scans.get("utt2spk") or not scans["utt2spk"].rows:
        return
    _check_speakers(scans["utt2spk"])
    home = {"utterance": scans["utt2spk"], "speaker": scans["utt2spk"]}
    home["recording"] = scans.get("segments", scans["utt2spk"])
    expected = {kind: _expected(kind, table) for kind, table in home.items()}
    for name, table in scans.items():
        rule = RULES[name]
        if table.rows and home[rule.keys].rows and table is not home[rule.keys]:
            _check_keys(table, rule, expected[rule.keys], home[rule.keys])
    if "spk2utt" in scans:
        _check_spk2utt(scans["spk2utt"], scans["utt2spk"].values)
    if "utt2emo" in scans:
        _check_classes(scans["utt2emo"], scans["utt2spk"].values)
    if "feats.scp" in scans and "utt2num_frames" in scans:
        _check_frames(scans["feats.scp"], scans["utt2num_frames"])
    if "utt2words" in scans and "utt2dur" in scans:
        _check_ends(scans["utt2words"], scans["utt2dur"].values)
    if "wav.scp" in scans:
        _check_same_audio(scans["wav.scp"])


def _expected(kind, table):
    """Key -> line in ``table`` that asks for it."""
    if kind == "utterance" or (kind == "recording" and table.path.name == "utt2spk"):
        return {key: line for key, (line, _) in table.rows.items()}
    expected = {}
    for line, value in table.rows.values():
        expected.setdefault(value.split()[0] if value else "", line)
    expected.pop("", None)
    return expected


def _check_keys(table, rule, expected, home):
    for key in table.rows:
        if key not in expected:
            what = f"{rule.keys} {key} is not in {home.path.name}"
            table.add("unknown", what, table.line_of(key))
    code = "missing" if rule.complete else "incomplete"
    for key, line in () if rule.sparse else expected.items():
        if key not in table.rows:
            home.add(code, f"{rule.keys} {key} has no line in {table.path.name}", line)


def _check_speakers(utt2spk):
    """Ids begin with the speaker, and sorting by speaker leaves utt2spk as it is."""
    rows = [(value, key, line) for key, (line, value) in utt2spk.rows.items()]
    for speaker, key, line in rows:
        if not key.startswith(speaker):
            utt2spk.add("prefix", f"{key} does not begin with its speaker {speaker}", line)
    for before, after in itertools.pairwise(rows):
        # Out of order by key is another finding already.
        if before[0] > after[0] and before[1] < after[1]:
            what = f"speaker {after[0]} comes after {before[0]}"
            utt2spk.add("speaker-order", what, after[2])
    if len({speaker for speaker, _, _ in rows}) == 1:
        utt2spk.add("one-speaker", f"{rows[0][0]} is the only speaker")


def _check_spk2utt(spk2utt, speaker_of):
    listed = {}
    for speaker, (line, value) in spk2utt.rows.items():
        utterances = value.split()
        for utterance in utterances:
            if speaker_of.get(utterance) != speaker:
                owner = speaker_of.get(utterance, "nobody")
                what = f"{speaker} has {utterance}, which utt2spk gives to {owner}"
                spk2utt.add("spk2utt", what, line)
            if utterance in listed:
                spk2utt.add("spk2utt", f"{utterance} is listed twice", line)
            listed[utterance] = speaker
        if utterances != sorted(utterances):
            spk2utt.add("spk2utt", f"the utterances of {speaker} are not sorted", line)
    for utterance, speaker in speaker_of.items():
        if utterance not in listed and speaker in spk2utt.rows:
            what = f"{speaker} lacks {utterance}"
            spk2utt.add("spk2utt", what, spk2utt.line_of(speaker))


def _check_classes(utt2emo, speaker_of):
    speakers, lines = {}, {}
    for utterance, (line, label) in utt2emo.rows.items():
        speakers.setdefault(label, set()).add(speaker_of.get(utterance))
        lines.setdefault(label, line)
    if len(speakers) == 1:
        utt2emo.add("one-class", f"{next(iter(speakers))} is the only class")
    for label in sorted(speakers):
        if len(speakers[label]) == 1 and len(set(speaker_of.values())) > 1:
            (speaker,) = speakers[label]
            what = f"class {label} comes from speaker {speaker} alone"
            utt2emo.add("class-of-one", what, lines[label])


def _check_frames(feats, num_frames):
    for table, other in ((feats, num_frames), (num_frames, feats)):
        for key in table.rows:
            if key not in other.rows:
                what = f"utterance {key} has no line in {other.path.name}"
                table.add("missing", what, table.line_of(key))


def _check_ends(utt2words, durations):
    """The last word ends no later than its utterance; what is malformed was found before."""
    for key, (line, value) in utt2words.rows.items():
        with contextlib.suppress(InputError, ValueError):
            words, duration_s = read_words(value), float(durations.get(key, "inf"))
            if words and words[-1][1] > duration_s + _TOLERANCE_S:
                what = f"the last word ends at {words[-1][1]:g} s, {key} at {duration_s:g} s"
                utt2words.add("format", what, line)


def _check_same_audio(wav_scp):
    first = {}
    for key, (line, value) in wav_scp.rows.items():
        path = value if value.endswith("|") else os.path.realpath(value)
        if path in first:
            wav_scp.add("same-audio", f"{key} is the same file as {first[path]}", line)
        first.setdefault(path, key)
