"""All experiments of a group beside each other, whichever kind of answers they gave."""

from dataclasses import replace

from pyser.report.charts import ua_chart
from pyser.report.comparisons import compare_classified
from pyser.report.rated import ccc_chart, compare_rated, rated_table
from pyser.report.tables import classified_table


def overview_table(group):
    """One row for each experiment of a Group (Table)."""
    return (rated_table if group.rated else classified_table)(group)


def overview_chart(group):
    """The metric of each experiment of a Group, with its interval (Drawing)."""
    return (ccc_chart if group.rated else ua_chart)(group)


def make_comparison(plan, group, groups=()):
    """The comparison that an experiment file makes of the experiments of a Group.

    Args:
        plan: as from ``pyser.train.experiment.read_experiment``.
        group: Group; its experiments are found by their folders <row>/<protocol>.
        groups: all of the report: rows that answered otherwise are scored, in another one.

    Returns:
        Comparison or RatedComparison; ``None`` when the group is of another protocol, or has not
        two of the rows.
    """
    made = (compare_rated if group.rated else compare_classified)(plan, group)
    if made is None:
        return None
    others = [one for one in groups if one is not group]
    same = [one for one in others if (one.corpus, one.protocol) == (group.corpus, group.protocol)]
    folders = {one.path.parent.name for other in same for one in other.experiments}
    elsewhere = {row.name for row in plan.rows if row.folder in folders}.intersection(made.missing)
    missing = tuple(name for name in made.missing if name not in elsewhere)
    told = [name for name in made.missing if name in elsewhere]
    remarks = [f"{', '.join(told)}: not compared: scored with other answers"] if told else []
    return replace(made, missing=missing, remarks=(*made.remarks, *remarks))
