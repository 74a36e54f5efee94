"""The client side of lock-step: before the program waits, ask the server to move one step.

Theory of operation (the words and the server's side: `tracedemo/lockstep.py`)
    This layer lies between a wrapper of the recorder and the original, so that all it does happens inside the call
    that was about to wait, after its `t0`, and counts as its wait. Each exchange is written down as a row `lockstep`
    marked `tracer`.

    Wait points
        * recv and its like, accept, and read on a socket that is blocking or has a timeout, when nothing is there;
        * select, poll, epoll_wait with a timeout other than zero, when nothing is ready. An epoll is asked through its
          own descriptor, which is readable when it has events: a question to the epoll itself would use up
          edge-triggered and one-shot events;
        * for a client that never waits, every tenth "not yet" of a connection in a row (PATIENCE).
    A connect or a send that waits is the kernel's move: the handshake, and room in the buffer, come by themselves,
    because the server accepts and reads eagerly. A connect that has only begun is let settle before connect() answers
    EINPROGRESS, and moved bytes are let arrive, so that what is ready does not depend on the scheduler.

    Deadlock: when a thread is about to wait without timeout, on nothing but connections to our server, and the server
    has nothing left for them, it counts as stuck; when all threads are stuck (or wait for a stuck one in join), nothing
    can ever happen, and the program is ended with a sentence that names the descriptors. Spin: a client that gets
    BUDGET "not yet" answers while the server has nothing left for it is ended likewise.
"""

from __future__ import annotations

import os
import select
import sys
from _thread import RLock, get_ident

import _socket

from tracedemo.lockstep import ARRIVAL_GRACE_S, decode_moved, encode_step
from tracedemo.recorders.inprocess import describe
from tracedemo.recorders.inprocess.spool import ARGS, HIGH, IS_TRACER, RESULT, clock, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

PATIENCE = 10
"""How many "not yet" answers of one connection in a row make a step."""
BUDGET = 20_000
"""How many "not yet" answers may come while the server has nothing left, before the run is ended."""
STOPPED = 125
"""Exit code of a program that we ended."""

READS = frozenset(("recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into", "accept"))
CONNECTS = frozenset(("connect", "connect_ex"))
SELECTS = frozenset(("select", "poll", "control"))
WATCHES = frozenset(("register", "modify", "unregister"))

_fileno, _gettimeout = describe.fileno, describe.gettimeout


