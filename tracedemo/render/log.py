"""The log: what the program asked, what the kernel answered, line by line.

Widths   under 80 columns two lines a row; from 80 time, who, call, answer, duration; then, as far as there is room, the
         line number, why (what woke a select, what an errno means) and the source line. The kernel's lane will stand
         between duration and why.
Rules    answers, names of errnos and ready descriptors are never cut: they go on below. What gives way is the source line
         first, then why, the line number, the call and the name.
         Rows of the server, the kernel and the tool itself, and the steps of generators between calls that are folded, are
         shown with `unfold`, or when the filter names them; the last line says how many are not shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracedemo.analysis.folding import Fold, fold
from tracedemo.analysis.sentences import Context, answer_text, call_text, duration_words, sentence, who
from tracedemo.analysis.states import State
from tracedemo.analysis.study import Study
from tracedemo.analysis.wakeups import Wakeup
from tracedemo.events import FLOW, KERNEL, PYTHON, SERVER, TRACER, Event, Site
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import EMPTY, GAP, Cell, Column, Grid, cell, note, width_of_cell
from tracedemo.render.lines import BLANK, Line, fold_text, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.words import count, instant, listing, name_of, short_file, took
from tracedemo.syscalls import ERRNO_MEANINGS
from tracedemo.tracefile import event_line

STACKED = 80
"""Below so many columns a row takes two lines."""
WHY, SOURCE = 120, 150
"""From here on `why` is a column (below, a wakeup's cause stands on a line of its own), and the source line, too."""

_HIDDEN = {
    SERVER: "of the server",
    KERNEL: "of the kernel",
    TRACER: "of tracedemo itself",
    FLOW: "yields and resumes between repeats",
}


AT, PID, WHO, CALL, ANSWER, TOOK, CAUSE, LINE, TEXT = range(9)
"""The cells of a row."""

Row = tuple[Cell, ...]


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
        return Selection([Fold((row,), study.events[row].duration or 0) for row in wanted], {}, unwanted)
    named = {word for words in (options.only.terms if options.only else {}).values() for word in words}
    hidden: Counter[str] = Counter()
    rows = []
    for row in wanted:
        event = study.events[row]
        kind = TRACER if event.mark == TRACER else event.lane
        if kind in (SERVER, KERNEL, TRACER) and not {kind, event.op} & named:
            hidden[kind] += 1
        else:
            rows.append(row)
    folds = []
    for one in fold(study.trace, rows):
        event = study.events[one.first]
        if event.lane == FLOW and one.count > 1 and not {FLOW, event.op} & named:
            hidden[FLOW] += one.count
        else:
            folds.append(one)
    return Selection(folds, hidden, unwanted)


# The screen


def table(study: Study, options: Options) -> Iterator[Line]:
    """The log as lines for a screen, or, without a width, as lines of any length."""
    glyphs, width = options.glyphs, options.width
    title = f"{name_of(study)}: what the program asks, and what the kernel answers"
    yield from note(safe(title, glyphs), width, "title")
    yield BLANK
    selection = select(study, options)
    writer = Writer(study, selection.folds, glyphs)
    rows = [writer.row(one) for one in selection.folds]
    if not rows:
        yield from note("No events to show.", width)
    elif width is not None and width < STACKED:
        yield from _stacked(rows, width, glyphs)
    else:
        yield from _columns(rows, writer.file, options)
    yield from _footer(selection, options)


def _columns(rows: Sequence[Row], file: str, options: Options) -> Iterator[Line]:
    width = options.width
    grid = Grid(_layout(file, width), rows, options.glyphs, width)
    if width is None:
        yield from grid.lines()
    elif grid.widths is None:
        yield from _stacked(rows, width, options.glyphs)
    else:
        yield from grid.head()
        indent = grid.start_of(CALL) + 2
        for row in rows:
            yield from grid.row(row)
            if width < WHY and _woken(row):
                yield from note(_text(row[CAUSE]), width, "wakeup", indent)


def _woken(row: Row) -> bool:
    return bool(row[CAUSE]) and row[CAUSE][0][1] == "wakeup"


def _text(cell: Cell) -> str:
    return cell[0][0] if cell else ""


def _layout(file: str, width: int | None) -> tuple[Column, ...]:
    room = width or SOURCE + 10
    # A column of width 0 is not shown.
    why = 0 if room < WHY else 64 if width is None else 40 if width >= SOURCE + 10 else 30
    return (
        Column("at ms", right=True),
        Column("pid", right=True),
        Column("who", rank=2, least=8, most=24),
        Column("call", rank=3, least=18, most=44, middle=True),
        Column("  answer", rank=1, least=16, most=40, wrap=True),
        Column("took", right=True),
        Column("why", rank=5, least=24, most=why, wrap=True, optional=True),
        Column("line", rank=4, right=True, optional=True),
        Column(file, rank=6, least=24, most=None if room >= SOURCE else 0, optional=True),
    )


def _stacked(rows: Sequence[Row], width: int, glyphs: Glyphs) -> Iterator[Line]:
    """A line or two a row: who asks what; the answer, and how long it took."""
    at = max(len(_text(row[AT])) for row in rows)
    lead = at + GAP
    for row in rows:
        (instant_, dim), (call, style) = row[AT][0], row[CALL][0]
        name = " ".join(filter(None, (_text(row[PID]), shorten(_text(row[WHO]), 20, glyphs))))
        name += " " * GAP if name else ""
        call = shorten(call, max(width - lead - width_of(name), 8), glyphs, middle=True)
        begin: Line = ((f"{instant_:>{at}}{' ' * GAP}{name}", dim), (call, style))
        yield from _answered(begin, row, width, lead, glyphs)
        if _woken(row):
            yield from note(_text(row[CAUSE]), width, "wakeup", lead + 2)


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
        yield ((" " * (lead + 2) + more, style),)


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


class Writer:
    """Puts rows of one Study into cells.  Most of them say the same again and again: such a cell is made once.

    What is alike is told by ids where a value cannot be a key: the Trace keeps it, so its id is its own until we are done.
    """

    def __init__(self, study: Study, folds: Sequence[Fold], glyphs: Glyphs) -> None:
        self._study = study
        self._glyphs = glyphs
        self._several = len(study.pids) > 1
        self._explained: set[str] = set()
        self._cells: dict[Hashable, Cell] = {}
        sites = (study.events[one.first].place for one in folds)
        files = dict.fromkeys(site.file for site in sites if site is not None)
        self._one_file = len(files) == 1
        self.file = safe(short_file(next(iter(files))), glyphs) if self._one_file else "source"

    def row(self, one: Fold) -> Row:
        """One line of the log."""
        study = self._study
        event = study.events[one.first]
        dim, answered, waited = _styles(event, study.state_of(one.first))
        wakeup = study.wakeup_of_row.get(one.first)
        line, source = self._site(event.place)
        took_ = took(_time(one, event), self._glyphs)
        return (
            ((instant(event.t0 - study.origin), dim),),
            ((str(event.pid), dim),) if self._several else EMPTY,
            self._once(who, event, dim, (event.owner, event.lane, event.mark, event.conn)),
            self._once(_call, event, dim, (event.op, event.lane, event.mark, event.conn, id(event.args))),
            self._answer(one, event, answered),
            ((took_, waited),) if took_ else EMPTY,
            cell(safe(_cause(wakeup), self._glyphs), "wakeup") if wakeup else self._meaning(event),
            line,
            source,
        )

    def _once(self, text: Callable[[Event, Context], str], event: Event, style: str, key: Hashable) -> Cell:
        """What `text` says of all rows that are alike in `key`."""
        key = (text, style, key)
        found = self._cells.get(key)
        if found is None:
            found = self._cells[key] = cell(safe(text(event, self._study.context), self._glyphs), style)
        return found

    def _answer(self, one: Fold, event: Event, style: str) -> Cell:
        key = (event.op, event.lane, event.fd, event.errno, event.exc, event.bytes, event.t1 is None)
        found = self._once(_marked, event, style, (*key, id(event.args), id(event.result)))
        if event.not_yet:
            found = cell(self._glyphs.not_yet + found[0][0][1:], style)
        return found if one.count == 1 else cell(f"{_text(found)} {self._glyphs.times}{one.count:,}", style)

    def _meaning(self, event: Event) -> Cell:
        """What an errno means, the first time that it comes up."""
        if event.errno is None or event.errno in self._explained:
            return EMPTY
        self._explained.add(event.errno)
        return cell(ERRNO_MEANINGS.get(event.errno, ""), "dim")

    def _site(self, site: Site | None) -> tuple[Cell, Cell]:
        """Line number and text of a source line."""
        if site is None:
            return EMPTY, EMPTY
        line = self._cells.get(site)
        if line is None:
            number = str(site.line) if self._one_file else f"{short_file(site.file)}:{site.line}"
            line = self._cells[site] = cell(safe(number, self._glyphs), "dim")
            self._cells[site, "text"] = cell(safe(self._study.source(site).strip(), self._glyphs), "dim")
        return line, self._cells[site, "text"]


def _styles(event: Event, state: State | None) -> tuple[str, str, str]:
    """Of the row, of its answer, of its duration."""
    if event.lane != PYTHON or event.mark == TRACER:
        return "dim", "dim", "dim"
    waited = STATE_STYLE[state] if state in (State.BLOCKED, State.ASLEEP, State.NOT_YET) else ""
    if event.not_yet:
        return "", "not-yet", waited
    if event.failed or event.t1 is None:
        return "", "error", waited
    return "", "wakeup" if state is State.ASLEEP else "", waited


def _call(event: Event, context: Context) -> str:
    """The call; of the server's, to whom."""
    label = context.labels.get(event.conn or 0, "") if event.lane == SERVER else ""
    return f"{call_text(event)} to {label}" if label else call_text(event)


def _marked(event: Event, context: Context) -> str:
    """The answer, with room for a mark in front."""
    text = answer_text(event)
    return f"  {text}" if text else ""


def _time(one: Fold, event: Event) -> int | None:
    """Nanoseconds to show: none for what never returned, and for a step, which takes no time."""
    if event.t1 is None or (event.lane in (FLOW, SERVER) and not one.time):
        return None
    return one.time


def _cause(wakeup: Wakeup) -> str:
    """Why a select returned; with one cause for all, the answer says which descriptors they are."""
    causes = {item.cause for item in wakeup.ready}
    cause = wakeup.cause
    if len(causes) == 1:
        cause = f"{cause.partition(':')[0]}: {causes.pop()}"
    return cause.removeprefix("woken: ")


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
