"""Shows studies: picks views and a format, prints them, and writes what `-o` asks for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tracedemo.analysis.study import Study
from tracedemo.cli import hang_up, tell
from tracedemo.cli.progress import Progress
from tracedemo.cli.saving import check_file, ending_of, write
from tracedemo.errors import UsageError
from tracedemo.events import Trace
from tracedemo.render import VIEWS, Options, View
from tracedemo.render.pipe import options_for_pipe
from tracedemo.variants import by_name

if TYPE_CHECKING:
    from rich.console import Console

    from tracedemo.analysis.filters import Filter

AT_ONCE = 500
"""Lines that go to a stream together."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be shown, and how."""

    views: tuple[View, ...]
    """Empty: nobody asked for any."""
    format: str
    only: str
    unfold: bool
    files: tuple[Path, ...]
    sources: bool
    startup: bool = False


def wish(args: argparse.Namespace) -> Wish:
    """What the view options ask for; mistakes are found before anything runs.

    Raises:
        UsageError, FileError: an unknown view, word or ending, or a place that cannot be written.
    """
    given = vars(args)
    views = _views(given.get("view", ()))
    only, files = given.get("only", ""), given.get("output", ())
    _filter(only)
    if only and views and not any(view.filtered for view in views):
        filtered = ", ".join(view.name for view in VIEWS.values() if view.filtered)
        raise UsageError(
            f"--only has no meaning for {views[0].name}, which shows the whole run", f"It is for: {filtered}"
        )
    for path in files:
        ending_of(path)
        check_file(path)
    return Wish(
        views,
        given.get("format", "table"),
        only,
        "unfold" in given,
        tuple(files),
        "no_source" not in given,
        "startup" in given,
    )


def studies_of(traces: Sequence[Trace]) -> list[Study]:
    """Traces ready to be shown: one is called as it was typed; of several, variants are called by their titles."""
    if len(traces) == 1:
        return [Study(traces[0])]
    variants = [by_name(trace.header.target) if trace.header.kind == "variant" else None for trace in traces]
    return [
        Study(trace, variant.title if variant else "")
        for trace, variant in zip(traces, variants, strict=True)
    ]


def present(
    studies: Sequence[Study],
    wish: Wish,
    *,
    views: Sequence[str],
    stream: IO[str],
    printed: Sequence[str] = (),
) -> None:
    """Print views and write files.

    Args:
        views: the ones for which nobody asked.
        stream: stdout, or stderr where stdout belongs to the program.
        printed: lines of the first view that have been printed already.
    """
    chosen = wish.views or [VIEWS[name] for name in views]
    only = _filter(wish.only, studies[0].trace) if studies else None
    console, options = screen(stream, unfold=wish.unfold, only=only)
    options = replace(options, startup=wish.startup)
    try:
        for number, view in enumerate(chosen):
            if wish.format != "table":
                lines = (
                    view.plain(studies, options) if wish.format == "plain" else view.jsonl(studies, options)
                )
                _put(stream, (line + "\n" for line in lines))
                continue
            if number:
                stream.write("\n")
            sheet = view.table(studies, options)
            if console is not None and console.legacy_windows:
                console.print(sheet, crop=False)
            else:
                _put(stream, _rest(sheet.texts(console), printed))
        stream.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; files are written all the same.
        hang_up(stream)
    for path in wish.files:
        write(path, studies, chosen, wish, options)


def _rest(lines: Iterator[str], printed: Sequence[str]) -> Iterator[str]:
    """What is still to be printed; all of it, if what was printed before is not what it begins with."""
    some = list(islice(lines, len(printed)))
    if some != list(printed):
        tell("tracedemo: the file as a whole tells its beginning otherwise: here is all of it", sys.stderr)
        yield from some
    yield from lines


def _filter(words: str, trace: Trace | None = None) -> Filter | None:
    """What `--only` wants; None for everything.

    Raises:
        UsageError: there is a word that means nothing.
    """
    if not words:
        return None
    from tracedemo.analysis.filters import parse

    return parse(words, trace)


def screen(stream: IO[str], *, unfold: bool, only: Filter | None) -> tuple[Console | None, Options]:
    """A console of rich, but for a pipe, which needs none; and how views are shown there."""
    if (options := options_for_pipe(stream, unfold=unfold, only=only)) is not None:
        return None, options
    from tracedemo.render.console import console_for, options_for

    console = console_for(stream)
    return console, options_for(console, unfold=unfold, only=only)


def _put(stream: IO[str], lines: Iterator[str]) -> None:
    """Write lines, many at once: a terminal gets each write on its own.  Before the first of them analysis is done."""
    with Progress() as progress:
        progress.step("looking at what was recorded")
        some = "".join(islice(lines, AT_ONCE))
    while some:
        stream.write(some)
        some = "".join(islice(lines, AT_ONCE))


def _views(words: Sequence[str]) -> tuple[View, ...]:
    """The views that were asked for.

    Raises:
        UsageError: there is no such view.
    """
    names = [name.strip() for word in words for name in word.split(",")]
    for name in names:
        if name not in VIEWS:
            raise UsageError(f"there is no view {name!r}", f"Views: {', '.join(VIEWS)}")
    return tuple(VIEWS[name] for name in dict.fromkeys(names))
