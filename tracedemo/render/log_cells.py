"""The cells of a row of the log: an event in words, short forms for each column."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from tracedemo.analysis.folding import Fold
from tracedemo.analysis.sentences import Context, answer_text, call_text, who
from tracedemo.analysis.states import State
from tracedemo.analysis.study import Study
from tracedemo.analysis.wakeups import Wakeup
from tracedemo.events import FLOW, PYTHON, SERVER, TRACER, Event, Site
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import EMPTY, Cell, cell
from tracedemo.render.lines import safe
from tracedemo.render.words import instant, short_file, took
from tracedemo.syscalls import ERRNO_MEANINGS

AT, PID, WHO, CALL, ANSWER, TOOK, CAUSE, LINE, TEXT = range(9)
"""The cells of a row."""

Row = tuple[Cell, ...]


def text_of(cell: Cell) -> str:
    """The text of a cell of one piece."""
    return cell[0][0] if cell else ""


def files_of(study: Study, folds: Sequence[Fold]) -> list[str]:
    """The source files of rows, in order of appearance."""
    sites = (study.events[one.first].place for one in folds)
    return list(dict.fromkeys(site.file for site in sites if site is not None))


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
        files = files_of(study, folds)
        self._one_file = len(files) == 1
        self.file = safe(short_file(files[0]), glyphs) if self._one_file else "source"

    def row(self, one: Fold) -> Row:
        """One line of the log."""
        study = self._study
        event = study.events[one.first]
        wakeup = study.wakeup_of_row.get(one.first)
        dim, answered, waited = _styles(
            event, study.state_of(one.first), woken=wakeup is not None and not wakeup.empty
        )
        line, source = self._site(event.place)
        server_conn = event.conn if event.lane == SERVER else None
        took_ = took(_time(one, event), self._glyphs)
        return (
            ((instant(event.t0 - study.origin), dim),),
            ((str(event.pid), dim),) if self._several else EMPTY,
            self._once(who, event, dim, (event.owner, event.lane, event.mark, event.conn)),
            self._once(_call, event, dim, (event.op, event.lane, event.mark, server_conn, id(event.args))),
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
        found = self._once(self._marked, event, style, (*key, id(event.args), id(event.result)))
        return found if one.count == 1 else cell(f"{text_of(found)} {self._glyphs.times}{one.count:,}", style)

    def _marked(self, event: Event, _context: Context) -> str:
        """The answer, with the mark of a "not yet" or room for one in front."""
        text = answer_text(event)
        return f"{self._glyphs.not_yet if event.not_yet else ' '} {text}" if text else ""

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


def _styles(event: Event, state: State | None, *, woken: bool) -> tuple[str, str, str]:
    """Of the row, of its answer, of its duration."""
    if event.lane != PYTHON or event.mark == TRACER:
        return "dim", "dim", "dim"
    waited = STATE_STYLE[state] if state in (State.BLOCKED, State.ASLEEP, State.NOT_YET) else ""
    if event.not_yet:
        return "", "not-yet", waited
    if event.failed or event.t1 is None:
        return "", "error", waited
    return "", "wakeup" if woken else "", waited


def _call(event: Event, context: Context) -> str:
    """The call; of the server's, to whom."""
    label = context.labels.get(event.conn or 0, "") if event.lane == SERVER else ""
    return f"{call_text(event)} ({label})" if label else call_text(event)


def _time(one: Fold, event: Event) -> int | None:
    """Nanoseconds to show: none for what never returned, and for a step, which takes no time."""
    if event.t1 is None or (event.lane in (FLOW, SERVER) and not one.time):
        return None
    return one.time


def _cause(wakeup: Wakeup) -> str:
    """Why a select returned; with one cause for all, the answer says which descriptors they are."""
    if wakeup.empty and not wakeup.slept:
        return ""  # the answer says so
    causes = {item.cause for item in wakeup.ready}
    cause = wakeup.cause
    if len(causes) == 1:
        cause = f"{cause.partition(':')[0]}: {causes.pop()}"
    return cause.removeprefix("woken: ")
