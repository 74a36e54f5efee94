"""Timers, on a time that the test makes up."""

from __future__ import annotations

from tracedemo.server.timers import Timers


def test_timers_run_in_the_order_of_their_time() -> None:
    """What is due runs by time, then by age; what is not due stays."""
    timers = Timers()
    done: list[str] = []
    for due, name in ((30, "late"), (10, "a"), (10, "b"), (5, "first")):
        timers.at(due, lambda name=name: done.append(name))  # type: ignore[misc]
    timers.run(10)

    assert ["first", "a", "b"] == done
    assert timers.left(10) == 20
    assert timers.left(99) == 0


def test_a_cancelled_timer_never_runs_and_is_not_waited_for() -> None:
    """Cancelling leaves nothing to do and nothing to wait for."""
    timers = Timers()
    done: list[int] = []
    timers.at(10, lambda: done.append(1)).cancel()

    assert timers.left(0) is None
    timers.run(100)
    assert done == []


def test_a_timer_set_by_a_timer_for_later_waits() -> None:
    """An action may set a timer; it runs in a later round."""
    timers = Timers()
    done: list[str] = []

    def first() -> None:
        done.append("first")
        timers.at(20, lambda: done.append("second"))

    timers.at(10, first)
    timers.run(10)
    assert done == ["first"]

    timers.run(20)
    assert done == ["first", "second"]


def test_no_timer_means_no_end_of_waiting() -> None:
    """Without timers there is nothing to wake up for."""
    assert Timers().left(0) is None
