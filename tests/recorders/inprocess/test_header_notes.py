"""Notes of the header that come from facts of the recorder."""

from __future__ import annotations

from tests.recorders.conftest import Record


def test_cost_of_the_watchdog(record: Record) -> None:
    """What the watchdog says of itself last is in the notes, with its cost."""
    done = record("""
        from tracedemo.recorders.inprocess import hook
        for samples in (1, 120):
            hook.active.spool.meta("watchdog", (samples, samples * 10_000, 3))
    """)

    assert ("the watchdog looked 120 times and used 1.2 ms of CPU",) == done.trace.header.notes


def test_a_library_is_named_once(record: Record) -> None:
    """A library out of reach that several processes import is told of once, and what to do depends on what was done."""
    program = """
        import os, sys, types
        from tracedemo.recorders.inprocess import hook
        hook.active.spool.meta("beyond", "psycopg2")
        if not os.fork():
            hook.active.spool.meta("beyond", "psycopg2")
            os._exit(0)
        os.wait()
    """

    assert (
        "psycopg2 was imported: its sockets live in C, and are not seen here; --kernel shows their system calls",
    ) == record(program).trace.header.beyond
