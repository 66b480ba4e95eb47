"""The table of `pyser score --compare`: every system against the first."""

from pyser.score.significance import MAX_EXACT_SPEAKERS, compare_all
from pyser.score.summary import summarise
from pyser.score.text import interval, percent, points, probability

_HEADINGS = ("UA", "95 % interval", "UA diff", "95 % interval", "p", "Holm")
_HEADINGS += ("WA diff", "F1 diff", "McNemar")


def comparison_text(systems):
    """Compare systems with the first of them, as lines for a terminal.

    Args:
        systems: dict from name to Scores, the reference first.

    Returns:
        str: the table, its explanation and the remarks.

    Raises:
        InputError: a system was not tested on what the first was tested on.
    """
    rows = compare_all(systems)
    summaries = {name: summarise(scores).metrics["UA"] for name, scores in systems.items()}
    reference = next(iter(systems))
    table = [("", *_HEADINGS)]
    for name, ua in summaries.items():
        own = [name, percent(ua.pooled), interval(ua)]
        table.append([*own, *(_row(*rows[name]) if name != reference else [])])
    width = max(len(row[0]) for row in table)
    lines = [_line(row, width) for row in table]
    notes = {name: row.remarks for name, (row, _) in rows.items() if row.remarks}
    remarks = [f"WARNING: {name}: {remark}" for name, some in notes.items() for remark in some]
    for row, _ in list(rows.values())[:1]:
        single = any(len(summary.by_seed) == 1 for summary in summaries.values())
        lines += _explanation(reference, row.num_speakers, single)
    return "\n".join([*lines, *remarks])


def _row(comparison, adjusted):
    ua, wa, f1 = (comparison.metrics[name] for name in ("UA", "WA", "macro-F1"))
    return [
        points(ua.value),
        interval(ua, show=points),
        probability(ua.p),
        probability(adjusted["UA"]),
        points(wa.value),
        points(f1.value),
        probability(comparison.mcnemar_p),
    ]


def _line(cells, width):
    widths = [13 if "interval" in name else 8 for name in _HEADINGS]
    padded = [f"{cell:>{size + 2}}" for cell, size in zip(cells[1:], widths, strict=False)]
    return f"{cells[0]:<{width}}" + "".join(padded)


def _explanation(reference, speakers, single):
    exact = speakers <= MAX_EXACT_SPEAKERS
    least = 2.0 ** (1 - speakers)
    yield f"diff: percentage points above {reference}"
    yield (
        f"p: answers swapped between the systems by speaker ({'all' if exact else 'drawn'} swaps "
        f"of {speakers} speakers); Holm: of UA, adjusted for all rows"
    )
    yield (
        "McNemar: takes utterances for independent; several seeds answer by their mean posterior"
    )
    if single:
        yield "one seed: what is tested are its models; other seeds may differ otherwise"
    if least > 0.05:
        yield f"with {speakers} speakers no p can be below {probability(least)}"
