"""Shared fixtures: where the reference data lie, and what their absence means."""

import os
import signal
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("PYSER_SHARED", REPOSITORY.parent / "shared"))


def shared_path(name):
    """A folder of reference data beside the checkout; absent: skip, or fail in CI."""
    path = SHARED / name
    if not path.exists():
        reason = f"reference data {name} not found beside the checkout (set PYSER_SHARED)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def pytest_configure():
    """A shell lets what it starts in the background ignore these; commands under test shall not."""
    handlers = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    for number, handler in handlers.items():
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def goldens():
    """Outputs of real Kaldi and HTK: wav/ ark/ htk/ cases.jsonl."""
    return shared_path("goldens")


@pytest.fixture(scope="session")
def emodb_root():
    """The EMO-DB release tree."""
    return shared_path("data/emodb")


@pytest.fixture(scope="session")
def repository():
    """The root of the checkout."""
    return REPOSITORY
