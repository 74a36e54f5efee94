"""Shows studies: picks views and a format, prints them, and writes what `-o` asks for."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from tracedemo import tracefile
from tracedemo.analysis import filters
from tracedemo.analysis.study import Study
from tracedemo.errors import FileError, UsageError
from tracedemo.render import FORMATS, VIEWS, Options, View
from tracedemo.render.console import console_for, options_for

ENDINGS = {
    ".jsonl": "the trace, to be shown again",
    ".txt": "the views, as text",
    ".svg": "the views, as a picture",
}
"""What the ending of a file given to -o says."""
PICTURE_COLUMNS = 110


def add_view_options(parser: argparse.ArgumentParser) -> None:
    """Which views, in which form, and where to."""
    group = parser.add_argument_group("the views")
    group.add_argument("--view", action="append", default=[], metavar="NAME[,NAME]",
                       help=f"what to show: {', '.join(VIEWS)}")  # fmt: skip
    group.add_argument("--format", choices=FORMATS, default="table",
                       help="table; plain: one sentence a line, for screen readers; jsonl: for programs")  # fmt: skip
    group.add_argument("--only", default="", metavar="WORDS", help="show only these events: recv,EAGAIN,fd=5")
    group.add_argument(
        "--unfold", action="store_true", help="show every row, also repeats and the tool's own"
    )
    group.add_argument("-o", "--output", action="append", default=[], metavar="FILE", type=Path,
                       help="write a file, again and again; its ending says what: " + ", ".join(ENDINGS))  # fmt: skip
    group.add_argument("--no-source", action="store_true", help="leave source text out of saved traces")


def check(args: argparse.Namespace) -> None:
    """Find mistakes in the view options before anything runs.

    Raises:
        UsageError, FileError: an unknown view or ending, or a place that cannot be written.
    """
    _views(args.view)
    filters.parse(args.only)
    for path in args.output:
        if path.suffix not in ENDINGS:
            known = ", ".join(f"{ending} ({what})" for ending, what in ENDINGS.items())
            message = f"cannot tell from the ending of {path} what to write"
            raise UsageError(message, f"Endings: {known}")
        _check_writable(path)


def _check_writable(path: Path) -> None:
    """Before a run of minutes, not after it."""
    existed = path.exists()
    try:
        with path.open("ab"):
            pass
        if not existed:
            path.unlink()
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise FileError(message, "Choose another place with -o.") from error


def present(
    studies: Sequence[Study], args: argparse.Namespace, *, views: Sequence[str], stream: IO[str]
) -> None:
    """Print views and write files.

    Args:
        views: the ones for which nobody asked.
        stream: stdout, or stderr where stdout belongs to the program.
    """
    chosen = _views(args.view) or [VIEWS[name] for name in views]
    console = console_for(stream)
    options = _with_filter(studies, args, options_for(console, unfold=args.unfold))
    for number, view in enumerate(chosen):
        if args.format == "table":
            if number:
                console.print()
            console.print(view.table(studies, options))
        else:
            lines = view.plain(studies, options) if args.format == "plain" else view.jsonl(studies, options)
            stream.writelines(line + "\n" for line in lines)
    stream.flush()
    for path in args.output:
        _write(path, studies, chosen, args, options)


def _with_filter(studies: Sequence[Study], args: argparse.Namespace, options: Options) -> Options:
    if not args.only:
        return options
    only = filters.parse(args.only, studies[0].trace if studies else None)
    return Options(width=options.width, ascii=options.ascii, unfold=options.unfold, only=only)


def _views(words: Sequence[str]) -> list[View]:
    """The views that were asked for.

    Raises:
        UsageError: there is no such view.
    """
    names = [name for word in words for name in word.split(",") if name]
    for name in names:
        if name not in VIEWS:
            message = f"there is no view {name!r}"
            raise UsageError(message, f"Views: {', '.join(VIEWS)}")
    return [VIEWS[name] for name in names]


def _write(
    path: Path, studies: Sequence[Study], views: Sequence[View], args: argparse.Namespace, options: Options
) -> None:
    if path.suffix == ".jsonl":
        for study, place in zip(studies, _places(path, studies), strict=True):
            tracefile.write(study.trace, place, sources=not args.no_source)
            _say_written(place)
        return
    text = _text(studies, views, options) if path.suffix == ".txt" else _picture(studies, views, options)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise FileError(message, "Choose another place with -o.") from error
    _say_written(path)


def _places(path: Path, studies: Sequence[Study]) -> list[Path]:
    """One file a run: run.jsonl, or run-blocking.jsonl and run-selector.jsonl for several."""
    if len(studies) == 1:
        return [path]
    names = [study.name.replace("/", "_").replace(" ", "_") for study in studies]
    unique = [f"{name}-{number}" if names.count(name) > 1 else name for number, name in enumerate(names, 1)]
    return [path.with_name(f"{path.stem}-{name}{path.suffix}") for name in unique]


def _text(studies: Sequence[Study], views: Sequence[View], options: Options) -> str:
    file = io.StringIO()
    console = console_for(file, color=False)
    wide = Options(unfold=options.unfold, only=options.only)
    for view in views:
        console.print(view.table(studies, wide))
        console.print()
    return file.getvalue()


def _picture(studies: Sequence[Study], views: Sequence[View], options: Options) -> str:
    console = console_for(io.StringIO(), width=PICTURE_COLUMNS, color=True, record=True)
    narrow = Options(width=PICTURE_COLUMNS, unfold=options.unfold, only=options.only)
    for view in views:
        console.print(view.table(studies, narrow))
        console.print()
    return console.export_svg(title="tracedemo", code_format=_SVG, unique_id="tracedemo")


# rich's own template asks a server for fonts; this one uses what the machine has.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: {char_height}px;
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
    print(f"wrote {path}", file=sys.stderr)
