"""``python -m pyser``: the command line without an installed script."""

import sys

from pyser.cli import main

if __name__ == "__main__":
    sys.exit(main())
