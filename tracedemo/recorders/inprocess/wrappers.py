"""The wrappers: what stands in the place of `socket.socket.recv` and its like while tracing is on.

Rules
    1. What the program sees is what it would see without us: result, exception, the text of a TypeError for wrong
       arguments (we pass `*args, **kwargs` on and let the original complain), the life of every object. No socket,
       buffer, frame or exception is kept.
    2. What a signal handler of the program raises while we are at work reaches the program (`is_ours`, `leave_no_frame`).
       Our frame is in no traceback. `error.__traceback__ = error.__traceback__.tb_next; raise` drops it; `error` is
       unbound at the end of the clause, so that no cycle keeps the frames, and what they hold, alive. And no exception
       of ours is being handled when the original is called: it would be the context of the program's own.
    3. A call made by a wrapped call is not logged again: the site of the caller tells (INNER), not a flag, so that a
       signal handler or finalizer that runs in the middle is still seen.
    4. Once switched off, a wrapper that somebody kept only passes the call on.

Two shapes: `transfer` is for calls that move bytes, and is written for speed, since a program makes them by the
million; `described` is for all others, with two small functions of `describe` that look at arguments and result.
"""

from struct import error as StructError  # noqa: N812  # it is a class
from sys import _getframe

from tracedemo.recorders.inprocess.describe import DONTWAIT, asked_for, size_of
from tracedemo.recorders.inprocess.endings import cpu_if_due, failed, returned_late
from tracedemo.recorders.inprocess.layout import (
    ARGS,
    CHECK_EVERY,
    CLOSE,
    CLOSE_AT,
    CLOSE_WELL,
    COLLECTED,
    COULD_WAIT,
    DUE,
    INDEX,
    INNER,
    LONG,
    NUMBER,
    OP,
    OPEN,
    RECORD_WELL,
    clock,
)
from tracedemo.recorders.inprocess.spool import owner_var
from tracedemo.recorders.inprocess.standins import entered as entered  # noqa: PLC0414  # for those who set wrappers
from tracedemo.recorders.inprocess.standins import is_ours, leave_no_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

    Wrapper = Callable[..., Any]


def transfer(  # noqa: C901, PLR0915  # one piece: a call of a function of ours in it would cost as much as the rest
    op: str, original: "Wrapper", layered: "Wrapper", spool: "Spool", fileno: "Wrapper", gettimeout: "Wrapper"
) -> "Wrapper":
    """Wrap a method `original(sock, size_or_buffer, ...)` whose result is bytes, a count, or None (all of it).

    `layered` is what a recorded call goes through: the original, or the pace around it. Calls that are not recorded
    go to the original itself.

    `fileno` and `gettimeout` are the methods of the C class: they make no system call, and cannot be overridden.
    """
    code = OP[op]
    waiting = code + COULD_WAIT
    sites, new_site, place_of = spool.sites, spool.new_site, spool.place
    owner = owner_var.get
    record, open_record, close_record = RECORD_WELL.pack_into, OPEN.pack_into, CLOSE_WELL.pack_into
    # The pace may end the process inside the call.
    at_once = code if layered is original else -1

    def wrapper(  # noqa: C901, PLR0912, PLR0915
        sock: "Any" = MISSING, size: "Any" = MISSING, /, *rest: "Any", **named: "Any"
    ) -> "Any":
        # Positional with defaults, not *args: the usual call passes no more than these two, and goes on without tuples.
        t0 = 0
        try:
            frame = _getframe(1)
            try:
                place = sites[id(frame.f_code) + frame.f_lasti]
            except KeyError:
                place = new_site(frame)
            if place < 0:
                place = place_of(place, frame.f_back)
            try:
                fd = fileno(sock)
                kind = code if gettimeout(sock) == 0.0 else waiting
                count = size if type(size) is int else len(size) if type(size) is bytes else size_of(size)
                thread = spool.local.own[INDEX]
            except AttributeError:
                thread = spool.thread()
            except TypeError:
                place = INNER  # not a socket at all: the original has the right words for it
            if not place:
                return original(*given(sock, size), *rest, **named)
            # Not spool.next(): the interpreter has no quick way for a method that stands in a slot.
            claim = spool.next
            n = claim()
            if rest or named:
                count, flags = asked_for(op, count, (sock, size, *rest), named)
                if flags:
                    spool.tell(ARGS, n, flags)
                    kind = code if flags & DONTWAIT else kind
            ring = spool.ring
            at = n & spool.mask
            who = owner()
            t0 = clock()
            if kind != at_once:
                try:
                    open_record(ring, at, n, t0, fd, place, who, thread, kind, count, 0)
                except StructError:  # a size beyond all measure
                    open_record(ring, at, n, t0, fd, place, who, thread, kind, -1, 0)
            if rest or named or size is MISSING:
                result = layered(*given(sock, size), *rest, **named)
            else:
                result = layered(sock, size)
            t1 = clock()
            moved = count if result is None else result if type(result) is int else len(result)
            if t1 - t0 < LONG:
                if kind == at_once:
                    record(ring, at, n, t0, fd, place, who, thread, kind, count, t1, moved, 0)
                else:
                    close_record(ring, at + CLOSE_AT, t1, moved, 0)
            else:
                if kind == at_once:
                    open_record(ring, at, n, t0, fd, place, who, thread, kind, count, 0)
                returned_late(spool, ring, at, n, t1, moved)
            return result
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            try:
                if error.__traceback__ is not None:
                    leave_no_frame(error)
                if t0:
                    facts = (fd, place, who, thread, kind, count) if kind == at_once else ()
                    failed(spool, ring, at, n, t0, error, facts)
            except BaseException as other:  # a signal handler's, in the place of this one
                leave_no_frame(other)
                raise
            raise

    return wrapper


