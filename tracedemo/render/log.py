"""The log: what the program asked, what the kernel answered, line by line.

Widths   under 80 columns two lines a row; from 80 time, who, call, answer, duration; then, as far as there is room, the
         line number, why (what woke a select, what an errno means) and the source line. The kernel's lane will stand
         between duration and why.
Rules    answers, names of errnos and ready descriptors are never cut: they go on below. What gives way is the source line
         first, then why, the line number, the call and the name.
         Rows of the server, the kernel and the tool itself are shown with `unfold`, or when the filter names their lane;
         the last line says how many are not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tracedemo.analysis.folding import Fold, fold
from tracedemo.analysis.sentences import answer_text, call_text, duration_words, sentence, who
from tracedemo.analysis.states import State
from tracedemo.analysis.study import Study
from tracedemo.events import FLOW, KERNEL, PYTHON, SERVER, TRACER, Event
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import GAP, Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, fold_text, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.words import count, instant, listing, name_of, short_file, took
from tracedemo.syscalls import ERRNO_MEANINGS
from tracedemo.tracefile import event_line

STACKED = 80
"""Below so many columns a row takes two lines."""
WHY = 120
"""From here on `why` is a column; below, a wakeup's cause stands on a line of its own."""

_HIDDEN = {SERVER: "of the server", KERNEL: "of the kernel", TRACER: "of tracedemo itself"}


class Entry(NamedTuple):
    """One line of the log, in words."""

    at: str
    who: str
    call: str
    answer: str
    took: str
    why: str
    line: str
    source: str
    styles: tuple[str, str, str]
    """Of call, answer and duration."""
    woken: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What a log shows, and what it does not."""

    folds: Sequence[Fold]
    hidden: Counter[str]
    """Rows left out, by `_HIDDEN`."""
    unwanted: int
    """Rows that the filter left out."""


def select(study: Study, options: Options) -> Selection:
    """The rows to show, repeats folded."""
    wanted = study.rows(options.only)
    named = {word for words in (options.only.terms if options.only else {}).values() for word in words}
    hidden: Counter[str] = Counter()
    rows = []
    for row in wanted:
        kind = _kind(study.events[row])
        if kind in _HIDDEN and not options.unfold and kind not in named:
            hidden[kind] += 1
        else:
            rows.append(row)
    folds = [_single(study, row) for row in rows] if options.unfold else fold(study.trace, rows)
    return Selection(folds, hidden, len(study.events) - len(wanted))


def _kind(event: Event) -> str:
    return TRACER if event.mark == TRACER else event.lane


def _single(study: Study, row: int) -> Fold:
    return Fold((row,), study.events[row].duration or 0)


# The screen


def table(study: Study, options: Options) -> Iterator[Line]:
    """The log as lines for a screen, or, without a width, as lines of any length."""
    glyphs = options.glyphs
    yield ((safe(f"{name_of(study)}: what the program asks, and what the kernel answers", glyphs), "title"),)
    yield BLANK
    selection = select(study, options)
    writer = _Writer(study, options, selection.folds)
    entries = [writer.entry(one) for one in selection.folds]
    if not entries:
        yield from note("No events to show.", options.width)
    elif options.width is not None and options.width < STACKED:
        yield from _stacked(entries, options.width, glyphs)
    else:
        yield from _columns(entries, options, writer)
    yield from _footer(selection, options)


def _columns(entries: Sequence[Entry], options: Options, writer: _Writer) -> Iterator[Line]:
    below = options.width is not None and options.width < WHY
    rows = [_cells(entry, below=below) for entry in entries]
    grid = Grid(_layout(writer), rows, options.glyphs, options.width)
    if grid.widths is None:
        yield from _stacked(entries, options.width or STACKED, options.glyphs)
        return
    yield from grid.head()
    indent = grid.start_of(2)
    for entry, cells in zip(entries, rows, strict=True):
        yield from grid.row(cells)
        if below and entry.woken and entry.why and options.width:
            for text in fold_text(entry.why, options.width - indent - 2):
                yield ((" " * (indent + 2) + text, "wakeup"),)


def _layout(writer: _Writer) -> tuple[Column, ...]:
    return (
        Column("at ms", right=True),
        Column("pid", right=True),
        Column("who", rank=2, least=8, most=24),
        Column("call", rank=3, least=18, most=44, middle=True),
        Column("  answer", rank=1, least=16, most=40, wrap=True),
        Column("took", right=True),
        Column("why", rank=5, least=24, most=60, wrap=True, optional=True),
        Column("line", rank=4, right=True, optional=True),
        Column(writer.file, rank=6, least=20, optional=True),
    )


def _cells(entry: Entry, *, below: bool) -> tuple[Cell, ...]:
    call, answer, duration = entry.styles
    dim = "dim" if call == "dim" else ""
    return (
        cell(entry.at, dim),
        cell("", dim),
        cell(entry.who, dim),
        cell(entry.call, call),
        cell(entry.answer, answer),
        cell(entry.took, duration),
        cell("" if below else entry.why, "wakeup" if entry.woken else "dim"),
        cell(entry.line, "dim"),
        cell(entry.source, "dim"),
    )


def _stacked(entries: Sequence[Entry], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Two lines a row: who asks what; the answer, and how long it took."""
    at = max(len(entry.at) for entry in entries)
    lead = at + GAP
    for entry in entries:
        call, answer, duration = entry.styles
        dim = "dim" if call == "dim" else ""
        name = shorten(entry.who, 20, glyphs)
        text = shorten(entry.call, max(width - lead - width_of(name) - GAP, 8), glyphs, middle=True)
        gap = " " * GAP if name else ""
        yield ((f"{entry.at:>{at}}{' ' * GAP}{name}{gap}", dim or ("" if not name else "strong")), (text, call))
        if entry.answer.strip() or entry.took:
            yield from _answer(entry, width - lead, lead)
        if entry.woken and entry.why:
            yield from note(entry.why, width, "wakeup", lead + 2)


