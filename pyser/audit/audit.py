"""All checks of a plan, in one go."""

import os
from pathlib import Path

from pyser.audit.copies import check_audio, check_names, not_heard
from pyser.audit.findings import Audit
from pyser.audit.groups import check_groups, check_text, check_utterances, members
from pyser.audit.statistics import check_statistics
from pyser.audit.tested import check_classes, check_labels, check_tested
from pyser.audit.variants import originals


def audit(plan, claim, data_dir=None):
    """Look at everything that can be looked at.

    Args:
        plan: Plan.
        claim: of CLAIMS.
        data_dir: where the number of frames is kept, None when there is no data directory.

    Returns:
        Audit

    Raises:
        FileError, InputError: statistics or tables cannot be read.
    """
    folds, facts = plan.folds, plan.facts
    heard, looked_at = check_audio(folds, facts)
    findings = [
        *check_utterances(folds),
        *check_tested(plan),
        *_check_who(folds, facts),
        *check_text(folds, facts.table("text"), facts.sources.get("text", "")),
        *check_names(folds, facts),
        *heard,
        *check_classes(folds, facts.table("label")),
        *check_labels(plan),
        *check_statistics(plan, Path(data_dir) if data_dir else None),
    ]
    number = len(members(folds))
    return Audit(claim, tuple(findings), plan.name, len(folds), number, looked_at)


def _check_who(folds, facts):
    """Speakers (under the names of augmented copies too), sessions, dialogues and recordings."""
    speaker = facts.table("speaker")
    source = originals(set(speaker.values()))
    known = {utterance: source.get(name, name) for utterance, name in speaker.items()}
    yield from check_groups(folds, "speaker", known, _missing(facts, "speaker"))
    yield from check_groups(folds, "session", facts.table("session"), _missing(facts, "session"))
    yield from check_groups(folds, "dialog", facts.table("dialog"))
    recording = facts.table("recording")
    yield from check_groups(folds, "recording", recording, "no wav.scp, no path in the lists")


def _missing(facts, kind):
    source = facts.sources.get(kind, "")
    return source if " " in source else f"no {source}"


def split_findings(facts, folds):
    """What ``pyser split`` says of its own folds: what is in tables, without listening.

    Args:
        facts: Facts.
        folds: list of dict from part to utterances.

    Returns:
        list of Finding
    """
    return [
        *check_text(folds, facts.table("text")),
        *check_groups(folds, "session", facts.table("session")),
        *check_groups(folds, "dialog", facts.table("dialog")),
        *check_classes(folds, facts.table("label")),
        *not_heard(facts, [u for u in members(folds) if not _is_there(facts.audio.get(u))]),
    ]


def _is_there(audio):
    return audio is not None and not audio.path.endswith("|") and os.path.exists(audio.path)
