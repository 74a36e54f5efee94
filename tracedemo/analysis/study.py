"""A Trace together with its results, each computed once, when somebody first asks for it.

Views take a Study: several of them share the connections, states and wakeups of one run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from tracedemo.analysis.connections import Connection, connections
from tracedemo.analysis.filters import Filter, matching
from tracedemo.analysis.folding import Fold, fold
from tracedemo.analysis.identity import identify
from tracedemo.analysis.phases import Phases, phases
from tracedemo.analysis.sentences import Context, context
from tracedemo.analysis.states import States, states
from tracedemo.analysis.summary import Summary, summary
from tracedemo.analysis.wakeups import Wakeup, wakeups
from tracedemo.events import Event, Site, Trace


class Study:
    """One run and what analysis found in it.

    Args:
        trace: a Trace with its rows in order of `t0`; it is identified here if it was not.
        name: what to call the run; the target's name if nothing better is known.
    """

    def __init__(self, trace: Trace, name: str = "") -> None:
        self.trace = identify(trace)
        self.name = name or trace.header.target or "trace"
        self._texts: dict[str, Sequence[str]] = {}

    @cached_property
    def events(self) -> Sequence[Event]:
        """All rows as Events."""
        return tuple(self.trace)

    @cached_property
    def connections(self) -> tuple[Connection, ...]:
        """The sockets of the run."""
        return connections(self.trace)

    @cached_property
    def states(self) -> States:
        """What threads and requests were doing."""
        return states(self.trace, self.connections)

    @cached_property
    def wakeups(self) -> tuple[Wakeup, ...]:
        """The returns of select."""
        return wakeups(self.trace, self.connections)

    @cached_property
    def wakeup_of_row(self) -> Mapping[int, Wakeup]:
        """The same, by the row of the select."""
        return {wakeup.row: wakeup for wakeup in self.wakeups}

    @cached_property
    def phases(self) -> Phases:
        """What each phase cost."""
        return phases(self.trace, self.connections, self.states)

    @cached_property
    def summary(self) -> Summary:
        """The numbers."""
        return summary(self.trace, self.connections, self.states)

    @cached_property
    def folds(self) -> tuple[Fold, ...]:
        """All rows, repeats folded."""
        return fold(self.trace)

    @cached_property
    def context(self) -> Context:
        """What a sentence needs to know besides its event."""
        return context(self.trace)

    @cached_property
    def pids(self) -> tuple[int, ...]:
        """The program's processes, in order of appearance."""
        return tuple(dict.fromkeys(lane.pid for lane in self.states.threads))

    @cached_property
    def origin(self) -> int:
        """The instant that is called 0: the program's first event; in a Trace without one, the first event."""
        if self.states.threads:
            return self.states.t0
        return min((event.t0 for event in self.trace), default=0)

    def rows(self, only: Filter | None) -> Sequence[int]:
        """Rows that a filter wants, ascending; all of them without a filter."""
        return range(len(self.trace)) if only is None else matching(self.trace, only)

    def source(self, site: Site | None) -> str:
        """The text of a source line, as it stands there; empty where the source is not known."""
        if site is None:
            return ""
        lines = self._texts.get(site.file)
        if lines is None:
            lines = self._texts[site.file] = self.trace.sources.get(site.file, "").splitlines()
        return lines[site.line - 1] if 0 < site.line <= len(lines) else ""
