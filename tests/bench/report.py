"""The tables, and RESULTS.md with one section per CPU."""

from measure import ratio
from peers import PEERS

_TITLE = """# The front end's speed, by machine

Microseconds per frame (25 ms every 10 ms, 26 mel filters and two orders of deltas unless said
otherwise), medians of interleaved rounds on one core; CPU time where one thread computes, wall time
of whole processes and of several threads. ``waited`` is the share of the wall time in which a
process did not run, ``spread`` half the distance of the quartiles. What counts are the ratios
within a section: each section is one run, made again by the command in it.
"""


def table(headers, rows):
    """A markdown table, padded so that it also reads well in a terminal."""
    texts = [[str(cell) for cell in row] for row in [headers, *rows]]
    widths = [max(len(row[i]) for row in texts) for i in range(len(headers))]
    rule = ["-" * (widths[0] + 2)] + ["-" * (width + 1) + ":" for width in widths[1:]]
    lines = [
        "| " + " | ".join(_aligned(row[i], widths[i], i) for i in range(len(headers))) + " |"
        for row in texts
    ]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:]])


def _aligned(text, width, column):
    return text.ljust(width) if column == 0 else text.rjust(width)


def replace_section(text, title, body):
    """``text`` with the section '## title' replaced, or added at its end; others stay."""
    head, *sections = ("\n" + (text or _TITLE)).split("\n## ")
    kept = {section.split("\n", 1)[0]: section for section in sections}
    kept[title] = f"{title}\n\n{body.strip()}\n"
    parts = [part.rstrip() + "\n" for part in (head, *kept.values())]
    return "\n## ".join(parts).lstrip()


def render(data):
    """Markdown of everything that was measured; ``data`` is what the JSON file holds."""
    parts = [_machine(data)]
    results = data["results"]
    for name, (title, function) in _TABLES.items():
        if results.get(name):
            parts.append(f"### {title}\n\n{function(results[name], data)}")
    if data["notes"]:
        parts.append("\n".join(f"- {note}" for note in data["notes"]))
    return "\n\n".join(parts) + "\n"


def _machine(data):
    machine = data["machine"]
    said = (f"{k} {v}" for k, v in machine.items() if v is not None and k != "cpu")
    peers = ", ".join(f"{PEERS[k].label}: {_details(v)}" for k, v in data["peers"].items())
    signals = f"Signals: {data['signals']}."
    return f"`{data['command']}`\n\n{', '.join(said)}. {signals}\n\nPeers: {peers}."


def _details(details):
    settings = ", ".join(f"{k} {v}" for k, v in details.items() if k != "version")
    return details["version"] + (f" ({settings})" if settings else "")


def _label(name):
    """A peer's label for its name, also where ', how' follows it."""
    peer, comma, how = name.partition(",")
    return (PEERS[peer].label if peer in PEERS else peer) + comma + how


def _us(result):
    return f"{result['us']:.3f}" if result else ""


def _times(results, slow, fast):
    value = ratio(results, slow, fast)
    return "" if value is None else f"{value:.1f}"


def _percent(value):
    return f"{100 * value:.0f} %"


def _compute(results, data):
    headers = ["compute only, 2-8 s", "us/frame", "spread", "waited", "x scipy", "x knf 1.20.2"]
    rows = []
    for name, r in results.items():
        difference = r.get("max_difference")
        shares = _percent(r["spread"]), _percent(r["waited"])
        times = _times(results, "scipy", name), _times(results, "knf-1.20.2", name)
        differs = "" if difference is None else f"{difference:.1g}"
        rows.append([_label(name), _us(r), *shares, *times, differs])
    return table([*headers, "differs by"], rows)


def _by_length(results, data):
    labels = list(next(iter(results.values())))
    rows = [[name, *(_us(r.get(label)) for label in labels)] for name, r in results.items()]
    return table(["compute only, length", *map(_label, labels)], rows)


def _by_options(results, data):
    labels = list(next(iter(results.values())))
    rows = []
    for name, r in results.items():
        times = _times(r, "scipy", data["best"])
        rows.append([name, *(_us(r.get(label)) for label in labels), times])
    return table(["compute only, options", *map(_label, labels), "x scipy"], rows)


def _threads(results, data):
    rows = [[n, _us(r), _times(results, "1", n)] for n, r in results.items()]
    return table(["threads of .batch", "us/frame", "x one"], rows)


def _plain(results, data):
    rows = []
    for name, r in results.items():
        shares = _percent(r.get("spread", 0)), _percent(r.get("waited", 0))
        rows.append([_label(name), _us(r), *shares, r["frames"]])
    return table(["", "us/frame", "spread", "waited", "frames"], rows)


def _memory(results, data):
    rows = [
        [name, f"{r['idle']:.0f}", f"{r['peak']:.0f}", f"{r['peak'] - r['idle']:.0f}"]
        for name, r in results.items()
    ]
    return table(["an hour of audio, MiB", "idle", "peak", "over idle"], rows)


def _stages(results, data):
    """Stages of the kernel; what ``pyser features`` costs without it stands in the same table."""
    extract = data["results"].get("extract", {})
    floor = {k: r["us"] * 1000 for k, r in extract.items() if k.startswith("copy kernel")}
    results = {level: {**stages, **floor} for level, stages in results.items()}
    names = list(dict.fromkeys(name for stages in results.values() for name in stages))
    rows = []
    for level, stages in results.items():
        rows.append([level, *(f"{stages[n]:.1f}" if n in stages else "" for n in names)])
    return table(["ns per frame", *names], rows)


def _checks(results, data):
    rows = [[c["name"], c["target"], c["measured"] or "", c["verdict"]] for c in results]
    return table(["target", "wanted", "measured", ""], rows)


_TABLES = {
    "checks": ("Targets", _checks),
    "compute": ("Compute only", _compute),
    "stages": ("Where the time goes", _stages),
    "lengths": ("By length", _by_length),
    "options": ("By options", _by_options),
    "threads": ("Threads", _threads),
    "calls": ("Calls, clips, chunks", _plain),
    "extract": ("End to end", _plain),
    "memory": ("Memory", _memory),
}
