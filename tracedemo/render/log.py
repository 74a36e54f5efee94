"""The log: what the program asked, what the kernel answered, line by line.

Widths   under 80 columns two lines a row; from 80 time, who, call, answer, duration; then, as far as there is room, the
         line number, why (what woke a select, what an errno means) and the source line. Where the kernel's lane was
         recorded, it stands behind the duration, or on lines of its own under each call (`log_kernel`).
Rules    answers, names of errnos and ready descriptors are never cut: they go on below. What gives way is the source line
         first, then why, the line number, the call and the name.
         Rows of the server and of the tool itself, the system calls of an interpreter that starts, and the steps of
         generators between calls that are folded, are shown with `unfold`, or when the filter names them; the last line
         says how many are not shown.
Pages    a log of more than `PAGE` lines that go to a pipe is laid out page by page, and of a long file the first page is
         there before the file has been read (`beginning`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain

from tracedemo.analysis.folding import Fold, fold, last_group
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, INJECTED, KERNEL, PYTHON, SERVER, TRACER
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import GAP, Column, Grid, note, width_of_cell
from tracedemo.render.lines import BLANK, Line, fold_text, safe, shorten, width_of
from tracedemo.render.log_cells import (
    ANSWER,
    AT,
    CALL,
    CAUSE,
    MANY_FILES,
    PID,
    TOOK,
    WHO,
    Row,
    Writer,
    files_of,
    text_of,
)
from tracedemo.render.log_kernel import KERNEL_MOST, Kernel, named, together
from tracedemo.render.options import Options
from tracedemo.render.words import count, listing, moment, name_of, short_file
from tracedemo.tracefile import event_line

PAGE = 4_000
"""Lines that are laid out together where lines may be of any length: more of them are so many pages, so that the first is
there before the last is known.
"""
STACKED = 80
"""Below so many columns a row takes two lines."""
LINE_EARLY = 100
"""From here on the line number comes before the whole of the call."""
WHY, SOURCE = 120, 150
"""From here on `why` may be a column, and the source line.  Without it a wakeup's cause stands on a line of its own."""

_IMPORTING, _STEPS, _HANDLES = "importing", "steps", "handles"
_BENEATH = "beneath"
"""A system call that is shown with its Python call."""
_START = "start"
"""A system call of an interpreter's start: the last line tells how many."""
_HIDDEN = {
    SERVER: "of the server",
    TRACER: "of tracedemo itself",
    _IMPORTING: "of modules being imported",
    _STEPS: "yields and resumes between repeats",
    _HANDLES: "of the event loop, which made no call",
}


_NOT_WOKEN = ("ready already", "timeout")


@dataclass(frozen=True, slots=True)
class Selection:
    """What a log shows, and what it does not."""

    folds: Sequence[Fold]
    hidden: Mapping[str, int]
    """Rows left out, by `_HIDDEN`."""
    unwanted: int
    """Rows that the filter left out."""


def select(study: Study, options: Options) -> Selection:
    """The rows to show, repeats folded."""
    wanted = study.rows(options.only)
    unwanted = len(study.events) - len(wanted)
    if options.unfold:
        events = study.events
        return Selection([Fold((row,), events[row].duration or 0) for row in wanted], {}, unwanted)
    words = named(options)
    rows, hidden = _shown(study, wanted, options)
    folds = []
    for one in together(fold(study.trace, rows), study, options):
        event = study.events[one.first]
        if event.lane == FLOW and one.count > 1 and not {FLOW, event.op} & words:
            hidden[_STEPS] += one.count
        else:
            folds.append(one)
    return Selection(folds, hidden, unwanted)


def _shown(study: Study, wanted: Iterable[int], options: Options) -> tuple[list[int], Counter[str]]:
    """The rows that are not hidden, and how many of each kind are."""
    words = named(options)
    hidden: Counter[str] = Counter()
    rows: list[int] = []
    shown: set[int] = set()
    for row in wanted:
        event = study.events[row]
        kind = _kind(row, study) if event.lane != KERNEL else _kernel_kind(row, shown, study, options)
        asked_for = {event.lane, kind, event.op} & words and (event.lane != KERNEL or kind == KERNEL)
        if kind not in (*_HIDDEN, _BENEATH, _START) or asked_for or kind in words:
            rows.append(row)
            shown.add(row)
        elif kind in _HIDDEN:
            hidden[kind] += 1
    return rows, hidden


def _kernel_kind(row: int, shown: AbstractSet[int], study: Study, options: Options) -> str:
    """What a system call is as far as hiding goes.  A filter may want it without the Python call above it."""
    found, events = study.join, study.events
    if found is None or events[row].mark == TRACER or row in study.tool_rows:
        return TRACER
    if row in study.startup_rows:
        return KERNEL if options.startup else _START
    above = found.parent.get(row)
    if above is None:
        return KERNEL
    if above in shown:
        return _BENEATH
    return _IMPORTING if not is_call(events[above]) else KERNEL


