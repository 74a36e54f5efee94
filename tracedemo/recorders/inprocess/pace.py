"""The client side of lock-step: before the program waits, ask the server to move one step.

Theory of operation (the words and the server's side: `tracedemo/lockstep.py`)
    This layer lies between a wrapper of the recorder and the original, so that all it does happens inside the call
    that was about to wait, after its `t0`, and counts as its wait. Whatever it asks of the kernel lies inside a row
    `lockstep` marked `tracer`, which says what came of it; a call waited when it could, and holds such a row that did not
    find something there.

    Wait points
        * recv and its like, accept, and read on a socket that is blocking or has a timeout, when nothing is there;
        * select, poll, epoll_wait with a timeout other than zero, when nothing is ready. An epoll is asked through its
          own descriptor, which is readable when it has events: a question to the epoll itself would use up
          edge-triggered and one-shot events;
        * for a client that never waits, some "not yet" answers in a row (`asking`).
    A connect or a send that waits is the kernel's move: the handshake, and room in the buffer, come by themselves,
    because the server accepts and reads eagerly. A connect that has only begun is let settle before connect() answers
    EINPROGRESS, and moved bytes are let arrive, so that what is ready does not depend on the scheduler. Only a server that
    misbehaves on request may not read: when a select waits for room, and none has come within ROOM_GRACE_S, that is a wait
    point, too; and so is a send that has found none BUDGET times.

    Deadlock: when a thread is about to wait without timeout, on nothing but connections to our server (and the bell of an
    asyncio loop, which only other threads ring), and the server has nothing left for them, it counts as stuck, as does one
    whose selector watches nothing open; when all threads are stuck, or wait for another thread, nothing can ever happen,
    and the program is ended with a sentence that names the descriptors. A receive that the kernel will end (SO_RCVTIMEO)
    is not stuck; and as long as a timer runs whose signal will come (setitimer, alarm), nothing is proved: its handler may
    raise, or send what was missing. Both are asked for only when the server has nothing left. A program that
    spins is ended likewise (`asking`).

    A server that cannot be asked (its line is broken, there is no descriptor for it) proves nothing: the program then
    waits as it would without us.
"""

from __future__ import annotations

import os
import sys
from _thread import get_ident

