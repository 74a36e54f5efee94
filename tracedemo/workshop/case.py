"""What a rule looks at: one run of a learner's program, in one scenario."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tracedemo.analysis.connections import CLIENT, Connection
from tracedemo.analysis.segments import READINESS, is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.walking import Row, ready_of, walk
from tracedemo.events import Event
from tracedemo.runner import Run
from tracedemo.server.plan import ASCII
from tracedemo.server.response import make_body, page_word
from tracedemo.workshop.lesson import Scenario


@dataclass(frozen=True)
class Case:
    """A run, its trace, and what was drawn for it."""

    scenario: Scenario
    run: Run
    values: Mapping[str, int]
    """What was drawn, by name."""
    file: str = "the program"
    """What the learner calls it."""

    @cached_property
    def study(self) -> Study:
        """The trace with its results."""
        return Study(self.run.trace)

    @cached_property
    def events(self) -> Sequence[Event]:
        """All rows."""
        return self.study.events

    @cached_property
    def calls(self) -> Sequence[Row]:
        """The program's own calls, with their rows, in order of entry."""
        return [(row, event) for row, event in enumerate(self.events) if is_call(event)]

    @cached_property
    def stretches(self) -> Sequence[tuple[Sequence[Row], Row | None]]:
        """The same, cut by the returns of selects (`analysis.walking`)."""
        return [
            ([(row, event) for row, event in entries if is_call(event)], returned)
            for entries, returned in walk(self.events)
        ]

    @cached_property
    def clients(self) -> Sequence[Connection]:
        """The sockets that connected somewhere, or tried to."""
        return [socket for socket in self.study.connections if socket.kind == CLIENT]

    @property
    def given(self) -> Sequence[str]:
        """What the program was given."""
        return self.run.trace.header.argv[1:]

    @property
    def ended(self) -> str:
        """How the run ended (`Header.ended`)."""
        return self.run.trace.header.ended

    @cached_property
    def called(self) -> bool:
        """Whether it has made a call on a socket or a selector; what a module does while it is imported does not count."""
        return any("importing" not in event.args for _, event in self.calls)

    @property
    def output(self) -> str:
        """What the program printed."""
        return self.run.output

    @cached_property
    def body(self) -> bytes:
        """What our server answers with: no program can know it beforehand."""
        return self._body(str(self.run.trace.header.server["nonce"]))

    def _body(self, word: str) -> bytes:
        server = self.run.trace.header.server
        return make_body(int(server["size"]), word, str(server.get("charset", ASCII)))

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    def digest_of(self, page: int) -> str:
        """The same of the page that has this number."""
        word = page_word(str(self.run.trace.header.server["nonce"]), page)
        return hashlib.sha256(self._body(word)).hexdigest()

    def on(self, conn: int) -> Iterator[Row]:
        """The calls on one connection."""
        return ((row, event) for row, event in self.calls if event.conn == conn)

    def told_ready(self) -> Iterator[tuple[Row, frozenset[tuple[int, str]]]]:
        """Each call other than a select, in order, with what the latest select before it reported, as (fd, events)."""
        ready: frozenset[tuple[int, str]] = frozenset()
        for entries, returned in self.stretches:
            for row, event in entries:
                if event.op not in READINESS:
                    yield (row, event), ready
            if returned is not None:
                ready = frozenset(ready_of(returned[1]))
