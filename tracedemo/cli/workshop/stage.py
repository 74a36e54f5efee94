"""What a room sees: cards, commands as they are typed, recordings with their label; and the keys of who presents."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tracedemo.cli import printable, tell
from tracedemo.cli.text import columns, paragraph
from tracedemo.cli.workshop.presskey import ENDED, Keys
from tracedemo.cli.workshop.tee import ERR, Sieve, Tee
from tracedemo.cli.workshop.voice import command_lines
from tracedemo.render.pipe import is_terminal
from tracedemo.workshop.following import FILE, Place, write
from tracedemo.workshop.lesson import Lesson, Run
from tracedemo.workshop.presenting import (
    Card,
    Command,
    Evidence,
    Reveal,
    Shown,
    Stage,
    Step,
    kernel_engine,
    label,
    revealed,
    steps_of,
)
from tracedemo.workshop.running import typed
from tracedemo.workshop.texts import blocks

TYPING_S = 0.02
"""Seconds for each character of a command, where somebody looks on."""

_KEYS = "[Enter s b q]"
INTRODUCTION = "Enter goes on, s skips, b goes back, q ends."
_SKIP, _BACK, _END = (
    frozenset({"s", "S"}),
    frozenset({"b", "B", "left", "up", "backspace"}),
    frozenset({"q", "Q", ENDED}),
)
_DUMB = frozenset({"", "dumb", "unknown"})
_FREE = 4
"""Lines of the screen that a page leaves free: people at the back do not see the lowest ones."""


class Show:
    """A presentation under way.

    Args:
        keys: whether somebody sits there; else nothing is waited for, and nothing skipped.
        kept: a folder for recordings, and for who follows; None: neither is kept.
        track: whose plan it keeps to.
    """

    def __init__(self, *, keys: bool, kept: Path | None, track: str = "90") -> None:
        self.ended = False
        self.runs = self.failures = self.recordings = 0
        self._keys = Keys() if keys else None
        self._kept = kept
        self._place = Place(track, 0, "", time.time())
        self._fancy = is_terminal(sys.stdout) and os.environ.get("TERM", "") not in _DUMB
        self._engine: tuple[str | None, str] | None = None
        if keys:
            tell(INTRODUCTION)

    def lesson(self, lesson: Lesson, *, demo: bool) -> None:
        """Present one lesson, or as much of it as who presents wants."""
        steps = list(steps_of(lesson, demo=demo))
        with TemporaryDirectory(prefix="tracedemo-present-") as folder:
            played = _Played(self, self._stage(lesson, Path(folder)))
            at = 0
            while at < len(steps) and not self.ended:
                self._say_place(lesson.number, _next(steps[at]))
                key = self._press(_next(steps[at]))
                if key in _END:
                    self.ended = True
                elif key in _BACK:
                    at = max(at - 1, 0)
                elif key in _SKIP:
                    at += 1
                else:
                    played.play(steps[at])
                    at += 1

    def end(self) -> None:
        """Nothing follows."""
        self._say_place(0, "the end")

    def _say_place(self, lesson: int, step: str) -> None:
        """Tell who follows; without keys nobody does."""
        if self._kept is not None and self._keys is not None:
            write(self._kept / FILE, replace(self._place, lesson=lesson, step=step))

    def _stage(self, lesson: Lesson, folder: Path) -> Stage:
        needs = any(run.kernel for run in lesson.runs)
        if needs and self._engine is None:
            self._engine = kernel_engine()
        engine, why = self._engine if needs and self._engine else (None, "")
        stage = Stage(lesson, folder, self._kept or folder / "kept", engine, why)
        stage.set()
        return stage

    def _press(self, what: str) -> str:
        """Say what comes next, and wait for a key."""
        if self._keys is None:
            return "enter"
        room = columns() - len(_KEYS) - 2
        hint = printable(what if len(what) <= room else f"{what[: room - 3]}...")
        try:
            return self._keys.press(f"{hint}  {_KEYS}")
        finally:
            tell("\r\x1b[K" if self._fancy else "\n", end="")

    # What is printed

    def title(self, text: str) -> None:
        """A line that stands out."""
        tell(f"\n{self._bold(text)}\n")

    def page(self, lines: Sequence[str]) -> None:
        """Lines, a screen at a time where somebody looks on."""
        most = max(shutil.get_terminal_size().lines - _FREE, 4) if self._keys else len(lines)
        for at in range(0, len(lines), most or 1):
            if at and self._press("more") in _END:
                self.ended = True
                return
            tell("\n".join(lines[at : at + most]))
        tell("")

    def type(self, command: str) -> None:
        """A command, typed out; one that is too long for a line goes on in the next."""
        tell("")
        for char in "\n".join(command_lines("$ ", command, columns())):
            tell(self._bold(char), end="")
            if self._keys is not None:
                time.sleep(TYPING_S)
        tell("")

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._fancy else text


class _Played:
    """One lesson on the screen, and what its commands have recorded."""

    def __init__(self, show: Show, stage: Stage) -> None:
        self._show, self._stage = show, stage
        self._shown: dict[Run, Shown] = {}
        self._last: Run | None = None

    def play(self, step: Step) -> None:
        """Do what a step says."""
        match step:
            case Card():
                self._card(step.title, step.text)
            case Command():
                self._command(step)
            case Reveal():
                self._reveal(step)
            case Evidence():
                self._evidence(step)

    def _card(self, title: str, text: str) -> None:
        self._show.title(title)
        self._show.page(list(_lines(text)))

    def _command(self, step: Command) -> None:
        self._show.type(step.command)
        self._show.runs += 1
        with _without_own_remarks():
            shown = self._shown[step.run] = self._stage.run(step.run)
        self._last = step.run
        self._show.failures += shown.failed
        if shown.why:
            self._instead(step.run, shown)
        if step.run.see:
            tell("")
            tell(paragraph(step.run.see, "  ", 2))

    def _instead(self, run: Run, shown: Shown) -> None:
        """The recording, between two labels."""
        tell(paragraph(f"Not run on this machine now: {printable(shown.why)}", "  ", 2))
        if not shown.recording:
            tell("  There is no recording of it: run present once where it works, and it is kept.")
            return
        self._show.recordings += 1
        said = "; ".join(dict.fromkeys(label(study.trace.header) for study in shown.studies))
        self._show.title(said)
        _tracedemo(shown.words(run), self._stage.folder)
        self._show.title(f"(That was {said})")

    def _reveal(self, step: Reveal) -> None:
        shown = self._shown.get(step.run)
        if shown is None or not shown.studies:
            self._card("The answer", "It was not run, and so there is none.")
            return
        title = "The answer, as RECORDED" if shown.recording else "The answer"
        self._card(title, revealed(self._stage.lesson, step.question, shown.studies))

    def _evidence(self, step: Evidence) -> None:
        """Bare `show` shows the last run: after another one, or a recording, there is nothing to point at."""
        shown = self._shown.get(step.run)
        if shown is None or shown.why or self._last != step.run:
            return
        self._show.type(typed(step.words))
        self._show.runs += 1
        self._show.failures += bool(_tracedemo(step.words, self._stage.folder))


def _without_own_remarks() -> AbstractContextManager[object]:
    """On a terminal nobody is told where we had a run recorded."""
    single = importlib.util.find_spec("termios") is not None
    return Tee(Sieve(), (ERR,)) if single and is_terminal(sys.stderr) else nullcontext()


def _next(step: Step) -> str:
    """What the hint calls a step."""
    match step:
        case Card():
            return f"next: {step.title}"
        case Command():
            return f"next: $ {step.command}"
        case Reveal():
            return "next: the answer"
    return f"next: $ {typed(step.words)}"


def _tracedemo(words: Sequence[str], folder: Path) -> int:
    """Run a command of ours at the terminal."""
    try:
        return subprocess.run([sys.executable, "-m", "tracedemo", *words], cwd=folder, check=False).returncode
    except KeyboardInterrupt:  # enough of it was seen
        return 0


def _lines(text: str) -> Iterator[str]:
    """A text of a lesson in lines that fit."""
    for number, block in enumerate(blocks(text)):
        if block.code:
            lines = block.text.splitlines()
            indent = "  " if max(map(len, lines)) + 2 <= columns() else ""
            yield from (f"{indent}{line}" for line in lines)
            continue
        item = block.text.startswith("- ")
        if number and not item:
            yield ""
        yield from paragraph(block.text, "  ", 4 if item else 2).splitlines()
