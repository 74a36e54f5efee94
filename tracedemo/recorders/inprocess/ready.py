"""asyncio: what an event loop runs, seen by the deque from which it takes its handles.

What a loop runs stands in `loop._ready`. `BaseEventLoop._run_once` (Lib/asyncio/base_events.py, 3.11 to 3.15) asks at the
start of a turn whether it is empty, selects, and then takes one handle after another by `popleft`. So a subclass of deque
sees it all: `popleft` ends one callback and begins the next, `bool()` ends the last of a turn. Nothing of ours is on the
stack while a callback runs, which a wrapper around `Handle._run` would be.
"""

from __future__ import annotations

from _socket import socket
from collections import deque
from types import BuiltinFunctionType, CoroutineType, FunctionType, MethodType, NoneType

from tracedemo.recorders.inprocess.callbacks import site_of_coroutine
from tracedemo.recorders.inprocess.layout import CLOSE_AT, LONG, NUMBER, OP, RECORD, clock
from tracedemo.recorders.inprocess.looks import name_of
from tracedemo.recorders.inprocess.spool import owner_var
from tracedemo.recorders.inprocess.standins import is_ours, leave_no_frame

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tracedemo.recorders.inprocess.tasks import Tasks

_CALLBACK = OP["callback"]
_NO_FD, _OF_TRANSPORT, _OF_ARGUMENT, _OF_SELF_PIPE = range(4)
"""Where the descriptor of a callback is found."""


def ready_class(tasks: Tasks) -> type[Ours]:  # noqa: C901  # one class, made here for the sake of speed
    """The class of `loop._ready`: a deque that writes down what is taken out of it."""
    spool, special = tasks.spool, tasks.special
    take, is_filled = deque.popleft, deque.__len__
    at_flow, mask = spool.flow_at, spool.flow_mask
    owner_of = owner_var
    write, put = RECORD.pack_into, NUMBER.pack_into
    kinds: dict[type, int] = dict(_KINDS)
    in_c = tasks.classes[0]
    steps: dict[int, tuple[int, int]] = {}
    """Place and number of a task's step, by the address at which its coroutine goes on."""
    names: dict[str, tuple[int, int]] = {}
    """Number of a callback, and the way to its descriptor, by its name."""

    class Ready(Ours):
        __slots__ = ("before", "claim", "home", "n", "t0", "thread")

        def __init__(self) -> None:
            self.before: deque[Any] | None = None
            self.home: Any = None
            self.n = self.t0 = self.thread = 0
            self.claim: Callable[[], int] = int

        def popleft(self) -> Any:  # noqa: C901  # for speed, as above
            try:
                handle = take(self)
                now = clock()
                home = self.home
                n = self.n
                if n:
                    if home is spool.map and now - self.t0 < LONG:
                        put(home, at_flow + (n & mask) + CLOSE_AT, now)
                    else:
                        self.end(now)
                if not spool.on:
                    self.n = 0
                    return handle
                if home is not spool.map:
                    home = self.move()
                try:
                    callback = handle._callback  # noqa: SLF001  # what it will run
                    kind = kinds.get(type(callback), 0) or kind_of(callback)
                    if kind == _METHOD and type(callback.__func__) is not FunctionType:
                        kind = _OTHER
                    if kind == _WRAPPED or (kind <= _METHOD and callback.__name__ in _WAKE_UPS
                                            and tasks.known(callback.__self__) is not None):  # fmt: skip
                        place, number = step(callback.__self__, handle)
                        fd = -1
                    elif kind == _CANCELLED:  # and so it is passed over
                        self.n = 0
                        return handle
                    else:
                        place = 0
                        number, fd = plain(callback, kind, handle)
                    owner = handle._context.get(owner_of, 0)  # noqa: SLF001  # in which it runs
                    n = self.claim()
                    write(home, at_flow + (n & mask),
                          n, now, fd, place, owner, self.thread, _CALLBACK, number, 0, 0, 0, 0, 0)  # fmt: skip
                    self.t0 = now  # before n, by which the watchdog knows it
                    self.n = n
                except Exception as trouble:  # a handle that nobody has thought of
                    self.n = 0
                    if not is_ours(trouble):
                        raise
                    spool.trouble("callback", trouble)
                return handle
            except BaseException as error:
                leave_no_frame(error)
                raise

        def __bool__(self) -> bool:
            try:
                if self.n:
                    self.end(clock())
                if self.before:
                    self.drain()
                return is_filled(self) > 0
            except BaseException as error:  # of a signal handler
                leave_no_frame(error)
                raise

        def clear(self) -> None:
            if self.n:
                self.end(clock())
            deque.clear(self)

        def end(self, now: int) -> None:
            """Write that the callback has returned; nothing, if the ring, or the process, is another one by now."""
            n, self.n = self.n, 0
            if spool.on and self.home is spool.map:
                at = at_flow + (n & mask)
                if now - self.t0 < LONG or NUMBER.unpack_from(self.home, at)[0] == n:
                    put(self.home, at + CLOSE_AT, now)

        def move(self) -> Any:
            """Begin on another map: at first, and after a fork, when all has to be told again."""
            home = self.home = spool.map
            self.claim, self.thread = spool.next_flow, spool.thread()
            steps.clear()
            names.clear()
            return home

        def drain(self) -> None:
            """Take over what stands in the deque of before."""
            before = self.before
            while before:
                self.append(before.popleft())

    def kind_of(callback: Any) -> int:
        kind = type(callback)
        if kind.__name__ == "TaskStepMethWrapper" and kind.__module__ in ("_asyncio", "builtins"):
            kinds[kind] = _WRAPPED
            return _WRAPPED
        return _OTHER  # and a class of the program's own is not kept

    def step(task: Any, handle: Any) -> tuple[int, int]:
        try:
            coroutine = in_c.get_coro(task)
        except TypeError:
            coroutine = tasks.known(task).get_coro(task)
        if special:
            tasks.look_at(task, handle)
        if type(coroutine) is not CoroutineType:  # not one of Python's own, or an older kind
            return site_of_coroutine(spool, coroutine), spool.fact(name_of(coroutine)) << 32 | 1
        frame: Any = coroutine.cr_frame
        try:
            return steps[id(frame.f_code) + frame.f_lasti]
        except (AttributeError, KeyError):  # it has ended; or is new here
            found = site_of_coroutine(spool, coroutine), spool.fact(coroutine.__qualname__) << 32 | 1
            if frame is not None:
                steps[id(frame.f_code) + frame.f_lasti] = found
            return found

    def plain(callback: Any, kind: int, handle: Any) -> tuple[int, int]:
        """Number and descriptor of a callback that is no step."""
        name = name_of(callback) if kind == _OTHER else callback.__qualname__
        try:
            number, way = names[name]
        except KeyError:
            number, way = names[name] = (
                spool.fact(name) << 32,
                _way_to_fd(name) if kind == _METHOD else _NO_FD,
            )
        return number, _fd(way, callback, handle) if way and kind == _METHOD else -1

    return Ready