def _answer(entry: Entry, room: int, lead: int) -> Iterator[Line]:
    """The second line of a row, and more if the answer needs them."""
    _, answer, duration = entry.styles
    spare = room - width_of(entry.took) - GAP
    first, *rest = fold_text(entry.answer, spare)
    fill = " " * (spare - width_of(first) + GAP)
    yield ((" " * lead + first, answer), (fill, ""), (entry.took, duration))
    for text in rest:
        yield ((" " * (lead + 2) + text, answer),)


def _footer(selection: Selection, options: Options) -> Iterator[Line]:
    """What is not shown, and how to see it."""
    texts = []
    folded = [one for one in selection.folds if one.count > 1]
    if folded:
        rows = sum(one.count for one in folded)
        texts.append(f"{count(rows, 'row')} {'stand' if rows > 1 else 'stands'} in {count(len(folded), 'folded line')}.")
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


class _Writer:
    """Puts rows of one Study into words."""

    def __init__(self, study: Study, options: Options, folds: Sequence[Fold]) -> None:
        self._study = study
        self._glyphs = options.glyphs
        self._states = study.states.of_row
        places = study.trace.column("user_site"), study.trace.column("site")
        files = dict.fromkeys(
            site.file for one in folds if (site := places[0][one.first] or places[1][one.first]) is not None
        )  # type: ignore[union-attr]
        self._one_file = len(files) == 1
        self.file = safe(short_file(next(iter(files))), self._glyphs) if self._one_file else "source"

    def entry(self, one: Fold) -> Entry:
        """One line of the log."""
        study, glyphs = self._study, self._glyphs
        event = study.events[one.first]
        site = event.place
        times = f" {glyphs.times}{one.count:,}" if one.count > 1 else ""
        mark = glyphs.not_yet if event.not_yet else " "
        wakeup = study.wakeup_of_row.get(one.first)
        return Entry(
            at=instant(event.t0 - study.origin),
            who=safe(who(event, study.context), glyphs),
            call=safe(call_text(event), glyphs),
            answer=f"{mark} {safe(answer_text(event), glyphs)}{times}",
            took="" if event.lane == FLOW else took(one.time if event.t1 is not None else None, glyphs),
            why=safe(wakeup.cause if wakeup else ERRNO_MEANINGS.get(event.errno or "", ""), glyphs),
            line="" if site is None else self._line(site.file, site.line),
            source=safe(study.source(site).strip(), glyphs),
            styles=self._styles(event, self._states[one.first]),
            woken=wakeup is not None,
        )

    def _line(self, file: str, line: int) -> str:
        return str(line) if self._one_file else safe(f"{short_file(file)}:{line}", self._glyphs)

    def _styles(self, event: Event, state: State | None) -> tuple[str, str, str]:
        if event.lane != PYTHON or event.mark == TRACER:
            return ("dim", "dim", "dim")
        waited = STATE_STYLE[state] if state in (State.BLOCKED, State.ASLEEP, State.NOT_YET) else ""
        if event.not_yet:
            return ("", "not-yet", waited)
        if event.failed or event.t1 is None:
            return ("", "error", waited)
        return ("", "wakeup" if state is State.ASLEEP else "", waited)


# Other forms


def plain(study: Study, options: Options) -> Iterator[str]:
    """One sentence a line, to be read aloud."""
    selection = select(study, options)
    for one in selection.folds:
        event = study.events[one.first]
        again = f" {one.count:,} times, {duration_words(one.time)} in all." if one.count > 1 else ""
        line = f", line {event.place.line}" if event.place else ""
        yield f"At {duration_words(event.t0 - study.origin)}{line}: {sentence(event, study.context)}{again}"


def jsonl(study: Study, options: Options) -> Iterator[str]:
    """The events as a trace file writes them: all that the filter wants, nothing folded, nothing hidden."""
    for row in study.rows(options.only):
        yield event_line(study.events[row])
