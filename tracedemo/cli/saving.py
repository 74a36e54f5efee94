"""Writes what `-o` asks for: traces, views as text or picture, the page, timelines for Perfetto."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.cli import printable, tell
from tracedemo.cli.arguments import ENDINGS
from tracedemo.cli.progress import Progress
from tracedemo.errors import FileError, UsageError
from tracedemo.render import Options, View
from tracedemo.replacing import in_place_of

if TYPE_CHECKING:
    from tracedemo.analysis.diff import Diff
    from tracedemo.cli.present import Wish

PICTURE_COLUMNS = 110
"""At most."""
SAID = 20
"""Sentences that a picture has for who cannot see it."""


def ending_of(path: Path) -> str:
    """What a file's name says of what is to be in it: one of ENDINGS.

    Raises:
        UsageError: it is none of these.
    """
    for ending in ENDINGS:
        if path.name.endswith(ending) and path.name != ending:
            return ending
    known = ", ".join(f"{ending} ({what})" for ending, what in ENDINGS.items())
    raise UsageError(f"cannot tell from the ending of {path} what to write", f"Endings: {known}")


def check_file(path: Path) -> None:
    """Whether it can be written: to be known before a run of minutes, not after it.

    Raises:
        FileError: it cannot.
    """
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


def write(path: Path, studies: Sequence[Study], views: Sequence[View], wish: Wish, options: Options) -> None:
    """Write one file, as its ending says.

    Raises:
        FileError: it cannot be written.
    """
    ending = ending_of(path)
    if ending == ".jsonl":
        for study, place in zip(studies, _places(path, studies), strict=True):
            tracefile.write(study.trace, place, sources=wish.sources)
            _say_written(place)
        return
    if ending.startswith(".perfetto"):
        _write_perfetto(path, studies)
        return
    if ending == ".html":
        from tracedemo.render.diff import DiffView

        found = next((view.found for view in views if isinstance(view, DiffView)), None)
        write_page(path, studies, sources=wish.sources, differences=found)
        return
    with Progress() as progress:
        progress.step(f"drawing {path.name}")
        text = (_text if ending == ".txt" else _picture)(studies, views, wish, options)
    try:
        with in_place_of(path) as part:
            part.write_text(text, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise _cannot_write(path, error) from error
    _say_written(path)


def _write_perfetto(path: Path, studies: Sequence[Study]) -> None:
    from tracedemo.cli import perfetto_file

    with Progress() as progress:
        progress.step(f"drawing {path.name}")
        try:
            with in_place_of(path) as part:
                left_out = perfetto_file.write(part, studies)
        except OSError as error:
            raise _cannot_write(path, error) from error
    _say_written(path)
    for sentence in left_out:
        tell(printable(sentence), sys.stderr)


def write_page(
    path: Path,
    studies: Sequence[Study],
    *,
    title: str = "",
    sources: bool = True,
    differences: Diff | None = None,
) -> None:
    """Write the report.

    Args:
        title: what it is called; if empty, as its runs are.
        sources: with the text of source files.
        differences: the diff of the two, to be shown with them.

    Raises:
        FileError: it cannot be written.
    """
    from tracedemo.render.html import page

    with Progress() as progress:
        progress.step(f"drawing {path.name}")
        pieces = page(studies, title, sources=sources, differences=differences)
        try:
            with in_place_of(path) as part, part.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(pieces)
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
    from tracedemo.render.lines import BLANK, safe
    from tracedemo.render.svg import picture

    drawn = replace(options, width=PICTURE_COLUMNS, ascii=False, styled=True)
    lines = [line for view in views for line in (BLANK, *view.table(studies, drawn))][1:]
    title = f"{', '.join(view.title for view in views)}: {', '.join(study.name for study in studies)}"
    said = list(islice((text for view in views for text in view.plain(studies, drawn)), SAID + 1))
    if len(said) > SAID:
        said[SAID] = f"And more: --view {','.join(view.name for view in views)} --format plain"
    return picture(lines, safe(title, drawn.glyphs), "\n".join(said))


def _say_written(path: Path) -> None:
    tell(f"wrote {printable(str(path))}", sys.stderr)