class Ours(deque):  # type: ignore[type-arg]  # of handles
    """What every `Ready` is, also that of another recorder."""

    __slots__ = ()


_PLAIN, _METHOD, _WRAPPED, _CANCELLED, _OTHER = range(1, 6)
_KINDS = {
    FunctionType: _PLAIN,
    BuiltinFunctionType: _PLAIN,
    MethodType: _METHOD,
    NoneType: _CANCELLED,
}
"""What a callback may be."""

_WAKE_UPS = frozenset({"task_wakeup", "TaskWakeupMethWrapper", "__step", "__wakeup"})
"""How the methods that go on with a task are called: of the C class, and of the Python one (Lib/asyncio/tasks.py)."""


def _way_to_fd(name: str) -> int:
    """Where a callback with this name has its descriptor (Lib/asyncio/selector_events.py)."""
    owner, _, method = name.rpartition(".")
    if method == "_read_from_self":
        return _OF_SELF_PIPE
    if owner.endswith("Transport"):
        return _OF_TRANSPORT
    if owner.endswith("EventLoop") and method.startswith(("_sock_", "_accept_connection")):
        return _OF_ARGUMENT
    return _NO_FD


def _fd(way: int, callback: Any, handle: Any) -> int:
    """The descriptor that a callback is about; -1: it is closed, or kept elsewhere."""
    if way == _OF_TRANSPORT:
        try:
            fd = object.__getattribute__(callback.__self__, "_sock_fd")
        except AttributeError:
            fd = -1
        return fd if type(fd) is int else -1
    if way == _OF_SELF_PIPE:
        sock = callback.__self__._ssock  # noqa: SLF001  # the loop's own
    else:
        sock = next((each for each in handle._args if issubclass(type(each), socket)), None)  # noqa: SLF001
    return -1 if sock is None else socket.fileno(sock)  # not that of a subclass
