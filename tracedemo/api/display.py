"""A trace as text, on a console of rich, and as HTML."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator, Sequence
from typing import IO, Any

from tracedemo.analysis.study import Study
from tracedemo.errors import UsageError
from tracedemo.render import VIEWS, Options, View
from tracedemo.render.lines import Line, Sheet
from tracedemo.render.pipe import NARROWEST, can_write, options_for_pipe

ROWS = 200
"""Lines of a log that are shown where nobody asked for all: in a notebook."""

COLUMNS = 110
"""Width of a log in a notebook."""

# A piece of a page: no <html>, no style sheet, no font from elsewhere; the page's own colours for what has none.
_HTML = (
    '<pre class="tracedemo" style="font-family: Menlo, \'DejaVu Sans Mono\', Consolas, monospace; '
    'line-height: 1.25; overflow-x: auto; white-space: pre">{code}</pre>'
)


def find_view(name: str) -> View:
    """A view by its name.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in VIEWS:
        raise UsageError(f"there is no view {name!r}", f"Views: {', '.join(VIEWS)}")
    return VIEWS[name]


def text(study: Study, view: str, options: Options | None = None) -> str:
    """A view as text, as it would go to a file."""
    return str(find_view(view).table([study], options or Options(styled=False)))


def one_line(words: str) -> Sheet:
    """A text, for where a view would be."""
    return Sheet(lambda: [[(words, "")]])


def short_text(study: Study) -> str:
    """The beginning of the log, and the summary."""
    options = Options(styled=False)
    log = "".join(capped(study, options, ROWS).texts())
    return f"{log}\n{text(study, 'summary', options)}".rstrip("\n")


def capped(study: Study, options: Options, most: int, remedy: str = "show() prints all") -> Sheet:
    """The log, of which at most so many lines are shown: the first, then how many are left out, then the last few."""
    return Sheet(lambda: _capped(list(find_view("log").table([study], options)), most, remedy))


def _capped(lines: Sequence[Line], most: int, remedy: str) -> Iterator[Line]:
    if len(lines) <= most:
        yield from lines
        return
    tail = most // 3
    yield from lines[: most - tail]
    yield [(f"... {len(lines) - most:,} more lines; {remedy} ...", "")]
    yield from lines[len(lines) - tail :]


def show(study: Study, view: str, file: IO[str] | None) -> None:
    """Write a view to a stream.

    Raises:
        UsageError: there is no such view.
    """
    stream = sys.stdout if file is None else file
    found = find_view(view)
    console = None
    options = options_for_pipe(stream)
    if options is None:
        from tracedemo.render.console import console_for, options_for

        console = console_for(stream)
        options = options_for(console)
    stream.writelines(found.table([study], options).texts(console))


def on_console(study: Study, console: Any, options: Any) -> Iterator[Sheet]:
    """The log and the summary, within the width of a console of rich."""
    wanted = Options(
        width=max(options.max_width, NARROWEST),
        ascii=not can_write(options.encoding),
        styled=console.color_system is not None or console.record,
    )
    yield find_view("log").table([study], wanted)
    yield Sheet(lambda: [()])
    yield find_view("summary").table([study], wanted)


def html(study: Study) -> str:
    """The beginning of the log, and the summary, as a piece of HTML.  What comes from the trace is text in it."""
    from tracedemo.render.console import console_for

    console: Any = console_for(io.StringIO(), width=COLUMNS, color=True, record=True, environ={})
    options = Options(width=COLUMNS)
    console.print(capped(study, options, ROWS))
    console.print()
    console.print(find_view("summary").table([study], options))
    made: str = console.export_html(inline_styles=True, code_format=_HTML)
    return made
