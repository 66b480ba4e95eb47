"""Findings on copies of utterances: by samples, by sound, by name."""

from pyser.audit.findings import Finding
from pyser.audit.groups import check_copies, check_overlaps, members, partners_of
from pyser.audit.neighbours import near_pairs
from pyser.audit.sounds import Reader, listen
from pyser.audit.variants import variants
from pyser.data.folds import name_some
from pyser.log import progress


def check_names(folds, facts):
    """Augmented copies, by ``utt2uniq`` or by the marks that tools put into names."""
    everyone = members(folds)
    groups = variants(everyone, facts.universe or (), facts.table("original"))
    message = "{n} utterances of {second} are, by name, variants of utterances of {first}"
    yield from check_copies(folds, "variant", partners_of(groups), message)


def check_audio(folds, facts):
    """The same samples under two names, changed copies, and segments that overlap.

    Returns:
        list of Finding, and what was looked at (dict: utterances, compared by sound, pairs).
    """
    everyone = members(folds)
    reader = Reader()
    sounds = listen(facts.audio, progress(everyone, what="audit, utterances"), reader)
    tested = {utterance for fold in folds for utterance in fold["test"]}
    alike = near_pairs(sounds.descriptors, lambda u: reader.first_channel(facts.audio[u]), tested)
    exact = partners_of(sounds.same)
    near = [pair for pair in alike if pair[1] not in exact.get(pair[0], ())]
    same = "{n} utterances of {second} have the samples of utterances of {first}"
    like = "{n} utterances of {second} sound like changed copies of utterances of {first}"
    findings = [
        *check_copies(folds, "same-audio", exact, same),
        *check_copies(folds, "near-audio", partners_of(near), like),
        *check_overlaps(folds, facts.table("recording"), facts.audio),
        *not_heard(facts, sounds.not_there),
    ]
    if sounds.too_short:
        what = (
            f"{len(sounds.too_short)} utterances are silent or too short to look for changed "
            f"copies of them: {name_some(sounds.too_short)}"
        )
        findings.append(Finding("unchecked-audio", what, tuple(sounds.too_short)))
    looked_at = {
        "utterances": len(everyone) - len(sounds.not_there),
        "compared_by_sound": len(sounds.descriptors.utterances),
    }
    return findings, looked_at


def not_heard(facts, utterances):
    """What was not compared, as its audio is a pipe, not there, or no audio."""
    if not utterances:
        return
    recording = facts.table("recording")
    names = sorted({recording.get(utterance, utterance) for utterance in utterances})
    what = (
        f"the audio of {len(names)} recordings could not be compared by content, as it is a pipe "
        f"or not there: {name_some(names)}"
    )
    yield Finding("unchecked-audio", what, tuple(utterances))
