"""A bar for what takes over a second, on a terminal only."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import Any, Self

PATIENCE = 1.0
"""Seconds before anything is shown."""


class Progress:
    """`with Progress(3) as progress: progress.step("blocking"); ...`: shows nothing unless it takes long.

    It draws on stderr, and only when that is a terminal.
    """

    def __init__(self, total: int = 1, *, wanted: bool = True) -> None:
        self._total = total
        self._done = -1
        self._words = ""
        self._lock = threading.Lock()
        self._bar: Any = None
        self._task: Any = None
        drawable = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
        self._timer = threading.Timer(PATIENCE, self._show) if wanted and drawable else None

    def __enter__(self) -> Self:
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            self._timer = None
            if self._bar is not None:
                self._bar.stop()

    def step(self, words: str) -> None:
        """The next part begins."""
        with self._lock:
            self._done += 1
            self._words = words
            if self._bar is not None:
                self._bar.update(self._task, completed=self._done, description=words)

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        bar = Bar(TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn(),
                  console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False)  # fmt: skip
        with self._lock:
            if self._timer is None:
                return
            self._bar = bar
            total = self._total if self._total > 1 else None
            self._task = bar.add_task(self._words, total=total, completed=max(self._done, 0))
            bar.start()
