"""Corpora: one module per release, each a parser from the release's files to utterances.

A corpus module has

- ``TITLE``: its name as written in tables;
- ``locate(root) -> Path``: the release folder at or below ``root``, or InputError;
- ``parse(root, remark) -> list[Utterance]``: everything the release labels; ``remark(text)`` is
  called for what is odd but usable;
- ``groups(utterance) -> list[str]``: the groups an utterance is counted in;
- ``EXPECTED``: published totals, ``{group: {count: number}}`` (see ``pyser.corpora.totals``);
- ``LABEL_POLICIES``: policy -> {raw label: class}, the default first; what a policy does not map
  is left out.
"""

import importlib

from pyser.errors import UsageError

CORPORA = {
    "emodb": "pyser.corpora.emodb",
    "iemocap": "pyser.corpora.iemocap",
    "mspimprov": "pyser.corpora.mspimprov",
}


def corpus_module(name):
    """Import the module of the corpus ``name``; UsageError when there is none."""
    if name not in CORPORA:
        raise UsageError(f"unknown corpus {name!r}", expected=f"one of: {' '.join(CORPORA)}")
    return importlib.import_module(CORPORA[name])
