"""By which number of the dev part an epoch is judged, as tables and logs tell it. No torch here."""


def dev_score(entry):
    """The mean CCC of a dict of results (an epoch, run.json), or its UA where classes are told."""
    return entry["dev_ua"] if entry.get("dev_ccc") is None else entry["dev_ccc"]


def dev_text(entry):
    """``dev UA 71.60 %``, or ``dev CCC 0.512``."""
    return f"{dev_name(entry)} {dev_value(entry)}"


def dev_name(entry):
    """``dev UA`` or ``dev CCC``."""
    return "dev UA" if entry.get("dev_ccc") is None else "dev CCC"


def dev_value(entry):
    """``71.60 %``, or ``0.512``."""
    score = dev_score(entry)
    return f"{100 * score:.2f} %" if entry.get("dev_ccc") is None else f"{score:.3f}"
