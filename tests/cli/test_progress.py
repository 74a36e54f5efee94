"""The bar, without waiting for it."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tracedemo.cli import progress
from tracedemo.cli.progress import Progress


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Timer:
    """A clock that rings when the test says so."""

    def __init__(self, seconds: float, function: Any) -> None:
        self.seconds, self.ring = seconds, function
        self.daemon = self.started = self.cancelled = False

    def start(self) -> None:
        self.started = True

    def cancel(self) -> None:
        self.cancelled = True


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Screen]:
    """A function that puts a screen in the place of stderr; pytest puts its own there before each test."""
    monkeypatch.setattr(threading, "Timer", Timer)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")

    def take() -> Screen:
        found = Screen()
        monkeypatch.setattr(sys, "stderr", found)
        return found

    return take


def test_patience(screen: Callable[[], Screen]) -> None:
    """Nothing is shown before a second has passed, nor when all is over by then."""
    shown = screen()
    with Progress(2) as bar:
        timer = bar._timer
        bar.step("one")
    timer.ring()

    assert progress.PATIENCE == timer.seconds == 1
    assert timer.started
    assert timer.daemon
    assert timer.cancelled
    assert "" == shown.getvalue()


def test_bar(screen: Callable[[], Screen]) -> None:
    """After a second it says what is being done, and takes its line away in the end."""
    shown = screen()
    with Progress(2) as bar:
        bar.step("running one")
        bar._timer.ring()
        bar.step("running [two]")
        bar._bar.refresh()
    text = shown.getvalue()

    assert "running one" in text
    assert "running [two]" in text
    assert text.endswith("\x1b[2K")


def test_bar_goes_away_with_a_failure(screen: Callable[[], Screen]) -> None:
    """A Ctrl-C leaves no bar and no hidden cursor behind."""
    shown = screen()
    with suppress(KeyboardInterrupt), Progress() as bar:
        bar.step("running one")
        bar._timer.ring()
        raise KeyboardInterrupt

    assert shown.getvalue().count("\x1b[?25l") == shown.getvalue().count("\x1b[?25h") == 1


@pytest.mark.parametrize(
    ("terminal", "term", "wanted"),
    [(False, "xterm", True), (True, "dumb", True), (True, "unknown", True), (True, "xterm", False)],
)
def test_no_bar(
    terminal: bool, term: str, wanted: bool, screen: Callable[[], Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal that can draw, and where nobody wants it, there is no bar and no thread."""
    shown = screen()
    monkeypatch.setattr(shown, "isatty", lambda: terminal)
    monkeypatch.setenv("TERM", term)
    with Progress(wanted=wanted) as bar:
        bar.step("running one")
        assert bar._timer is None

    assert "" == shown.getvalue()