MISSING: "Any" = object()
"""Stands for an argument that was not given."""


def given(sock: "Any", size: "Any") -> "tuple[Any, ...]":
    """The first two arguments, as many as were given."""
    return (sock, size) if size is not MISSING else (sock,) if sock is not MISSING else ()


def described(  # noqa: C901, PLR0915  # as above
    op: str,
    original: "Wrapper",
    layered: "Wrapper",
    spool: "Spool",
    before: "Callable[[Spool, tuple[Any, ...], dict[str, Any]], tuple[int, int, int]]",
    after: "Callable[[Spool, int, tuple[Any, ...], Any], int] | None",
) -> "Wrapper":
    """Wrap any other callable.

    `before(spool, args, kwargs)` gives (fd, flags, number): what is known at entry; it may raise anything for wrong
    arguments. `after(spool, n, args, result)` gives the number that says what came of it, and may tell more as side facts
    of record n; None: nothing is worth noting. What it raises is noted, and never reaches the program.
    """
    code = OP[op]
    sites, new_site, place_of = spool.sites, spool.new_site, spool.place
    owner = owner_var.get
    open_record, close_record = OPEN.pack_into, CLOSE.pack_into
    notes_failure = op == "connect"
    # A close is often the last call of a thread, or the last one for a long time.
    early = CHECK_EVERY - LONG if op == "close" else 0

    def wrapper(*args: "Any", **kwargs: "Any") -> "Any":  # noqa: C901, PLR0912, PLR0915
        t0 = 0
        try:
            frame = _getframe(1)
            try:
                place = sites[id(frame.f_code) + frame.f_lasti]
            except KeyError:
                place = new_site(frame)
            if place < 0:
                place = place_of(place, frame.f_back)
            if place:
                try:
                    fd, flags, number = before(spool, args, kwargs)
                except (
                    Exception
                ) as trouble:  # wrong arguments: the original, below, has the right words for them
                    if not is_ours(trouble):
                        raise
                    place = INNER
            if not place:
                return original(*args, **kwargs)
            try:
                own = spool.local.own
            except AttributeError:
                thread, due = spool.thread(), 0
            else:
                thread, due = own[INDEX], own[DUE] - early
            claim = spool.next
            n = claim()
            ring = spool.ring
            at = n & spool.mask
            t0 = clock()
            try:
                open_record(ring, at, n, t0, fd, place, owner(), thread, code + flags, number, 0)
            except StructError:
                open_record(ring, at, n, t0, -1, place, owner(), thread, code + flags, -1, 0)
            result = layered(*args, **kwargs) if kwargs else layered(*args)
            t1 = clock()
            cpu = 0 if t1 < due else cpu_if_due(spool, t1, early)
            try:
                value = 0 if after is None else after(spool, n, args, result)
                if t1 - t0 < LONG or NUMBER.unpack_from(ring, at)[0] == n:
                    close_record(ring, at + CLOSE_AT, t1, value, 0, 0, cpu)
            except Exception as trouble:  # an answer that nobody has thought of
                if not is_ours(trouble):
                    raise
                spool.trouble(op, trouble)
                close_record(ring, at + CLOSE_AT, t1, 0, 0, 0, cpu)
            return result
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            try:
                if error.__traceback__ is not None:
                    leave_no_frame(error)
                if t0:
                    failed(spool, ring, at, n, t0, error)
                    if notes_failure and isinstance(error, OSError) and after is not None:
                        after(spool, n, args, None)
            except BaseException as other:  # as above
                leave_no_frame(other)
                raise
            raise

    return wrapper


class Finalizer:
    """`socket.socket.__del__`: notes that the garbage collector closes a socket, and hands back the C method.

    A wrapper function would be on the stack when the C method warns about an unclosed socket, and the ResourceWarning
    would name our line. A descriptor is asked for the method, writes its record, and is gone before the C method runs.
    So the record has no length; the system calls that follow are the finalizer's.
    """

    def __init__(self, spool: "Spool", original: "Wrapper", fileno: "Wrapper") -> None:
        self.spool = spool
        self.original = original
        self.fileno = fileno

    def __get__(self, sock: "Any", owner: "Any" = None) -> "Any":
        if sock is None:
            return self.original
        if self.spool.on:
            collected(self.spool, self.fileno(sock))
        return self.original.__get__(sock)


def collected(spool: "Spool", fd: int) -> None:
    """Write the record of a close by the garbage collector; a socket that was closed before has fd -1."""
    if fd < 0:
        return
    try:
        frame = _getframe(2)
        place = spool.site_of(frame)
        if place < 0:
            place = spool.place(place, frame.f_back)
    except ValueError:  # no Python caller: the interpreter is ending
        place = 0
    n = spool.next()
    ring = spool.ring
    at = n & spool.mask
    t0 = clock()
    who = (place, owner_var.get(), spool.thread())
    OPEN.pack_into(ring, at, n, t0, fd, *who, OP["close"] + COLLECTED, 0, 0)
    CLOSE_WELL.pack_into(ring, at + CLOSE_AT, t0, 0, 0)