class Pace:
    """What the traced process knows about its waits; one object a process."""

    def __init__(self, spool: Spool, control: str) -> None:
        """Args: control: path of the server's control socket."""
        self.spool = spool
        self.control = control
        self.lock = RLock()
        self.line: Any = None
        self.not_yet: dict[int, int] = {}
        self.vain = 0
        self.stuck: dict[int, dict[int, int]] = {}
        # Our own poll objects must not be the patched ones' business; the caller's code is INNER, being ours.
        self.poll = getattr(select, "poll", None)

    def renew(self) -> None:
        """In a child after fork: no thread but this one, and no line to the server yet."""
        self.lock = RLock()
        self.line = None
        self.stuck.clear()
        self.not_yet.clear()

    # -- Layers

    def layer(self, op: str, original: Any, place: str) -> Any:
        """Put the pace between a wrapper and its original; give the original back where there is no wait point."""
        if op in READS and place == "socket":
            return self._reading(original)
        if op in CONNECTS:
            return self._connecting(original)
        if op in SELECTS:
            return self._selecting(original, place)
        return original

    def _reading(self, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            sock = args[0]
            fd = _fileno(sock)
            timeout = _gettimeout(sock)
            if timeout == 0.0:
                return self._asking(original, fd, args, kwargs)
            if fd in self.spool.ports and not self._ready((fd,)):
                self._wait({fd: self.spool.ports[fd]}, endless=timeout is None)
            try:
                return original(*args, **kwargs)
            except BaseException as error:
                error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
                raise
            finally:
                self.stuck.pop(get_ident(), None)

        return paced

    def _asking(self, original: Any, fd: int, args: Any, kwargs: Any) -> Any:
        """A call on a non-blocking socket: count "not yet" answers in a row."""
        try:
            result = original(*args, **kwargs)
        except BlockingIOError as error:
            self._count_not_yet(fd)
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise
        self.not_yet.pop(fd, None)
        self.vain = 0
        return result

    def _count_not_yet(self, fd: int) -> None:
        if fd not in self.spool.ports:
            return
        count = self.not_yet.get(fd, 0) + 1
        self.not_yet[fd] = count % PATIENCE
        if count == PATIENCE and not self._step({fd: self.spool.ports[fd]}):
            self.vain += PATIENCE
            if self.vain >= BUDGET:
                self._stop("spin", (fd,), f"spin: {self.vain:,} times in a row the answer was \"not yet\", and the"
                           f" server has nothing left to send on fd {fd}")  # fmt: skip

    def _connecting(self, original: Any) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                if isinstance(error, BlockingIOError):
                    self._settle(args)
                error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
                raise
            if result:
                self._settle(args)
            return result

        return paced

    def _settle(self, args: Any) -> None:
        """Let a handshake with our server that has begun come to its end."""
        address = args[1]
        if type(address) is tuple and len(address) > 1 and address[1] in self.spool.servers:
            self._ready((_fileno(args[0]),), ARRIVAL_GRACE_S, writing=True)

    def _selecting(self, original: Any, place: str) -> Any:
        def paced(*args: Any, **kwargs: Any) -> Any:
            look = self._look_at(place, args, kwargs)
            waits = look is not None and look[3]
            if look is not None and waits:
                self._before_select(*look[:3])
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
                raise
            finally:
                self.stuck.pop(get_ident(), None)
            if look is not None and not waits and not (any(result) if type(result) is tuple else result):
                self._after_empty_glance(look[1])
            return result

        return paced

    # -- What a select looks at

    def _look_at(self, place: str, args: Any, kwargs: Any) -> tuple[dict[int, int], dict[int, int], bool, bool] | None:
        """(what to ask whether anything is ready, what is watched, without timeout, could wait) of a select.

        Descriptors stand with their events, 1 for read and 2 for write. None: wrong arguments, about which the original
        has the words.
        """
        try:
            if not place:
                watched = self._listed(*args[:2])
                timeout = args[3] if len(args) > 3 else None
            else:
                watched = self._watched(args[0])
                timeout = describe.argument(args, kwargs, 3 if place == "kqueue" else 1, "timeout")
            if timeout is not None and timeout < 0 and place in ("epoll", "poll"):
                timeout = None
            own = args[0].fileno() if place and hasattr(args[0], "fileno") else -1
            return {own: 1} if own >= 0 else watched, watched, timeout is None, timeout is None or timeout > 0
        except Exception:
            return None

    def _listed(self, reads: Any, writes: Any) -> dict[int, int]:
        """The first two arguments of select.select."""
        watched: dict[int, int] = {}
        for bit, things in ((1, reads), (2, writes)):
            for thing in things:
                fd = describe.descriptor(thing)
                watched[fd] = watched.get(fd, 0) | bit
        return watched

    def _after_empty_glance(self, watched: dict[int, int]) -> None:
        """A select with timeout 0 that found nothing is a "not yet" of all that it watches."""
        for fd, events in watched.items():
            if events & 1:
                self._count_not_yet(fd)

    def _watched(self, selector: Any) -> dict[int, int]:
        """What a selector watches: fd -> 1 (read) and 2 (write).  Bare epoll objects are asked through /proc."""
        keys = getattr(selector, "_fd_to_key", None)
        if keys is not None:
            return {fd: key.events for fd, key in keys.items()}
        watched: dict[int, int] = {}
        with suppress(OSError), open(f"/proc/self/fdinfo/{selector.fileno()}", "rb") as lines:
            for line in lines:
                if line.startswith(b"tfd:"):
                    words = line.split()
                    events = int(words[3], 16)
                    watched[int(words[1])] = (events & 1) | (events & 4) >> 1
        return watched

    def _before_select(self, asked: dict[int, int], watched: dict[int, int], endless: bool) -> None:
        self.not_yet.clear()
        if self._ready_events(asked, 0):
            return
        ports = self.spool.ports
        ours = {fd: ports[fd] for fd, events in watched.items() if fd in ports and events & 1}
        alone = all(fd in ports and events == 1 for fd, events in watched.items())
        if not ours:
            t0 = clock()
            self._note(t0, "nothing of ours to wait for")
            return
        self._wait(ours, endless=endless and alone)

    # -- Waiting

    def _wait(self, ours: dict[int, int], *, endless: bool) -> None:
        """About to sleep on `ours` (fd -> local port): have the server move, or find out that it never will."""
        self.not_yet.clear()
        if self._step(ours) or not endless:
            return
        self.stuck[get_ident()] = ours
        if not self._everybody_is_stuck():
            return
        # Another thread may have sent what the server was missing, since it was asked: ask once more for all.
        everything = {fd: port for waiting in self.stuck.values() for fd, port in waiting.items()}
        if len(self.stuck) > 1 and self._step(everything):
            return
        named = ", ".join(f"fd {fd}" for fd in sorted(everything))
        self._stop("deadlock", tuple(everything), f"deadlock: the program waits for {named}, and the server has nothing"
                   " left to send there")  # fmt: skip

    def _step(self, ours: dict[int, int]) -> bool:
        """One exchange with the server; True when something moved (and has arrived)."""
        t0 = clock()
        fd_of = {port: fd for fd, port in ours.items()}
        moved = self._exchange(sorted(fd_of))
        for port in moved:
            if port in fd_of:
                self._ready((fd_of[port],), ARRIVAL_GRACE_S)
        self._note(t0, " ".join(f"{port}:{what}" for port, what in moved.items()) or "nothing left")
        if moved:
            self.vain = 0
        return bool(moved)

    def _exchange(self, ports: list[int]) -> dict[int, str]:
        with self.lock:
            if self.line is None:
                self._call_server()
            line = self.line
            try:
                line.sendall(encode_step(ports))
                answer = b""
                while not answer.endswith(b"\n"):
                    part = line.recv(65536)
                    if not part:
                        return {}
                    answer += part
            except OSError:
                return {}
            return decode_moved(answer)

    def _call_server(self) -> None:
        """Open the control connection on a high descriptor, so that the program's numbers stay what they are."""
        low = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        held = []
        with suppress(OSError):
            while (held[-1] if held else 0) < HIGH:
                held.append(os.dup(low.fileno()))
        number = held.pop() if held else os.dup(low.fileno())
        for fd in held:
            os.close(fd)
        low.close()
        os.set_inheritable(number, False)
        self.line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM, 0, number)
        self.line.connect(self.control)

    def _ready(self, fds: tuple[int, ...], grace: float = 0.0, *, writing: bool = False) -> bool:
        return self._ready_events(dict.fromkeys(fds, 2 if writing else 1), grace)

    def _ready_events(self, watched: dict[int, int], grace: float) -> bool:
        """True when one of the descriptors is ready; waits up to `grace` seconds for it."""
        if self.poll is None:
            return bool(any(select.select(*_three_lists(watched), grace)))
        asked = self.poll()
        for fd, events in watched.items():
            if fd >= 0:
                asked.register(fd, (select.POLLIN if events & 1 else 0) | (select.POLLOUT if events & 2 else 0))
        return bool(asked.poll(grace * 1000))

    # -- What is written down, and the end

    def _note(self, t0: int, words: str) -> None:
        n = self.spool.event("lockstep", t0, clock(), flags=IS_TRACER)
        self.spool.tell(RESULT, n, words)

    def _everybody_is_stuck(self) -> bool:
        for thread, frame in sys._current_frames().items():  # noqa: SLF001  # the only list of all threads
            if thread not in self.stuck and not _joins(frame):
                return False
        return True

    def _stop(self, op: str, fds: tuple[int, ...], words: str) -> None:
        now = clock()
        n = self.spool.event(op, now, now, fds[0] if fds else -1)
        self.spool.tell(ARGS, n, words, *sorted(fds))
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        os._exit(STOPPED)


def _three_lists(watched: dict[int, int]) -> tuple[list[int], list[int], list[int]]:
    return [fd for fd, bits in watched.items() if bits & 1], [fd for fd, bits in watched.items() if bits & 2], []


def _joins(frame: Any) -> bool:
    """True for a thread that waits without timeout until another thread ends."""
    while frame is not None and frame.f_code.co_filename.endswith("threading.py"):
        if frame.f_code.co_name in ("join", "_shutdown", "_wait_for_tstate_lock"):
            return frame.f_locals.get("timeout") in (None, -1)
        frame = frame.f_back
    return False
