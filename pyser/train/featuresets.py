"""Which sets of features a configuration asks for: ``python -m pyser.train.featuresets FILE``.

FILE is of a model or an experiment. A set has the name of its configuration without ``.conf``; one
is printed per line. For the recipes: stages 1 to 3 make a data directory for each.
"""

import sys
from pathlib import Path

from pyser.errors import PyserError
from pyser.log import log
from pyser.train.experiment import Row, is_experiment, read_experiment
from pyser.train.rows import row_features


def feature_sets(path):
    """The names of the sets that the rows of a file need, sorted."""
    path = Path(path)
    rows = (Row(path.stem, path.stem, path),)
    if is_experiment(path):
        rows = read_experiment(path).rows
    return sorted({row_features(row) for row in rows})


def main(argv):
    """Print the sets of the file ``argv[0]``; return the exit status."""
    try:
        print("\n".join(feature_sets(argv[0])))
    except PyserError as error:
        log(f"ERROR: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
