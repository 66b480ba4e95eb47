"""What counts as the code that made a run."""

import pytest

from pyser.train import plan

SOURCE = '''
"""A module."""

def double(x):
    """Twice."""
    return 2 * x  # a comment
'''


@pytest.mark.parametrize(
    "old, new", [("Twice.", "Two times."), ("  # a comment", ""), ("return", "\n    return")]
)
def test_words_and_layout_do_not_count(old, new):
    assert plan._statements(SOURCE.replace(old, new)) == plan._statements(SOURCE)


@pytest.mark.parametrize("old, new", [("2 * x", "3 * x"), ("double", "treble")])
def test_statements_count(old, new):
    assert plan._statements(SOURCE.replace(old, new)) != plan._statements(SOURCE)


def test_the_digest_covers_models_and_training():
    plan.code_digest.cache_clear()
    assert len(plan.code_digest()) == 64 and plan.code_digest() == plan.code_digest()
