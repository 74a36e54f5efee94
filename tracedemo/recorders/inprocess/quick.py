"""The quick shape of a wrapper: for calls that move no bytes, yet are made for every connection.

It knows the usual call of a method: an object and at most three arguments, none by name. Whatever is unusual (more
arguments, names, objects that only their own code knows) is handed on to the wrapper of `wrappers.described`. So a row has
both, and both write the same.

A call that cannot wait is written when it has returned, in one go, as `transfer` does it. (So close() is not among them:
it can wait, when SO_LINGER is set, and nothing tells that beforehand.)

The rules are those of `wrappers`.
"""

from sys import _getframe

from tracedemo.recorders.inprocess.endings import cpu_if_due, failed, failed_unopened
from tracedemo.recorders.inprocess.layout import (
    CLOSE,
    CLOSE_AT,
    DUE,
    INDEX,
    LONG,
    NUMBER,
    OP,
    OPEN,
    RECORD,
    RECORD_WELL,
    clock,
)
from tracedemo.recorders.inprocess.spool import owner_var
from tracedemo.recorders.inprocess.standins import is_ours, leave_no_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.describe_quick import Quick
    from tracedemo.recorders.inprocess.spool import Spool

    Wrapper = Callable[..., Any]

record, open_record, close_record, whole_record = (
    RECORD_WELL.pack_into, OPEN.pack_into, CLOSE.pack_into, RECORD.pack_into,
)  # fmt: skip

MISSING: "Any" = object()
"""Stands for an argument that was not given."""


def quick(op: str, original: "Wrapper", unusual: "Wrapper", spool: "Spool", how: "Quick") -> "Wrapper":  # noqa: C901, PLR0915  # one piece, as `transfer`
    """Wrap a method whose usual calls `how` knows.

    Args:
        unusual: the wrapper for all other calls; it is told that the caller is one frame further away.
    """
    code = OP[op]
    known, after = how
    sites, owner = spool.sites, owner_var.get

    def wrapper(  # noqa: C901, PLR0912, PLR0915
        sock: "Any" = MISSING, first: "Any" = MISSING, second: "Any" = MISSING, third: "Any" = MISSING,
        /, *rest: "Any", **named: "Any",
    ) -> "Any":  # fmt: skip
        t0 = 0
        try:
            if rest or named:
                return unusual(*given(sock, first, second, third), *rest, **named)
            frame = _getframe(1)
            try:
                place = sites[id(frame.f_code) + frame.f_lasti]
            except KeyError:
                place = spool.new_site(frame)
            if place < 0:
                place = spool.place(place, frame.f_back)
            try:
                found = known(spool, sock, first, second, third) if place else None
                own = spool.local.own
            except Exception as trouble:  # the other has the right words for it
                if not is_ours(trouble):
                    raise
                found = None
            if found is None:
                return unusual(*given(sock, first, second, third))
            fd, flags, number = found
            n = next(spool.numbers)
            ring = spool.ring
            at = n & spool.mask
            who = owner()
            t0 = clock()
            if flags:
                open_record(ring, at, n, t0, fd, place, who, own[INDEX], code + flags, number)
            if second is MISSING:
                result = original(sock) if first is MISSING else original(sock, first)
            elif third is MISSING:
                result = original(sock, first, second)
            else:
                result = original(sock, first, second, third)
            t1 = clock()
            try:
                value = 0 if after is None else after(spool, n, sock, first, result)
                if t1 < own[DUE] and t1 - t0 < LONG and not flags:
                    record(ring, at, n, t0, fd, place, who, own[INDEX], code, number, t1, value)
                    return result
            except Exception as trouble:  # an answer that nobody has thought of
                if not is_ours(trouble):
                    raise
                spool.trouble(op, trouble)
                value = 0
            cpu = 0 if t1 < own[DUE] else cpu_if_due(spool, t1)
            if flags:
                if t1 - t0 < LONG or NUMBER.unpack_from(ring, at)[0] == n:
                    close_record(ring, at + CLOSE_AT, t1, value, 0, 0, cpu)
            elif NUMBER.unpack_from(ring, at)[0] < n:
                whole_record(ring, at, n, t0, fd, place, who, own[INDEX], code, number, t1, value, 0, 0, cpu)
            return result
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            try:
                if error.__traceback__ is not None:
                    leave_no_frame(error)
                if t0:
                    if flags:
                        failed(spool, ring, at, n, t0, error)
                    else:
                        failed_unopened(
                            spool, ring, at, n, t0, error, fd, place, who, own[INDEX], code, number
                        )
                    if op == "connect" and isinstance(error, OSError) and after is not None:
                        after(spool, n, sock, first, None)
            except BaseException as other:  # a signal handler's, in the place of this one
                leave_no_frame(other)
                raise
            raise

    return wrapper


def inner_first(original: "Wrapper", recorded: "Wrapper", spool: "Spool") -> "Wrapper":
    """Wrap a method that is mostly called by wrapped ones, as an epoll object's by a selector's.

    Args:
        recorded: the wrapper for other calls; it is told that the caller is one frame further away.
    """
    inner = spool.inner_ids

    def wrapper(
        this: "Any" = MISSING, first: "Any" = MISSING, second: "Any" = MISSING, third: "Any" = MISSING,
        /, *rest: "Any", **named: "Any",
    ) -> "Any":  # fmt: skip
        try:
            if rest or named or first is MISSING or id(_getframe(1).f_code) not in inner:
                return recorded(*given(this, first, second, third), *rest, **named)
            if third is not MISSING:
                return original(this, first, second, third)
            return original(this, first) if second is MISSING else original(this, first, second)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            try:
                if error.__traceback__ is not None:
                    leave_no_frame(error)
            except BaseException as other:  # as above
                leave_no_frame(other)
                raise
            raise

    return wrapper


def given(*arguments: "Any") -> "tuple[Any, ...]":
    """As many arguments as were given."""
    return tuple([each for each in arguments if each is not MISSING])
