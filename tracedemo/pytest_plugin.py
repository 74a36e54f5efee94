"""The `nettrace` fixture: what a test asks of the kernel, as something to assert about.

    def test_one_connection(nettrace):
        fetch(url)
        assert nettrace.connections == 1
        assert nettrace.count(errno="EAGAIN") <= 2
        assert not nettrace.to("10.0.0.0/8")

pytest loads this file in every project where tracedemo is installed. So it imports nothing, and for a test that does not
ask for the fixture it does nothing but look into a dictionary.  `-p no:tracedemo` leaves it out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tracedemo.api import Tracing

LINES = 60
"""Lines of the log that the report of a failed test shows."""
WIDE = 160
"""Its columns where no terminal says how many there are: enough for the source lines."""

_TRACING: pytest.StashKey[Tracing] = pytest.StashKey()


@pytest.fixture
def nettrace(request: pytest.FixtureRequest) -> Generator[Tracing]:
    """Record the socket, select, selectors, ssl and asyncio calls of this process, from here to the end of the test.

    What other fixtures do after it was asked for is recorded, too.  It has count(), calls(), to(), connections,
    bytes_sent, bytes_received, wakeups, dropped, trace, study, save(), show().  A test that fails shows its log.
    """
    from tracedemo.api import trace

    with trace(name=request.node.name) as tracing:
        request.node.stash[_TRACING] = tracing
        yield tracing


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the log into the report of the step that failed."""
    report = yield
    tracing = item.stash.get(_TRACING, None)
    if tracing is not None:
        if report.failed:
            report.sections.append(("nettrace", _log(tracing)))
        if report.failed or call.when == "teardown":
            del item.stash[_TRACING]  # once is enough; and pytest keeps its items to the end
    return report


def _log(tracing: Tracing) -> str:
    """The log, its first and its last lines.  A fault of ours is told, and hides nothing of the test's."""
    try:
        from shutil import get_terminal_size

        from tracedemo.api.display import capped
        from tracedemo.render import Options

        remedy = "nettrace.save('trace.jsonl') keeps all of them, for: tracedemo show trace.jsonl"
        options = Options(width=get_terminal_size((WIDE, 24)).columns, styled=False)
        return str(capped(tracing.study, options, LINES, remedy)).rstrip("\n")
    except Exception as error:  # noqa: BLE001  # whatever it is
        return f"the log cannot be shown: {type(error).__name__}: {error}"
