"""How far the beginning of a run tells what the whole run tells, so that a log can begin before all of it is known.

Nearly all that a log says of a row follows from the row itself and those before it. What does not, ends the part that is
certain:
    * a call or a callback that goes on when the beginning ends: system calls and sockets may be missing in it;
    * a wakeup of which only what follows tells the cause: what a receive will bring, whether a connection comes about;
    * a row of which nobody is known to have made it: it is called after its connection, or its thread, if it has several;
    * calls that make no system call, where it must be certain that none is missing (`Join.sure`);
    * the very last rows.
And, which only a view knows: rows that may become one line with what follows (`folding.last_group`).
"""

from __future__ import annotations

from collections.abc import Iterator

from tracedemo.analysis.beneath import makes_none
from tracedemo.analysis.connections import ACCEPTED, CLIENT, LISTENING, PAIR, Connection
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.wakeups import UNTOLD, Wakeup
from tracedemo.events import FLOW, KERNEL, SERVER, Event

MARGIN = 256
"""Rows at the end that are not looked at: a finalizer's close, say, stands a little behind its row."""


def certain(study: Study, margin: int = MARGIN) -> int:
    """The row up to which, and without which, all is certain; 0: nothing is.

    Args:
        study: of the beginning of a run, which is not identified here: its rows have their owners and numbers.
    """
    header, end = study.trace.header, max(len(study.events) - margin, 0)
    if study.join is None and (header.engine or header.recorded.get(KERNEL)):
        return 0  # the kernel's lane begins later, and its column with it
    if not any(is_call(event) or event.lane == FLOW for event in study.events[:end]):
        return 0  # when the program begins is not known, nor what is the interpreter's start
    return min([end, *_rows(study), *_wakeups(study)])


def _rows(study: Study) -> Iterator[int]:
    """The first row of each kind that is not certain."""
    events = study.events
    last = events[-1].t0
    yield next((row for row, event in enumerate(events) if _goes_on(event, last)), len(events))
    yield next((row for row, event in enumerate(events) if _nobodys(event)), len(events))
    if (found := study.join) is not None:
        silent = (
            row for row, event in enumerate(events) if row not in found.beneath and makes_none(event, found)
        )
        yield next(silent, len(events))


def _goes_on(event: Event, last: int) -> bool:
    """Whether something is not over when the beginning ends."""
    lasts = is_call(event) or (event.lane == FLOW and event.op == "callback")
    return lasts and (event.t1 is None or event.t1 >= last)


def _nobodys(event: Event) -> bool:
    return event.owner is None and (event.lane == KERNEL or is_call(event))


def _wakeups(study: Study) -> Iterator[int]:
    """The first wakeup that is not certain."""
    sockets = {socket.number: socket for socket in study.connections}
    served = bool(study.trace.header.recorded.get(SERVER))
    unsure = (wakeup.row for wakeup in study.wakeups if not _is_told(wakeup, sockets, served=served))
    yield next(unsure, len(study.events))


def _is_told(wakeup: Wakeup, sockets: dict[int, Connection], *, served: bool) -> bool:
    """Whether all causes are known for good.

    Args:
        served: whether a server of ours tells causes: of a socket that it has not named yet, it may still.
    """
    for item in wakeup.ready:
        socket = sockets.get(item.conn or 0)
        if socket is None:
            continue
        guessed = item.cause_row is None and item.cause not in _KNOWN
        if item.cause == UNTOLD or not _is_settled(socket) or (served and guessed and not wakeup.slept):
            return False
    return True


_KNOWN = frozenset({"a connection waits to be accepted", "the handshake is done", "there is room to send"})


def _is_settled(socket: Connection) -> bool:
    """Whether it is known for good what a socket is, and whether it was connected."""
    if socket.t_close is not None and socket.closed_by != "detach":
        return True
    if socket.kind == CLIENT:
        moved = socket.t_request is not None or socket.t_first_byte is not None
        return socket.t_connected is not None and moved
    return socket.kind in (ACCEPTED, LISTENING, PAIR)