def _kind(row: int, study: Study) -> str:
    """What a row is as far as hiding goes."""
    event = study.events[row]
    if event.op == "callback" and event.lane == FLOW and row not in study.busy_handles:
        return _HANDLES
    if event.lane == SERVER and event.mark == INJECTED:
        return INJECTED  # what our server did wrong on purpose is what the rest is about
    if event.lane != PYTHON or event.mark == TRACER:
        return event.mark if event.mark == TRACER else event.lane
    return PYTHON if is_call(event) else _IMPORTING


# The screen


def table(study: Study, options: Options) -> Iterator[Line]:
    """The log as lines for a screen, or, without a width, as lines of any length."""
    glyphs, width = options.glyphs, options.width
    title = f"{name_of(study)}: what the program asks, and what the kernel answers"
    yield from note(safe(title, glyphs), width, "title")
    yield BLANK
    selection = select(study, options)
    if width is None and len(selection.folds) > PAGE:
        yield from chain.from_iterable(_pages(study, selection.folds, options))
        yield from _footer(selection, options)
        yield from Kernel(study, selection.folds, options).footer(options)
        return
    writer = Writer(study, selection.folds, glyphs)
    kernel = Kernel(study, selection.folds, options)
    rows = list(map(kernel.retold, writer.rows(selection.folds), selection.folds))
    if not rows:
        yield from note("No events to show.", width)
    elif width is not None and width < STACKED:
        yield from _stacked(rows, kernel, width, glyphs)
    else:
        yield from _columns(rows, kernel, writer.file, options)
    yield from _footer(selection, options)
    yield from kernel.footer(options)


def beginning(study: Study, options: Options, certain: int) -> list[Line]:
    """The first page of the log of a run of which `study` is only the beginning: the same lines as those of the whole.
    None of them where not a whole page is certain, or where there are no pages.

    Args:
        certain: the row from which on the whole may tell otherwise (`analysis.beginning`).
    """
    if options.width is not None or options.unfold or options.only is not None:
        return []
    rows, _ = _shown(study, study.rows(None), options)
    certain = min([certain, *last_group(study.trace, rows)[:1]])
    folds = select(study, options).folds
    if len(folds) <= PAGE or any(one.last >= certain for one in folds[:PAGE]):
        return []
    title = f"{name_of(study)}: what the program asks, and what the kernel answers"
    page = next(_pages(study, folds, options))
    return [*note(safe(title, options.glyphs), None, "title"), BLANK, *page]


def _pages(study: Study, folds: Sequence[Fold], options: Options) -> Iterator[Iterator[Line]]:
    """A log of very many lines, page by page, each as wide as its own cells need."""
    writer, titles, end = Writer(study, (), options.glyphs), "", 0
    for begin in range(0, len(folds), PAGE):
        some = folds[begin : begin + PAGE]
        rows = range(end, max(end, some[-1].last + 1))
        end = rows.stop
        writer.turn(some, rows)
        kernel = Kernel(study, some, options)
        lines: Sequence[Row] = list(map(kernel.retold, writer.rows(some), some))
        if kernel.beside(None):
            lines = kernel.put_beside(lines, in_lines=False)
        layout = _layout(writer.file, None, kernel=kernel.shown)
        grid = Grid(layout, lines, options.glyphs, None, styled=options.styled)
        yield chain(grid.head() if writer.file != titles else (), chain.from_iterable(grid.body()))
        titles = writer.file


def _columns(rows: Sequence[Row], kernel: Kernel, file: str, options: Options) -> Iterator[Line]:
    width = options.width
    beside = kernel.beside(width)
    cells = kernel.put_beside(rows, in_lines=width is not None) if beside else rows
    grid = Grid(
        _layout(file, width, kernel=kernel.shown), cells, options.glyphs, width, styled=options.styled
    )
    if width is None:
        yield from grid.lines()
    elif grid.widths is None:
        yield from _stacked(rows, kernel, width, options.glyphs)
    else:
        yield from grid.head()
        told = bool(grid.widths[CAUSE]) or not any(map(_woken, rows))
        if told and (beside or not kernel.shown):
            yield from chain.from_iterable(grid.body())
            return
        indent = grid.start_of(CALL) + 2
        for number, (row, lines) in enumerate(zip(rows, grid.body(), strict=True)):
            yield from lines
            if not beside:
                yield from kernel.below(number, width, indent)
            if _woken(row) and not grid.widths[CAUSE]:
                yield from note(_woken_by(row), width, "wakeup", indent)


def _woken(row: Row) -> bool:
    return bool(row[CAUSE]) and row[CAUSE][0][1] == "wakeup"


def _woken_by(row: Row) -> str:
    """The cause where no title stands above it."""
    text = text_of(row[CAUSE])
    return text if text.startswith(_NOT_WOKEN) else f"woken: {text}"


