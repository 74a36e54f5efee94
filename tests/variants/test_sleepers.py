"""Generators that only sleep, against a clock of the test's own."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from typing import Any, Self

import pytest

from tracedemo.variants import by_name, sleepers

PATH = by_name("sleepers").path


class Clock:
    """A clock, and a selector that sleeps by moving it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        self.now += 0.000_001  # as a real one: it is never the same time
        return self.now

    def __call__(self) -> Clock:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def select(self, timeout: float) -> list[Any]:
        self.sleeps.append(round(timeout, 3))
        self.now += timeout
        return []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sleepers.time, "monotonic", clock.monotonic)
    monkeypatch.setattr(sleepers.selectors, "DefaultSelector", clock)
    return clock


def test_thousands_sleep_in_one_call(clock: Clock) -> None:
    """20,000 generators that sleep for a second are served by one select() with one timeout."""
    slept = sleepers.run_all([partial(sleepers.fetch_data, 1.0)] * 20_000)

    assert [1.0] == clock.sleeps
    assert 20_000 == len(slept)
    assert all(seconds >= 1.0 for seconds in slept)


def test_the_nearest_deadline_comes_first(clock: Clock) -> None:
    """Whatever the order of the generators, the loop sleeps to the nearest deadline, then to the next."""
    woken = []

    def sleeping(seconds: float) -> Any:
        yield seconds
        woken.append(seconds)
        return seconds

    slept = sleepers.run_all([partial(sleeping, seconds) for seconds in (3, 1, 2, 1)])

    assert [1, 1, 2, 3] == woken
    assert [1.0, 1.0, 1.0] == clock.sleeps
    assert [3, 1, 2, 1] == slept


def test_a_generator_may_sleep_again(clock: Clock) -> None:
    """A generator that yields twice sleeps twice."""

    def sleeping() -> Any:
        yield 1.0
        yield 2.0

    sleepers.run_all([sleeping])

    assert [1.0, 2.0] == clock.sleeps


def test_prints_a_line_for_each() -> None:
    """The program needs no server, and prints a line for each sleeper."""
    command = [sys.executable, "-I", "-W", "error", "-X", "dev", PATH, "-n", "3", "--sleep", "0.01"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert ("", 0) == (done.stderr, done.returncode)
    assert [f"#{number}  slept 0.01 s" for number in (1, 2, 3)] == done.stdout.splitlines()


@pytest.mark.parametrize("args", [["-n", "0"], ["--sleep", "-1"], ["--sleep", "nan"], ["127.0.0.1:1"]])
def test_wrong_usage(args: list[str]) -> None:
    """What makes no sense on the command line is refused, with exit code 2."""
    done = subprocess.run(
        [sys.executable, PATH, *args], capture_output=True, text=True, timeout=60, check=False
    )

    assert 2 == done.returncode
    assert "error: " in done.stderr
