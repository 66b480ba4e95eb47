"""Builds small releases in IEMOCAP's layout, with invented content."""

import wave


def write_release(root, dialog="Ses01F_impro01", turns=("F000", "M000"), code="neu"):
    """A release of one dialog with the given turns, 0.1 s each."""
    session = root / f"Session{dialog[4]}"
    (session / "dialog/EmoEvaluation").mkdir(parents=True)
    (session / "dialog/transcriptions").mkdir()
    (session / "sentences/wav" / dialog).mkdir(parents=True)
    heads = [
        f"[{k}.0000 - {k}.1000]\t{dialog}_{turn}\t{code}\t[2.0000, 2.5000, 3.0000]\n\n"
        for k, turn in enumerate(turns)
    ]
    (session / f"dialog/EmoEvaluation/{dialog}.txt").write_text("".join(heads))
    lines = [f"{dialog}_{turn} [000.0000-000.1000]: La.\n" for turn in turns]
    (session / f"dialog/transcriptions/{dialog}.txt").write_text("".join(lines))
    for turn in turns:
        with wave.open(str(session / f"sentences/wav/{dialog}/{dialog}_{turn}.wav"), "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(bytes(3200))
    return root


def write_alignment(root, turn, words, total=" Total score: -1\n"):
    """The alignment of a turn; ``words``: (first frame, last frame, token)."""
    folder = root / f"Session{turn[4]}/sentences/ForcedAlignment" / turn[:-5]
    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"\t{first:5d} {last:5d} {-1:10d} {token}\n" for first, last, token in words]
    path = folder / f"{turn}.wdseg"
    path.write_text("\t SFrm  EFrm    SegAScr Word\n" + "".join(rows) + total)
    return path