def _layout(file: str, width: int | None, *, kernel: bool) -> tuple[Column, ...]:
    room = width or SOURCE + 10
    # A bare number takes little, and is what one came for; names of files take much, and on a narrow screen so does it.
    early = file != MANY_FILES and room >= LINE_EARLY
    # A column of width 0 is not shown.
    why = 0 if room < WHY else 64 if width is None else 40 if width >= SOURCE + 10 else 30
    if kernel and width is not None and width < SOURCE + KERNEL_MOST:
        why = 0
    return (
        Column("at ms", right=True),
        Column("pid", right=True),
        Column("who", rank=2, least=8, most=24),
        Column("call", rank=4 if early else 3, least=18, most=44, middle=True),
        Column("  answer", rank=1, least=16, most=40, wrap=True),
        Column("took", right=True),
        Column("kernel", rank=5, least=28, most=KERNEL_MOST, wrap=True, lines=True),
        Column("why", rank=6, least=24, most=why, wrap=True, optional=True),
        Column("line", rank=3 if early else 4, right=True, optional=True),
        Column(file, rank=7, least=24, most=None if room >= SOURCE else 0, optional=True),
    )


def _stacked(rows: Sequence[Row], kernel: Kernel, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A line or two a row: who asks what; the answer, and how long it took."""
    at = max(len(text_of(row[AT])) for row in rows)
    lead = at + GAP
    for number, row in enumerate(rows):
        (instant_, dim), (call, style) = row[AT][0], row[CALL][0]
        name = " ".join(filter(None, (text_of(row[PID]), shorten(text_of(row[WHO]), 20, glyphs))))
        name += " " * GAP if name else ""
        call = shorten(call, max(width - lead - width_of(name), 8), glyphs, middle=True)
        begin: Line = ((f"{instant_:>{at}}{' ' * GAP}{name}", dim), (call, style))
        yield from _answered(begin, row, width, lead, glyphs)
        yield from kernel.below(number, width, lead + 2)
        if _woken(row):
            yield from note(_woken_by(row), width, "wakeup", lead + 2)


def _answered(begin: Line, row: Row, width: int, lead: int, glyphs: Glyphs) -> Iterator[Line]:
    """The row with its answer: behind the call if there is room, else below it."""
    (answer, style), took = (row[ANSWER] or (("", ""),))[0], row[TOOK]
    if not answer and not took:
        yield begin
        return
    beside = width_of_cell(took) + GAP
    spare = width - width_of_cell(begin) - beside
    text = f" {glyphs.arrow} {answer.strip()}" if answer else ""
    if width_of(text) <= spare:
        yield (*begin, (text, style), (" " * (spare + GAP - width_of(text)), ""), *took)
        return
    yield begin
    room = width - lead - beside
    first, *rest = fold_text(answer, room)
    yield ((" " * lead + first, style), (" " * (room - width_of(first) + GAP), ""), *took)
    for more in rest:
        yield ((" " * lead + more, style),)


def _footer(selection: Selection, options: Options) -> Iterator[Line]:
    """What is not shown, and how to see it."""
    texts = []
    folded = [one for one in selection.folds if one.count > 1]
    if folded:
        rows = sum(one.count for one in folded)
        texts.append(
            f"{count(rows, 'row')} {'stand' if rows > 1 else 'stands'} in {count(len(folded), 'folded line')}."
        )
    if selection.hidden:
        parts = [f"{number:,} {_HIDDEN[kind]}" for kind, number in selection.hidden.items()]
        texts.append(f"Not shown: {listing(parts)}.")
    if texts:
        texts.append("--unfold shows every row.")
    if selection.unwanted:
        texts.append(f"--only leaves out {count(selection.unwanted, 'row')}.")
    if texts:
        yield BLANK
        yield from note(" ".join(texts), options.width)


# Other forms


def plain(study: Study, options: Options) -> Iterator[str]:
    """One sentence a line, to be read aloud."""
    selection = select(study, options)
    if not selection.folds:
        yield "No events to show."
    one_file = len(files_of(study, selection.folds)) == 1
    kernel = Kernel(study, selection.folds, options)
    for one in selection.folds:
        event = study.events[one.first]
        again = f" {one.count:,} times, {duration_words(one.time)} in all." if kernel.is_again(one) else ""
        file = "" if one_file or event.place is None else f"{short_file(event.place.file)} "
        line = f", {file}line {event.place.line}" if event.place else ""
        yield f"At {moment(event.t0 - study.origin)}{line}: {kernel.spoken(one)}{again}"
        if beneath := kernel.told(one):
            yield beneath
    yield from kernel.sentences(options)


def jsonl(study: Study, options: Options) -> Iterator[str]:
    """The events as a trace file writes them: all that the filter wants, nothing folded, nothing hidden."""
    for row in study.rows(options.only):
        yield event_line(study.events[row])
