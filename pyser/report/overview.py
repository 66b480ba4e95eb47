"""All experiments of a group beside each other, whichever kind of answers they gave."""

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


def make_comparison(plan, group):
    """The comparison that an experiment file makes of the experiments of a Group.

    Args:
        plan: as from ``pyser.train.experiment.read_experiment``.
        group: Group; its experiments are found by their folders <row>/<protocol>.

    Returns:
        Comparison or RatedComparison; ``None`` when the group is of another protocol, or has not
        two of the rows.
    """
    return (compare_rated if group.rated else compare_classified)(plan, group)
