"""``pyser report``: RESULTS.md and its plots, from all scored experiments below a folder."""

from pathlib import Path

from pyser.config import Option, Parser
from pyser.files import atomic_path
from pyser.log import log
from pyser.report.experiments import find_groups
from pyser.report.markdown import PLOTS, results_text
from pyser.report.plots import confusion_plot, overview_plot
from pyser.score.text import plural

PARSER = Parser(
    usage="pyser report DIR [--out RESULTS.md]",
    description="Write the results of all experiments below DIR that pyser score has scored, with\n"
    "plots in a folder beside them. The same scores always give the same bytes.",
    options=[Option("out", str, None, "file to write (default: DIR/RESULTS.md)")],
    num_arguments=1,
)


def main(argv):
    """Run ``pyser report``; return the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    folder = Path(options.arguments[0])
    out = Path(options.out) if options.out else folder / "RESULTS.md"
    groups = find_groups(folder)
    files = {out.parent / PLOTS / name: data for name, data in _plots(groups)}
    files[out] = results_text(groups).encode()  # last: what it links to is there
    written = [path for path, data in files.items() if _write(path, data)]
    count = sum(len(group.experiments) for group in groups)
    done = f"{plural(len(written), 'file')} written" if written else "nothing to do"
    log(f"{out}: {plural(count, 'experiment')}, {done}")
    return 0


def _plots(groups):
    """(file name, PNG bytes) of every plot that RESULTS.md links to."""
    for group in groups:
        for experiment in group.experiments:
            name = group.plot_name("confusion", experiment.name)
            yield name, confusion_plot(experiment, group)
        if len(group.experiments) > 1:
            yield group.plot_name("ua"), overview_plot(group)


def _write(path, data):
    """Write ``data`` (bytes) atomically unless the file has them; whether it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return True
