"""The cells of a row of the log: an event in words, short forms for each column."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence

from tracedemo.analysis.folding import Fold
from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import Context, answer_text, call_text, who
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import answered, asked
from tracedemo.analysis.wakeups import Wakeup
from tracedemo.events import FLOW, KERNEL, PYTHON, SERVER, TRACER, Event, Site
from tracedemo.render.glyphs import STATE_STYLE, Glyphs
from tracedemo.render.grid import EMPTY, Cell, cell
from tracedemo.render.lines import safe
from tracedemo.render.words import instant, short_file, took
from tracedemo.syscalls import ERRNO_MEANINGS

AT, PID, WHO, CALL, ANSWER, TOOK, BENEATH, CAUSE, LINE, TEXT = range(10)
"""The cells of a row."""

Row = tuple[Cell, ...]

MANY_FILES = "source"
"""The title of the source lines where they are of several files."""

Alike = tuple[str, Cell, Cell, Cell, str, Cell, Cell]
"""Style of the row; who, if it is not the program; the call; the answer; style of the duration; line number and text of the
source."""

_SAYS = ("lane", "op", "args", "result", "errno", "exc", "bytes", "site", "user_site", "mark")
"""The fields of an event that these are made of."""

OPENED = frozenset({"socket", "socketpair", "accept", "dup", "selector"})
"""Calls whose answer is their descriptor; of all others the answer is the same for every descriptor."""


def text_of(cell: Cell) -> str:
    """The text of a cell of one piece."""
    return cell[0][0] if cell else ""


def files_of(study: Study, folds: Sequence[Fold]) -> list[str]:
    """The source files of rows, in order of appearance."""
    places = list(study.trace.keys("user_site", "site"))
    # One row for each place that there is: they are few.
    rows = {places[one.rows[0]]: one.rows[0] for one in reversed(folds)}
    sites = (study.events[row].place for row in sorted(rows.values()))
    return list(dict.fromkeys(site.file for site in sites if site is not None))


class Writer:
    """Puts rows of one Study into cells.  Most of them say the same again and again: such a cell is made once, so that a
    cell that is said again is the same object.
    """

    def __init__(self, study: Study, folds: Sequence[Fold], glyphs: Glyphs) -> None:
        """For rows that are laid out together; without any, for pages (`turn`)."""
        self._study = study
        self._glyphs = glyphs
        self._states = study.row_states
        says: dict[Hashable, int] = {}
        self._says = [says.setdefault(key, len(says)) for key in study.trace.keys(*_SAYS)]
        self._explained: set[str] = set()
        self._cells: dict[tuple[str, str], Cell] = {}
        self._times: dict[tuple[int, str], Cell] = {}
        self._sites: dict[Site, tuple[Cell, Cell]] = {}
        self._owners: dict[tuple[str, str], Cell] = {}
        self._known: dict[Hashable, Alike] = {}
        # A process that makes no call of Python can make system calls.
        lanes, pids = study.trace.column("lane"), study.trace.column("pid")
        self._pids = {
            *(study.pids if folds else ()),
            *(pids[one.first] for one in folds if lanes[one.first] == KERNEL),
        }
        self._files = dict.fromkeys(files_of(study, folds))
        self._name_files()

    def turn(self, folds: Sequence[Fold], rows: Iterable[int]) -> None:
        """The next page: what is said of all rows is said of those that came so far.

        Args:
            folds: the lines of the page.
            rows: all rows that came with it, shown or not.
        """
        events, states = self._study.events, self._states
        self._pids.update(
            events[row].pid for row in rows if states[row] is not None or events[row].lane == FLOW
        )
        self._pids.update(events[one.first].pid for one in folds if events[one.first].lane == KERNEL)
        places = (events[one.first].place for one in folds)
        self._files.update((site.file, None) for site in places if site is not None)
        if self._one_file != (len(self._files) == 1):
            self._sites.clear()
        self._name_files()

    def _name_files(self) -> None:
        self._one_file = len(self._files) == 1
        self.file = safe(short_file(next(iter(self._files))), self._glyphs) if self._one_file else MANY_FILES

    def rows(self, folds: Iterable[Fold]) -> Iterator[Row]:
        """The lines of the log."""
        events, wakeups = self._study.events, self._study.wakeup_of_row
        origin, several = self._study.origin, len(self._pids) > 1
        for one in folds:
            number = one.rows[0]
            event, wakeup = events[number], wakeups.get(number)
            style, who_, call, answer, waited, line, source = self._alike(number, event, wakeup)
            yield (
                ((instant(event.t0 - origin), style),),
                self._cell(str(event.pid), style) if several else EMPTY,
                who_ or self._who(event, style),
                call,
                answer if len(one.rows) == 1 else self._again(answer, len(one.rows)),
                self._took(one.time, event, waited),
                EMPTY,
                self._cause(wakeup) if wakeup else self._meaning(event.errno) if event.errno else EMPTY,
                line,
                source,
            )

    def _alike(self, number: int, event: Event, wakeup: Wakeup | None) -> Alike:
        """All that a row says but when, who of the program, how long and why: many rows say the same."""
        op, lane, state = event.op, event.lane, self._states[number]
        told = event.fd if op in OPENED else event.conn if lane == SERVER else None
        woken = wakeup is not None and not wakeup.empty
        # The state by its id: to hash a member of an enum is a call of Python.
        key = (self._says[number], told, id(state), woken, event.t1 is None)
        found = self._known.get(key)
        if found is None:
            style, answered, waited = styles_of(event, state, woken=woken)
            context = self._study.context
            found = self._known[key] = (
                style,
                self._cell(who(event, context), style) if lane == SERVER or event.mark == TRACER else EMPTY,
                self._cell(_call(event, context), style),
                self._cell(self._marked(event), answered),
                waited,
                *self._site(event.place),
            )
        return found

    def _who(self, event: Event, style: str) -> Cell:
        """Who of the program."""
        if event.owner is None:
            return self._cell(who(event, self._study.context), style)
        found = self._owners.get((event.owner, style))
        if found is None:
            found = self._owners[event.owner, style] = self._cell(who(event, self._study.context), style)
        return found

    def _again(self, answer: Cell, times: int) -> Cell:
        """The answer of a row that stands for several."""
        return cell(f"{text_of(answer)} {self._glyphs.times}{times:,}", answer[0][1] if answer else "")

    def _took(self, time: int, event: Event, style: str) -> Cell:
        """How long: nothing for what never returned, and for a step, which takes no time."""
        if event.t1 is None or (not time and event.lane in (FLOW, SERVER)):
            return EMPTY
        found = self._times.get((time, style))
        if found is None:
            found = self._times[time, style] = self._cell(took(time, self._glyphs), style)
        return found

    def _cause(self, wakeup: Wakeup) -> Cell:
        return self._cell(cause_text(wakeup), "wakeup")

    def _cell(self, text: str, style: str) -> Cell:
        found = self._cells.get((text, style))
        if found is None:
            found = self._cells[text, style] = cell(safe(text, self._glyphs), style)
        return found

    def _marked(self, event: Event) -> str:
        """The answer, with the mark of a "not yet" or room for one in front."""
        text = answered(event) if event.lane == KERNEL else answer_text(event)
        return f"{self._glyphs.not_yet if event.not_yet else ' '} {text}" if text else ""

    def _meaning(self, errno: str) -> Cell:
        """What an errno means, the first time that it comes up."""
        if errno in self._explained:
            return EMPTY
        self._explained.add(errno)
        return self._cell(ERRNO_MEANINGS.get(errno, ""), "dim")

    def _site(self, site: Site | None) -> tuple[Cell, Cell]:
        """Line number and text of a source line."""
        if site is None:
            return EMPTY, EMPTY
        found = self._sites.get(site)
        if found is None:
            number = str(site.line) if self._one_file else f"{short_file(site.file)}:{site.line}"
            text = self._study.source(site).strip()
            found = self._sites[site] = self._cell(number, "dim"), self._cell(text, "dim")
        return found


def styles_of(event: Event, state: State | None, *, woken: bool) -> tuple[str, str, str]:
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
    """The call; of the server's, to whom; of a system call, as the kernel's users write it."""
    if event.lane == KERNEL:
        return asked(event)
    label = context.labels.get(event.conn or 0, "") if event.lane == SERVER else ""
    return f"{call_text(event)} ({label})" if label else call_text(event)


def cause_text(wakeup: Wakeup) -> str:
    """Why a select returned; with one cause for all, the answer says which descriptors they are."""
    if wakeup.empty and not wakeup.slept:
        return ""  # the answer says so
    causes = {item.cause for item in wakeup.ready}
    cause = wakeup.cause
    if len(causes) == 1:
        cause = f"{cause.partition(':')[0]}: {causes.pop()}"
    return cause.removeprefix("woken: ")