from tracedemo.lockstep import ARRIVAL_GRACE_S
from tracedemo.recorders.inprocess import describe, describe_ready
from tracedemo.recorders.inprocess.asking import Asking
from tracedemo.recorders.inprocess.layout import ARGS, RESULT, clock
from tracedemo.recorders.inprocess.line import Line
from tracedemo.recorders.inprocess.mapping import suppress
from tracedemo.recorders.inprocess.watched import (
    alarm_left,
    bells_of,
    in_epoll,
    in_lists,
    nothing_open,
    receive_timeout,
    three_lists,
    waits_for_thread,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

ROOM_GRACE_S = 1.0
"""Seconds in which a server that reads has made room; spent where it does not, once before each wait."""
LOOK_AGAIN_S = 0.05
"""Seconds after which a thread for which nothing is left looks whether the others are stuck, too."""
STOPPED = 125
"""Exit code of a program that we ended."""

THERE = "something is there"
NOT_OURS = "nothing of ours to wait for"
NOTHING_LEFT = "nothing left"
NO_ANSWER = "the server cannot be asked"
SETTLED = "the handshake has settled"
ROOM = "there is room now"
CALLED = "the line to the server"
"""What a row `lockstep` says, besides what was moved."""

FOR_NOTHING_LEFT = "deadlock: the program waits, and the server has nothing left to send on"
FOR_NOBODY = "deadlock: the program sleeps in a selector that watches nothing open"


class Pace(Asking):
    """What the traced process knows about its waits; one object a process."""

    def __init__(self, spool: Spool, control: str) -> None:
        """Args: control: path of the server's control socket."""
        self.spool = spool
        self.not_yet: dict[int, int] = {}
        self.glances: dict[int, int] = {}
        self.vain = 0
        self.full: dict[int, int] = {}
        self.unused = 0
        self.unsettled: set[int] = set()
        self.stuck: dict[int, tuple[dict[int, int], dict[int, int]]] = {}
        # Poll objects do not tell what they watch, and are kept, so that no other gets their address.
        self.polls: dict[int, tuple[Any, dict[int, int]]] = {}
        self.line = Line(control)
        self.renew()

    def renew(self) -> None:
        """At the beginning, and in a child after fork: no thread but this one, and a line to the server of its own."""
        self.stuck.clear()
        self.not_yet.clear()
        self.glances.clear()
        t0 = clock()
        self._note(t0, CALLED if self.line.renew() else NO_ANSWER)

    # -- What is looked at

    def _settle(self, args: Any) -> None:
        """Let a handshake with our server that has begun come to its end."""
        address = args[1]
        if type(address) is tuple and len(address) > 1 and describe.whole(address[1]) in self.spool.servers:
            t0, fd = clock(), describe.fileno(args[0])
            # Where the backlog is full the kernel tries again, and nobody knows for how long.
            settled = self._ready((fd,), ARRIVAL_GRACE_S, writing=True)
            (self.unsettled.discard if settled else self.unsettled.add)(fd)
            self._note(t0, SETTLED)

    def _before_read(self, sock: Any, fd: int, timeout: float | None) -> None:
        """A read or accept that may sleep, so many seconds; None: for ever, if the kernel has no timeout for it, either."""
        t0 = clock()
        port = self.spool.ports.get(fd)
        if self._ready((fd,)):
            self._note(t0, THERE)
        elif port is None:
            self._note(t0, NOT_OURS)
        else:
            self._wait({fd: port}, t0, {fd: 1}, lambda: receive_timeout(sock) if timeout is None else timeout)

    def _before_select(self, place: str, args: Any, timeout: float | None) -> None:
        """A select that may sleep, so many seconds; None: for ever."""
        t0 = clock()
        watched = self._watched(place, args)
        if watched is None:
            return
        self.glances.clear()
        own = describe_ready.fd_of(args[0], describe_ready.kind_of(args[0])) if place else -1
        whole = {own: 1} if own >= 0 else watched
        if self._ready_events(whole):
            self._note(t0, THERE)
            self._count_unused(watched)
            return
        self.unsettled = {fd for fd in self.unsettled if not self._ready((fd,), writing=True)}
        known = {fd: port for fd, port in self.spool.ports.items() if fd not in self.unsettled}
        full = {fd for fd, events in watched.items() if events & 2 and fd in known}
        if full and self._ready_events(whole, ROOM_GRACE_S):
            self._note(t0, ROOM)
            return
        ours = {fd: known[fd] for fd, events in watched.items() if fd in known and (events & 1 or fd in full)}
        nobody = not ours and bool(place) and nothing_open(place, args[0], watched)
        if not ours and not nobody:
            self._note(t0, NOT_OURS)
            return
        bells = bells_of(args[0]) if place else ()
        alone = nobody or all(fd in known or fd in bells for fd in watched)
        self._wait(ours, t0, whole, lambda: timeout, alone=alone)

    def _watched(self, place: str, args: Any) -> dict[int, int] | None:
        """What a select watches: descriptor -> 1 for read, 2 for write; None for wrong arguments.

        A bare epoll is asked through /proc. Of an object that cannot be asked we know no more than that it may watch any of
        our connections.
        """
        try:
            if not place:
                return in_lists(args)
            keys = getattr(args[0], "_fd_to_key", None)
            if keys is not None:
                return {fd: key.events for fd, key in keys.items()}
            if place == "poll":
                return self.polls.get(id(args[0]), (None, {}))[1]
            if place == "epoll":
                return in_epoll(args[0].fileno())
        except Exception:  # noqa: BLE001  # the original has the words for it
            return None
        return dict.fromkeys(self.spool.ports, 1)

    # -- Waiting

    def _wait(
        self,
        ours: dict[int, int],
        t0: int,
        whole: dict[int, int],
        ends: Callable[[], float | None],
        *,
        alone: bool = True,
    ) -> None:
        """About to sleep on `ours` (fd -> local port): have the server move, or find out that it never will.

        Args:
            whole: all that would wake it (fd -> events).
            ends: tells after how many seconds this wait ends by itself; None: never.
            alone: nobody but our server can give it news.
        """
        for fd in ours:
            self.not_yet.pop(fd, None)
        # What the server reads is no move, but makes room.
        if self._step(ours, t0, ends) or not alone or self._ready_events(whole) or ends() is not None:
            return
        self.stuck[get_ident()] = ours, whole
        if self._others_go_on(whole):
            return
        # Another thread may have sent what the server was missing, since it was asked: ask once more for all.
        waiting = list(self.stuck.values())
        everything = {fd: port for theirs, _ in waiting for fd, port in theirs.items()}
        # Not their sockets, but what would wake them is asked: an edge-triggered epoll sleeps over bytes left unread.
        if any(self._ready_events(waking) for _, waking in waiting) or self._step(everything, clock()):
            return
        self._stop("deadlock", everything, FOR_NOTHING_LEFT if everything else FOR_NOBODY)

    def _others_go_on(self, whole: dict[int, int]) -> bool:
        """While a thread runs that could still change something, or a timer does: wait here, and look whether it does. A
        thread that ends, or begins to wait for another, tells nobody. True: something has come.
        """
        left = alarm_left()
        if left is None and self._everybody_is_stuck():
            return False
        t0, came = clock(), False
        while not came:
            before = left
            came = self._ready_events(whole, LOOK_AGAIN_S)
            left = alarm_left()
            # One look more when the timer has run out: what its handler does may need that time.
            if before is None and left is None and self._everybody_is_stuck():
                break
            if not came and before is not None and left is not None and left > before:
                self._step({}, clock())  # it rings again and again, and its handler may have sent something
        self._note(t0, THERE if came else NOTHING_LEFT)
        return came

    def _step(self, ours: dict[int, int], t0: int, ends: Callable[[], float | None] | None = None) -> bool:
        """One exchange with the server; False when it has nothing left, which is certain then: `ends` is asked then, and
        noted is the time after which the wait is over, or broken off by an alarm.

        Connections on which other threads are stuck are named, too: what they wait for may have been sent since, by another
        thread than the one that waits.
        """
        everything = {
            fd: port for theirs, _ in list(self.stuck.values()) for fd, port in theirs.items()
        } | ours
        fd_of = {port: fd for fd, port in everything.items()}
        moved = self.line.exchange(sorted(fd_of))
        if moved is None:
            self._note(t0, NO_ANSWER)
            return True
        for port in moved:
            if port in fd_of:
                self._ready((fd_of[port],), ARRIVAL_GRACE_S)
        if moved:
            self.vain = 0
            self._note(t0, " ".join(f"{port}:{what}" for port, what in moved.items()))
        else:
            within = min(filter(None, (ends(), alarm_left())), default=None) if ends is not None else None
            self._note(t0, NOTHING_LEFT, within)
        return bool(moved)

    def _ready(self, fds: tuple[int, ...], grace: float = 0.0, *, writing: bool = False) -> bool:
        return self._ready_events(dict.fromkeys(fds, 2 if writing else 1), grace)

    def _ready_events(self, watched: dict[int, int], grace: float = 0.0) -> bool:
        """True when one of the descriptors is ready; waits up to `grace` seconds for it.

        What is patched lets these calls pass: their site, being ours, is INNER.
        """
        import select  # not before the program has sockets: whoever imports it first has it patched

        watched = {fd: events for fd, events in watched.items() if fd >= 0}
        if not hasattr(select, "poll"):
            return bool(any(select.select(*three_lists(watched), grace)))
        asked = select.poll()
        for fd, events in watched.items():
            asked.register(fd, (select.POLLIN if events & 1 else 0) | (select.POLLOUT if events & 2 else 0))
        return bool(asked.poll(grace * 1000))

    # -- What is written down, and the end

    def _note(self, t0: int, words: str, within: float | None = None) -> None:
        n = self.spool.event("lockstep", t0, clock())
        self.spool.tell(RESULT, n, words, *([] if within is None else [within]))

    def _everybody_is_stuck(self) -> bool:
        frames = sys._current_frames()  # noqa: SLF001  # the only list of all threads
        return all(thread in self.stuck or waits_for_thread(frame) for thread, frame in frames.items())

    def _stop(self, op: str, ours: dict[int, int], words: str) -> None:
        now = clock()
        fds = sorted(ours)
        n = self.spool.event(op, now, now, fds[0] if fds else -1)
        self.spool.keeps = (0, 0)  # why it ends is told, though nothing else may be kept any more
        self.spool.tell(ARGS, n, f"{words} {', '.join(f'fd {fd}' for fd in fds)}".rstrip(), *fds)
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(STOPPED)
