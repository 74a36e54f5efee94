"""The cells of a row of the log: an event in words, short forms for each column."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

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

Alike = tuple[str, Cell, Cell, str, Cell, Cell]
"""Style of the row; the call; the answer; style of the duration; line number and text of the source."""

_OPENING = frozenset({"socket", "socketpair", "accept", "dup", "selector"})
"""Calls whose answer is their descriptor; of all others the answer is the same for every descriptor."""


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
        self._owners: dict[Hashable, Cell] = {}
        self._known: dict[Hashable, Alike] = {}
        files = files_of(study, folds)
        self._one_file = len(files) == 1
        self.file = safe(short_file(files[0]), glyphs) if self._one_file else "source"

    def row(self, one: Fold) -> Row:
        """One line of the log."""
        study = self._study
        row = one.first
        event = study.events[row]
        wakeup = study.wakeup_of_row.get(row)
        style, call, answer, waited, line, source = self._alike(
            event, study.state_of(row), woken=wakeup is not None and not wakeup.empty
        )
        if one.count > 1:
            answer = cell(
                f"{text_of(answer)} {self._glyphs.times}{one.count:,}", answer[0][1] if answer else ""
            )
        took_ = took(_time(one, event), self._glyphs)
        return (
            ((instant(event.t0 - study.origin), style),),
            ((str(event.pid), style),) if self._several else EMPTY,
            self._who(event, style),
            call,
            answer,
            ((took_, waited),) if took_ else EMPTY,
            cell(safe(_cause(wakeup), self._glyphs), "wakeup") if wakeup else self._meaning(event),
            line,
            source,
        )

    def _who(self, event: Event, style: str) -> Cell:
        key = (event.owner, event.lane, event.mark, event.conn, style)
        found = self._owners.get(key)
        if found is None:
            found = self._owners[key] = self._cell(who(event, self._study.context), style)
        return found

    def _alike(self, event: Event, state: State | None, *, woken: bool) -> Alike:
        """All that a row says but when, who, how long and why: many rows say the same."""
        place = event.place
        key = (
            event.op, event.lane, event.mark, event.errno, event.exc, event.bytes, event.t1 is None,
            event.fd if event.op in _OPENING else None, event.conn if event.lane == SERVER else None,
            id(event.args), id(event.result), id(place), state and state.value, woken,
        )  # fmt: skip
        found = self._known.get(key)
        if found is None:
            style, answered, waited = _styles(event, state, woken=woken)
            call = self._cell(_call(event, self._study.context), style)
            found = style, call, self._cell(self._marked(event), answered), waited, *self._site(place)
            self._known[key] = found
        return found

    def _cell(self, text: str, style: str) -> Cell:
        return cell(safe(text, self._glyphs), style)

    def _marked(self, event: Event) -> str:
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
        number = str(site.line) if self._one_file else f"{short_file(site.file)}:{site.line}"
        return self._cell(number, "dim"), self._cell(self._study.source(site).strip(), "dim")


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
