"""Shows studies: picks views and a format, prints them, and writes what `-o` asks for."""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.cli import hang_up, printable, tell
from tracedemo.cli.arguments import ENDINGS
from tracedemo.cli.progress import Progress
from tracedemo.errors import FileError, UsageError
from tracedemo.events import Trace
from tracedemo.render import VIEWS, Options, View
from tracedemo.render.pipe import options_for_pipe
from tracedemo.variants import by_name

if TYPE_CHECKING:
    from rich.console import Console

    from tracedemo.analysis.filters import Filter

PICTURE_COLUMNS = 110
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
        if path.suffix not in ENDINGS:
            known = ", ".join(f"{ending} ({what})" for ending, what in ENDINGS.items())
            raise UsageError(f"cannot tell from the ending of {path} what to write", f"Endings: {known}")
        _check_writable(path)
    return Wish(
        views,
        given.get("format", "table"),
        only,
        "unfold" in given,
        tuple(files),
        "no_source" not in given,
        "startup" in given,
    )


def _check_writable(path: Path) -> None:
    """Before a run of minutes, not after it."""
    try:
        existed = path.exists()
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: OSError) -> FileError:
    return FileError(f"cannot write {path}: {error.strerror or error}", "Choose another place with -o.")


def studies_of(traces: Sequence[Trace]) -> list[Study]:
    """Traces ready to be shown: one is called as it was typed; of several, variants are called by their titles."""
    if len(traces) == 1:
        return [Study(traces[0])]
    variants = [by_name(trace.header.target) if trace.header.kind == "variant" else None for trace in traces]
    return [
        Study(trace, variant.title if variant else "")
        for trace, variant in zip(traces, variants, strict=True)
    ]


def present(studies: Sequence[Study], wish: Wish, *, views: Sequence[str], stream: IO[str]) -> None:
    """Print views and write files.

    Args:
        views: the ones for which nobody asked.
        stream: stdout, or stderr where stdout belongs to the program.
    """
    chosen = wish.views or [VIEWS[name] for name in views]
    only = _filter(wish.only, studies[0].trace) if studies else None
    console, options = _screen(stream, unfold=wish.unfold, only=only)
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
                _put(stream, sheet.texts(console))
        stream.flush()
    except BrokenPipeError:
        # The reader (head, less) has seen enough; files are written all the same.
        hang_up(stream)
    for path in wish.files:
        _write(path, studies, chosen, wish, options)


def _filter(words: str, trace: Trace | None = None) -> Filter | None:
    """What `--only` wants; None for everything.

    Raises:
        UsageError: there is a word that means nothing.
    """
    if not words:
        return None
    from tracedemo.analysis.filters import parse

    return parse(words, trace)


def _screen(stream: IO[str], *, unfold: bool, only: Filter | None) -> tuple[Console | None, Options]:
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


# Files


def _write(path: Path, studies: Sequence[Study], views: Sequence[View], wish: Wish, options: Options) -> None:
    if path.suffix == ".jsonl":
        for study, place in zip(studies, _places(path, studies), strict=True):
            tracefile.write(study.trace, place, sources=wish.sources)
            _say_written(place)
        return
    with Progress() as progress:
        progress.step(f"drawing {path.name}")
        text = (_text if path.suffix == ".txt" else _picture)(studies, views, wish, options)
    try:
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise _cannot_write(path, error) from error
    _say_written(path)


def _places(path: Path, studies: Sequence[Study]) -> list[Path]:
    """One file a run: run.jsonl, or run-blocking.jsonl and run-selector.jsonl for several."""
    if len(studies) == 1:
        return [path]
    places: list[Path] = []
    for study in studies:
        name = re.sub(r"[^\w.-]+", "_", study.trace.header.target.removesuffix(".py")) or "run"
        place, number = path.with_name(f"{path.stem}-{name}{path.suffix}"), 1
        while place in places:
            number += 1
            place = path.with_name(f"{path.stem}-{name}-{number}{path.suffix}")
        places.append(place)
    return places


def _text(studies: Sequence[Study], views: Sequence[View], wish: Wish, options: Options) -> str:
    wide = Options(unfold=options.unfold, only=options.only, startup=options.startup)
    if wish.format == "plain":
        return "\n".join("".join(line + "\n" for line in view.plain(studies, wide)) for view in views)
    return "\n".join(str(view.table(studies, wide)) for view in views)


def _picture(studies: Sequence[Study], views: Sequence[View], _wish: Wish, options: Options) -> str:
    from tracedemo.render.console import console_for

    console = console_for(io.StringIO(), width=PICTURE_COLUMNS, color=True, record=True, environ={})
    narrow = replace(options, width=PICTURE_COLUMNS, ascii=False, styled=True)
    for number, view in enumerate(views):
        if number:
            console.print()
        console.print(view.table(studies, narrow))
    return console.export_svg(title="tracedemo", code_format=_SVG, unique_id="tracedemo")


# rich's own template asks a server for fonts; this one uses what the machine has. It counts on 12.2 pixels a character,
# which is what most of these fonts take at this size: not every program that shows SVG obeys textLength.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: 20.26px;
 line-height: {line_height}px; font-variant-east-asian: full-width; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def _say_written(path: Path) -> None:
    tell(f"wrote {printable(str(path))}", sys.stderr)
