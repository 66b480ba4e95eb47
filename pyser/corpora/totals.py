"""Counts of a parsed corpus beside the published ones.

Both are tables ``{group: {count: number}}``. Groups are sessions, speakers, styles and ``all``;
counts are ``utterances``, ``dialogs``, each raw label, ``labelled`` (utterances that the default
label policy keeps) and ``labelled_seconds`` (their length).
"""

SECONDS_TOLERANCE = 1.0  # published lengths are rounded to whole seconds


def count(utterances, groups, policy):
    """Count utterances.

    Args:
        utterances: list of Utterance.
        groups: function from an Utterance to the names of the groups it belongs to.
        policy: the corpus's default label policy, {raw label: class}.

    Returns:
        The table of counts, groups and counts sorted.
    """
    counts, dialogs, seconds = {}, {}, {}
    for one in utterances:
        for group in groups(one):
            row = counts.setdefault(group, {})
            labelled = one.raw_emotion in policy
            for key in ["utterances", one.raw_emotion] + ["labelled"] * labelled:
                row[key] = row.get(key, 0) + 1
            if labelled:
                seconds.setdefault(group, []).append(one.duration_s)
            if one.dialog:
                dialogs.setdefault(group, set()).add(one.dialog)
    for group, row in counts.items():
        if group in dialogs:
            row["dialogs"] = len(dialogs[group])
        row["labelled_seconds"] = round(sum(seconds.get(group, [])), 2)
    return {group: dict(sorted(counts[group].items())) for group in sorted(counts)}


def compare(expected, found):
    """List where ``found`` differs from ``expected``.

    Returns:
        (list of {"group", "count", "expected", "found"}, number of totals compared).
    """
    differences, compared = [], 0
    for group, row in expected.items():
        for key, number in row.items():
            here = found.get(group, {}).get(key, 0)
            tolerance = SECONDS_TOLERANCE if key.endswith("seconds") else 0
            compared += 1
            if abs(here - number) > tolerance:
                differences.append(
                    {"group": group, "count": key, "expected": number, "found": here}
                )
    return differences, compared


def table_lines(rows):
    """Lines of text (list of str) that show differences as a table."""
    header = ("group", "count", "expected", "found")
    cells = [header] + [tuple(str(row[name]) for name in header) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(len(header))]
    return [
        f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}  {d:>{widths[3]}}"
        for a, b, c, d in cells
    ]
