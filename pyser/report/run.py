"""``pyser report``: RESULTS.md, plots and report.html from all scored experiments of a folder."""

from dataclasses import replace
from pathlib import Path

from pyser.config import Option, Parser
from pyser.errors import InputError
from pyser.files import atomic_path
from pyser.log import log
from pyser.report.charts import confusion_chart, difference_chart
from pyser.report.experiments import find_groups
from pyser.report.markdown import PLOTS, results_text
from pyser.report.overview import make_comparison, overview_chart
from pyser.report.page import page_html
from pyser.report.tradeoff import tradeoff_chart
from pyser.score.text import plural

PAGE = "report.html"
PARSER = Parser(
    usage="pyser report DIR [--out RESULTS.md] [--experiment FILE[,FILE ...]]",
    description="Write the results of all experiments below DIR that pyser score has scored, with\n"
    "plots in a folder beside them, and report.html, which shows more of them and opens\n"
    "without a network. The same scores always give the same bytes.",
    options=[
        Option("out", str, None, "file to write (default: DIR/RESULTS.md)"),
        Option("experiment", str, None, "files, separated by commas: their rows are compared"),
    ],
    num_arguments=1,
)


def main(argv):
    """Run ``pyser report``; return the exit status."""
    options = PARSER.parse(argv)
    if options is None:
        return 0
    folder = Path(options.arguments[0])
    out = Path(options.out) if options.out else folder / "RESULTS.md"
    plans = [name for name in (options.experiment or "").split(",") if name]
    groups = _compare(find_groups(folder), plans)
    files = {out.parent / PLOTS / name: drawing.svg(alone=True) for name, drawing in _plots(groups)}
    files[out.parent / PAGE] = page_html(groups, plans)
    files[out] = results_text(groups, plans)  # last: what it links to is there
    written = [path for path, text in files.items() if _write(path, text.encode())]
    count = sum(len(group.experiments) for group in groups)
    done = f"{plural(len(written), 'file')} written" if written else "nothing to do"
    log(f"{out}: {plural(count, 'experiment')}, {done}")
    return 0


def _compare(groups, files):
    """``groups`` with the comparisons that experiment ``files`` make of their experiments."""
    if not files:
        return groups
    # imported late: it reads YAML, which a report without comparisons does not need
    from pyser.train.experiment import read_experiment

    plans, found = [read_experiment(Path(name)) for name in files], set()
    compared = []
    for group in groups:
        made = [(plan.title, make_comparison(plan, group, groups)) for plan in plans]
        found |= {title for title, comparison in made if comparison}
        compared.append(replace(group, comparisons=tuple(c for _, c in made if c)))
    for name, plan in zip(files, plans, strict=True):
        if plan.title not in found:
            remedy = "run pyser train and pyser score with --experiment"
            raise InputError("two of its rows are not there", name, "scored rows", remedy)
    return compared


def _plots(groups):
    """(file name, Drawing) of every plot that RESULTS.md links to."""
    for group in groups:
        for experiment in () if group.rated else group.experiments:
            name = group.plot_name("confusion", experiment.name)
            yield name, confusion_chart(experiment, group)
        if len(group.experiments) > 1:
            yield group.plot_name(group.metric.lower()), overview_chart(group)
        chart = tradeoff_chart(group)
        if chart is not None:
            yield group.plot_name("cost"), chart
        for comparison in filter(lambda one: one.tested, group.comparisons):
            name = group.plot_name("difference", comparison.title)
            yield name, difference_chart(comparison, group.standin)


def _write(path, data):
    """Write ``data`` (bytes) atomically unless the file has them; whether it was written."""
    if path.is_file() and path.read_bytes() == data:
        return False
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)
    return True
