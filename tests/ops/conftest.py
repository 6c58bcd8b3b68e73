"""Prints what was proved with real tools behind everything else that pytest prints."""

from collections.abc import Generator

import pytest

from tests.ops.summary import Record, Summary

_SUMMARY = pytest.StashKey[Summary]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing proved."""
    config.stash[_SUMMARY] = Summary()


@pytest.fixture(scope="session")
def record(pytestconfig: pytest.Config) -> Record:
    """Return ``record(name, done, of)``: it notes the line and fails the test if ``done`` falls short."""
    return pytestconfig.stash[_SUMMARY].record


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Print the lines after pytest's own last one."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        for line in session.config.stash[_SUMMARY].lines():
            reporter.write_line(line)
