"""Reading turns out of a Trace: what ran (`turns_rounds`), put together with what woke the loop."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import inf
from typing import TYPE_CHECKING

from tracedemo.analysis.furniture import SELF_PIPE, SIGNAL_HANDLER, self_pipes, wakers, word
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.text import clean
from tracedemo.analysis.turns import Found, Handle, Loop, Turn
from tracedemo.analysis.turns_parts import (
    Thread,
    asked_by,
    empties,
    kept_callbacks,
    kernel_times,
    key_of,
    name_of,
    samples_of,
)
from tracedemo.analysis.turns_rounds import Round, Rounds, Running
from tracedemo.events import FLOW, Event, Trace

if TYPE_CHECKING:
    from tracedemo.analysis.connections import Connection
    from tracedemo.analysis.join import Join
    from tracedemo.analysis.wakeups import Ready, Wakeup


class Reading:
    """All that is known while the rows come in.  Arguments: as for `turns`."""

    def __init__(
        self, trace: Trace, wakeups: Mapping[int, Wakeup], sockets: Sequence[Connection], join: Join | None
    ) -> None:
        self.events = trace.hold()
        self.wakeups = wakeups
        self.pipes = self_pipes(self.events)
        self.bytes = wakers(self.events, self.pipes)
        self.labels = {socket.number: socket.label for socket in sockets} | dict.fromkeys(
            self.pipes, SELF_PIPE
        )
        self.samples = samples_of(self.events)
        self.kernel = None if join is None else kernel_times(self.events, join)
        last = max((event.t1 or event.t0 for event in self.events), default=0)
        self.end = max(last, trace.header.clock_end[0])
        self.kept = kept_callbacks(self.events, trace.header)
        self._claimed: dict[int, int] = defaultdict(int)
        """Of each self-pipe, how many of its bytes have woken the loop."""

    def loops(self) -> tuple[Loop, ...]:
        """The loops, by the begin of their first turn."""
        found: list[Loop] = []
        rows: dict[Thread, list[tuple[int, Event]]] = defaultdict(list)
        threads = {(event.pid, event.tid) for event in self.events if event.op in ("callback", "blocked")}
        for row, event in enumerate(self.events):
            if (event.pid, event.tid) in threads and (is_call(event) or self._runs(row, event)):
                rows[event.pid, event.tid].append((row, event))
        for (pid, tid), own in rows.items():
            drafts = Rounds(own, self.samples, self.pipes, self.end).found
            found += [
                Loop(pid, tid, tuple(map(self._turn, rounds)))
                for rounds in drafts
                if any(turn.handles for turn in rounds)
            ]
        return tuple(sorted(found, key=lambda loop: loop.turns[0].t0))

    def _runs(self, row: int, event: Event) -> bool:
        """Whether a row is a callback: a sample is one, if it is all that is left of it."""
        if event.lane != FLOW or event.op not in ("callback", "blocked"):
            return False
        first, _ = self.samples.get(key_of(event), (row, ()))
        return event.op == "callback" or first == row

    def _turn(self, draft: Round) -> Turn:
        event, wakeup = draft.event, self.wakeups.get(draft.row if draft.row is not None else -1)
        ready = wakeup.ready if wakeup else ()
        timeout = event.args.get("timeout")
        return Turn(
            number=draft.number,
            row=draft.row,
            t0=event.t0,
            t1=event.t1 if draft.row is not None else event.t0,
            slept=wakeup.slept if wakeup else 0,
            timeout=timeout if isinstance(timeout, (int, float)) else None,
            failed=clean(event.errno or event.exc or "") if draft.row is not None else "",
            ready=tuple(self._found(item, draft) for item in ready),
            registered=draft.registered,
            watched=draft.watched,
            handles=tuple(map(self._handle, draft.handles)),
            lost=self._lost(draft),
        )

    def _lost(self, draft: Round) -> bool:
        """Whether nothing ran in a turn only because rows were dropped."""
        first, last = self.kept.get(draft.event.pid, (0, inf))
        return not draft.handles and draft.event.t1 is not None and not first <= draft.event.t0 <= last

    def _found(self, item: Ready, draft: Round) -> Found:
        cause, conn = item.cause, item.conn
        if conn is not None and self.pipes.get(conn) == conn:
            cause = self._who_woke(conn, draft)
        label = self.labels.get(conn or 0, "")
        return Found(item.fd, item.events, conn, label, cause)

    def _who_woke(self, pipe: int, draft: Round) -> str:
        """Whose bytes have woken a select: of those that are taken out now, the ones written before it returned."""
        emptying = [run.event for run in draft.handles if any(empties(call, pipe) for call in run.calls)]
        emptied = (call.t1 or call.t0 for run in draft.handles for call in run.calls if empties(call, pipe))
        returned = draft.event.t1 or draft.event.t0
        until = max(emptied, default=returned)
        sent, begin = self.bytes.get(pipe, ()), self._claimed[pipe]
        end = self._claimed[pipe] = bisect_right(sent, until, lo=begin, key=lambda waker: waker.t0)
        taken = sent[begin:end]
        who = [waker.told_in(draft.event) for waker in taken if waker.t0 <= returned]
        if not who and not any(waker.inside(event) for event in emptying for waker in taken):
            return "a byte that no recorded call has written: a signal's, perhaps"
        return f"a byte from {' and from '.join(dict.fromkeys(who or [SIGNAL_HANDLER]))}"

    def _handle(self, run: Running) -> Handle:
        event = run.event
        name, step = name_of(event)
        _, samples = self.samples.get(key_of(event), (None, ()))
        return Handle(
            row=run.row,
            owner=event.owner,
            name=name,
            step=step,
            t0=event.t0,
            t1=run.end,
            returned=run.returned,
            nested=run.nested,
            fd=event.fd,
            site=event.place if event.op == "callback" else None,
            asked=asked_by(run.calls),
            system_calls=self._beneath(event, run.end),
            samples=samples,
            word=word(event),
        )

    def _beneath(self, event: Event, end: int) -> int | None:
        if self.kernel is None:
            return None
        times = self.kernel.get((event.pid, event.tid), ())
        return bisect_right(times, end) - bisect_left(times, event.t0)
