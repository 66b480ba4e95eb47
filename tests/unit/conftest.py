"""Fixtures of the unit tests."""

import pytest


@pytest.fixture(scope="session")
def standin_tiny(tmp_path_factory):
    """A tiny synthetic corpus in IEMOCAP's release tree, generated once. Read-only."""
    from pyser.corpora.standin import generate

    root = tmp_path_factory.mktemp("standin") / "release"
    generate(root, "tiny")
    return root
