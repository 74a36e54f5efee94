"""What lies between the recorder's wrappers and the originals when a run is paced by cause: a layer for each wait point.

Each layer asks the pace (pace.py) before a call that may sleep, or after one that said "not yet", and does nothing else.
"""

from __future__ import annotations

from _thread import get_ident
from errno import EINPROGRESS

from tracedemo.recorders.inprocess import describe, describe_ready
from tracedemo.recorders.inprocess.watched import listed, seconds_of, timeout_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

READS = frozenset(("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "accept"))
CONNECTS = frozenset(("connect", "connect_ex"))
SENDS = frozenset(("send", "sendall", "sendmsg"))
SELECTS = frozenset(("select", "poll", "control"))
WATCHES = frozenset(("register", "modify", "unregister"))

_fileno, _gettimeout = describe.fileno, describe.gettimeout


class Layers:
    """The layers, for a pace that knows what to do at each wait point."""

    if TYPE_CHECKING:
        not_yet: dict[int, int]
        """"Not yet" answers in a row, by descriptor ..."""
        vain: int
        """... and all together since the server had something."""
        full: dict[int, int]
        """The same for sends that found no room."""
        stuck: dict[int, tuple[dict[int, int], dict[int, int]]]
        """By thread, what it waits for in vain: descriptor -> port; and all that would wake it: descriptor -> events."""
        unused: int
        """Selects in a row that had news at once, and nothing was connected, sent or received since."""
        polls: dict[int, tuple[Any, dict[int, int]]]

        def _before_read(self, sock: Any, fd: int, timeout: float | None) -> None: ...
        def _before_select(self, place: str, args: Any, timeout: float | None) -> None: ...
        def _settle(self, args: Any) -> None: ...
        def _count_not_yet(self, fd: int) -> None: ...
        def _count_full(self, fd: int) -> None: ...
        def _count_glance(self, place: str, args: Any) -> None: ...

    def layer(self, op: str, original: Any, place: str) -> Any:
        """Put the pace between a wrapper and its original; give the original back where there is no wait point."""
        if op in READS and place == "socket":
            return self._reading(op, original)
        if op in SENDS and place == "socket":
            return self._sending(original)
        if op in CONNECTS:
            return self._connecting(original)
        if op in SELECTS:
            return self._selecting(original, place)
        if op in WATCHES and place == "poll":
            return self._watching(op, original)
        return original

    # In each layer `error.__traceback__ = ...` takes our frames out of the program's traceback (see `wrappers`): its own,
    # and those below it, in which a Ctrl-C may come.

    def _reading(self, op: str, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            asks = False
            try:
                fd, timeout = _fileno(args[0]), _gettimeout(args[0])
                asks = timeout == 0.0 or bool(describe.flags_of(op, args, kwargs) & describe.DONTWAIT)
                if not asks:
                    self._before_read(args[0], fd, timeout)
                result = original(*args, **kwargs)
                self.unused = 0
                if asks:
                    self.not_yet.pop(fd, None)
                    self.vain = 0
                return result
            except BaseException as error:
                if asks and isinstance(error, BlockingIOError):
                    self._count_not_yet(fd)
                error.__traceback__ = _beyond_ours(error.__traceback__)
                raise
            finally:
                self.stuck.pop(get_ident(), None)

        return paced

    def _sending(self, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
                self.unused = 0
                if self.full:
                    self.full.pop(_fileno(args[0]), None)
                return result
            except BaseException as error:
                if isinstance(error, BlockingIOError):
                    self._count_full(_fileno(args[0]))
                error.__traceback__ = _beyond_ours(error.__traceback__)
                raise

        return paced

    def _connecting(self, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            self.unused = 0
            try:
                result = original(*args, **kwargs)
                if result == EINPROGRESS:
                    self._settle(args)
                return result
            except BaseException as error:
                if isinstance(error, BlockingIOError):
                    self._settle(args)
                error.__traceback__ = _beyond_ours(error.__traceback__)
                raise

        return paced

    def _selecting(self, original: Any, place: str) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            try:
                if not place:
                    args = listed(args)
                timeout = timeout_of(place, args, kwargs)
                if timeout is None or timeout > 0:
                    self._before_select(place, args, seconds_of(place, timeout))
                result = original(*args, **kwargs)
                if timeout == 0 and not (any(result) if type(result) is tuple else result):
                    self._count_glance(place, args)
                return result
            except BaseException as error:
                error.__traceback__ = _beyond_ours(error.__traceback__)
                raise
            finally:
                self.stuck.pop(get_ident(), None)

        return paced

    def _watching(self, op: str, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
                _, watched = self.polls.setdefault(id(args[0]), (args[0], {}))
                fd = describe_ready.descriptor(args[1])
                if op == "unregister":
                    watched.pop(fd, None)
                else:
                    mask = describe.whole(args[2], 0) if len(args) > 2 else 0b111
                    watched[fd] = (mask & 0b11 != 0) | (mask & 0b100) >> 1
                return result
            except BaseException as error:
                error.__traceback__ = _beyond_ours(error.__traceback__)
                raise

        return paced


def _beyond_ours(found: TracebackType | None) -> TracebackType | None:
    """A traceback without our frames in front. No caller holds one in a local: that would be a cycle."""
    while found is not None and found.tb_frame.f_code.co_filename.startswith(_OURS):
        found = found.tb_next
    return found


_OURS = __file__.rpartition("layers")[0]
