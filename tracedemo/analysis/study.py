"""A Trace together with its results, each computed once, when somebody first asks for it.

Views take a Study: several of them share the connections, states and wakeups of one run. A part of analysis is imported
when its result is asked for: most views need few of them, and each takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tracedemo.analysis.connections import Connection, connections
from tracedemo.analysis.identity import identify
from tracedemo.analysis.segments import State, is_call, row_states
from tracedemo.events import FLOW, Event, Site, Trace

if TYPE_CHECKING:
    from tracedemo.analysis.filters import Filter
    from tracedemo.analysis.findings import Finding
    from tracedemo.analysis.folding import Fold
    from tracedemo.analysis.join import Join
    from tracedemo.analysis.phases import Phases
    from tracedemo.analysis.sentences import Context
    from tracedemo.analysis.states import States
    from tracedemo.analysis.summary import Summary
    from tracedemo.analysis.turns import Loop
    from tracedemo.analysis.wakeups import Wakeup


class Study:
    """One run and what analysis found in it.

    Args:
        trace: a Trace with its rows in order of `t0`; it is identified here if it was not.
        name: what to call the run; the target's name if nothing better is known.
    """

    def __init__(self, trace: Trace, name: str = "") -> None:
        trace.hold()
        self.trace = identify(trace)
        self.name = name or trace.header.target or "trace"
        self._texts: dict[str, Sequence[str]] = {}

    @cached_property
    def events(self) -> Sequence[Event]:
        """All rows as Events."""
        return self.trace.hold()

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The sockets of the run."""
        return connections(self.trace)

    @cached_property
    def states(self) -> States:
        """What threads and requests were doing."""
        from tracedemo.analysis.states import states

        return states(self.trace, self.connections)

    @cached_property
    def join(self) -> Join | None:
        """The system calls under the Python calls; None: there is no kernel lane."""
        from tracedemo.analysis.join import join

        return join(self.trace)

    @cached_property
    def startup_rows(self) -> frozenset[int]:
        """Rows of interpreters that start (`Join.startup`)."""
        return frozenset(self.join.startup if self.join else ())

    @cached_property
    def tool_rows(self) -> frozenset[int]:
        """System calls of tracedemo's own (`Join.tool`)."""
        return frozenset(self.join.tool if self.join else ())

    @cached_property
    def wakeups(self) -> tuple[Wakeup, ...]:
        """The returns of select."""
        from tracedemo.analysis.wakeups import wakeups

        return wakeups(self.trace, self.connections)

    @cached_property
    def wakeup_of_row(self) -> Mapping[int, Wakeup]:
        """The same, by the row of the select."""
        return {wakeup.row: wakeup for wakeup in self.wakeups}

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """The event loops, turn by turn."""
        from tracedemo.analysis.turns import turns

        return turns(self.trace, self.wakeup_of_row, self.connections, self.join)

    @cached_property
    def phases(self) -> Phases:
        """What each phase cost."""
        from tracedemo.analysis.phases import phases

        return phases(self.trace, self.connections, self.states)

    @cached_property
    def summary(self) -> Summary:
        """The numbers."""
        from tracedemo.analysis.summary import summary

        return summary(self.trace, self.connections, self.states, self.join)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the run tells about the code that made it."""
        from tracedemo.analysis.findings import findings

        return findings(self)

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """All rows, repeats folded."""
        from tracedemo.analysis.folding import fold

        return fold(self.trace)

    @cached_property
    def context(self) -> Context:
        """What a sentence needs to know besides its event."""
        from tracedemo.analysis.sentences import context

        return context(self.trace, self.connections)

    @cached_property
    def row_states(self) -> Sequence[State | None]:
        """The state of a thread inside each row; None for one that is no call of the program."""
        return row_states(self.trace)

    @cached_property
    def pids(self) -> tuple[int, ...]:
        """The program's processes, in order of appearance."""
        return tuple(
            dict.fromkeys(event.pid for event in self.events if is_call(event) or event.lane == FLOW)
        )

    @cached_property
    def handles(self) -> Mapping[int, int]:
        """The callback of an event loop in which each call was made, by row."""
        from tracedemo.analysis.handles import handles_of

        return handles_of(self.events)

    @cached_property
    def busy_handles(self) -> frozenset[int]:
        """Rows of callbacks in which a call was made."""
        return frozenset(self.handles.values())

    @cached_property
    def origin(self) -> int:
        """The instant that is called 0: the program's first event; in a Trace without one, the first event."""
        own = (event.t0 for event in self.events if is_call(event) or event.lane == FLOW)
        return next(own, self.events[0].t0 if self.events else 0)

    def rows(self, only: Filter | None) -> Sequence[int]:
        """Rows that a filter wants, ascending; all of them without a filter."""
        if only is None:
            return range(len(self.trace))
        from tracedemo.analysis.filters import matching

        return matching(self.trace, only)

    def source(self, site: Site | None) -> str:
        """The text of a source line, as it stands there; empty where the source is not known."""
        lines = self.text(site.file) if site else ()
        return lines[site.line - 1] if site and 0 < site.line <= len(lines) else ""

    def text(self, file: str) -> Sequence[str]:
        """The lines of a source file; none where it is not known."""
        lines = self._texts.get(file)
        if lines is None:
            lines = self._texts[file] = self.trace.sources.get(file, "").splitlines()
        return lines
