"""What has to be said beside a result: the verdict of the audit, its findings, what is missing."""

_WORDS = {"invalidates": "Invalidates the claim", "remark": "Remark"}


def shared_lines(group):
    """What holds for every experiment of a Group (list of str), the verdict first."""
    lists = [_lines(experiment) for experiment in group.experiments]
    return [line for line in lists[0] if all(line in others for others in lists[1:])]


def own_lines(experiment, group):
    """What holds for this experiment but not for all of its Group (list of str)."""
    missing = [f"fold {fold} seed {seed}" for fold, seed in experiment.result.get("missing", [])]
    lines = [f"**Incomplete**: not scored are {', '.join(missing)}"] if missing else []
    shared = shared_lines(group)
    return lines + [line for line in _lines(experiment) if line not in shared]


def _lines(experiment):
    """Verdict, findings and remarks of one experiment, each said once."""
    audit = experiment.result.get("audit") or {}
    findings = audit.get("findings", [])
    lines = [f"Audit of the protocol: **{audit['verdict']}**"] if audit.get("verdict") else []
    lines += [_finding_line(finding) for finding in findings]
    told = {finding["message"] for finding in findings}
    remarks = [*experiment.result.get("remarks", []), *experiment.scores.findings]
    lines += [f"Remark: {remark}" for remark in dict.fromkeys(remarks) if remark not in told]
    return lines


def _finding_line(finding):
    word = _WORDS.get(finding.get("severity"), "Remark")
    claim = finding.get("claim")
    effect = f". Effect: {claim.rstrip('.')}" if claim else ""
    return f"{word} (`{finding['code']}`): {finding['message'].rstrip('.')}{effect}"
