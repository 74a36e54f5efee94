"""`with tracedemo.trace() as t:`: what this very process asks of the kernel, kept in memory; for tests and notebooks.

    with tracedemo.trace() as t:
        urllib.request.urlopen(url).read()

    assert t.connections == 1
    print(t)                                    # the log

Recording is that of `tracedemo run` (recorders.inprocess.together): wrappers are set when the first trace begins, and taken
away when the last one ends. In between, each trace is a window over what one recorder writes.

    calls.py     Calls: some of the calls, picked          peers.py     which of them went to a network or host
    reading.py   what was recorded, as a Trace             display.py   as text, on a terminal of rich, as HTML

Nothing is imported here before a trace begins or is looked at.
"""

from __future__ import annotations

from tracedemo.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import IO, Any, Self

    from tracedemo.analysis.study import Study
    from tracedemo.api.calls import Calls
    from tracedemo.events import Trace
    from tracedemo.recorders.inprocess.window import Window

__all__ = ["MAX_EVENTS", "Tracing", "trace"]

MAX_EVENTS = 1 << 17
"""Calls that are kept, unless somebody asks for more: 8 MiB of them, and as much again and more for details."""


def trace(*, max_events: int = MAX_EVENTS, name: str = "trace") -> Tracing:
    """Record the socket, select, selectors, ssl and asyncio calls that this process makes inside a `with` block.

    Calls of all threads are recorded; those of child processes are not. Traces may be nested, and may run in several
    threads at once: each sees all calls between its own begin and end.

    Args:
        max_events: how many calls are kept, the newest; rounded up to a power of two. What is lost is counted in `dropped`.
            It takes effect in the trace that begins first: those inside it share its memory.
        name: what to call the trace where it is shown.

    Raises:
        UsageError: max_events is not positive.
    """
    if max_events < 1:
        raise UsageError(f"max_events is {max_events}: a trace keeps one call at least")
    return Tracing(max_events=max_events, name=name)


class Tracing:
    """A trace of this process, made by `tracedemo.trace()`: what was recorded, and questions about it.

    It may be looked at inside the block, too, and then shows what has been recorded so far.  Rows are decoded when somebody
    asks for the first time.  All times are nanoseconds of `time.monotonic_ns()`.

    Every question raises UsageError when the block was never entered.  One that gives a number warns (RuntimeWarning) when
    calls were dropped, since the number is that of the rest.
    """

    def __init__(self, *, max_events: int = MAX_EVENTS, name: str = "trace") -> None:
        self.max_events = max_events
        self.name = name
        self._window: Window | None = None
        self._on = False
        self._seen: tuple[Any, Study] | None = None

    # -- The block

    def __enter__(self) -> Self:
        if self.on:
            raise UsageError(
                f"the trace {self.name!r} has begun and not ended: it cannot be entered twice at once",
                "Make another one: tracedemo.trace() for each block.",
            )
        from tracedemo.recorders.inprocess import together

        self._on = True
        self._seen = None
        try:
            self._window = together.begin(self.max_events)
        except BaseException:
            self._on = False
            raise
        return self

    def __exit__(self, *_: object) -> None:
        from tracedemo.recorders.inprocess import together

        if self._window is not None:
            together.end(self._window)
        self._on = False

    @property
    def on(self) -> bool:
        """True inside the block.  In a child that was forked there, false: nothing is recorded in it."""
        return self._on and self._window is not None and not self._window.forked

    # -- What was recorded

    @property
    def study(self) -> Study:
        """The trace with all that analysis finds in it: `study.connections`, `.states`, `.summary`, `.wakeups` ..."""
        from tracedemo.api import reading

        window = self._window
        if window is None:
            raise UsageError(
                f"the trace {self.name!r} has not begun", "Write: with tracedemo.trace() as t: ..."
            )
        mark = window.mark(), self._on
        if self._seen is None or self._seen[0] != mark or not reading.is_settled(self._seen[1], window):
            self._seen = mark, reading.read(window, self.name, self.max_events)
        return self._seen[1]

    @property
    def trace(self) -> Trace:
        """The rows with their header, as in a saved file: a sequence of `tracedemo.events.Event`."""
        return self.study.trace

    def calls(
        self,
        op: str | Iterable[str] | None = None,
        *,
        errno: str | int | None = None,
        exc: str | type[BaseException] | None = None,
        fd: int | None = None,
        owner: str | None = None,
    ) -> Calls:
        """The calls that the program made and for which all that is given holds, in order of their begin.

        What libraries do while they are imported is in `trace`, but not here.

        Args:
            op: `connect`, `recv`, `select` ..., as in `tracedemo explain`; or several of them.
            errno: `"EAGAIN"`, or its number: what the system call answered.
            exc: the exception that Python raised, by name, or the very class.
            fd: the descriptor that the call was about.
            owner: the task, generator or thread that made it; a `*` stands for anything.

        Raises:
            UsageError: there is no such operation or errno.
        """
        from tracedemo.api.calls import pick

        return pick(self._whole(), op=op, errno=errno, exc=exc, fd=fd, owner=owner)

    def count(
        self,
        op: str | Iterable[str] | None = None,
        *,
        errno: str | int | None = None,
        exc: str | type[BaseException] | None = None,
        fd: int | None = None,
        owner: str | None = None,
    ) -> int:
        """The number of calls for which all that is given holds: `len()` of the same question to `calls`."""
        return len(self.calls(op, errno=errno, exc=exc, fd=fd, owner=owner))

    def to(self, where: str) -> Calls:
        """The calls that went to a peer: connects, even those that failed, and sends; no answers on accepted sockets.

        Args:
            where: a network (`"10.0.0.0/8"`), an address (`"10.1.2.3"`, `"::1"`) or a host name, either of them perhaps
                with a port (`"10.1.2.3:80"`, `"[::1]:80"`, `"example.com:443"`), or `"unix:/path"`. A host name means the
                addresses that a lookup recorded in this trace has given for it.

        Raises:
            UsageError: `where` is none of these; or it is about addresses, none was found, and there are calls of which
                the trace cannot tell to which address they went (a name that the kernel's side never told us, a socket
                that was connected before): "no" would be a guess.
        """
        from tracedemo.api.peers import going_to

        study, window = self._whole(), self._window
        assert window is not None  # noqa: S101  # there would be no study
        return going_to(study, where, window.before)

    @property
    def connections(self) -> int:
        """How many connections this process made or began: sockets that it connected, without those that were refused.

        Accepted sockets, socket pairs and datagram sockets are none of them.
        """
        from tracedemo.api.peers import connections_made

        return len(connections_made(self._whole()))

    @property
    def bytes_sent(self) -> int:
        """Bytes that calls of the program handed over on sockets other than an event loop's own wake-up pipe.

        For TLS by the ssl module's sockets this is the text, for asyncio's TLS what goes over the wire.
        """
        from tracedemo.api.peers import talking

        return sum(socket.bytes_sent for socket in talking(self._whole()))

    @property
    def bytes_received(self) -> int:
        """Bytes that calls of the program got, likewise."""
        from tracedemo.api.peers import talking

        return sum(socket.bytes_received for socket in talking(self._whole()))

    @property
    def wakeups(self) -> int:
        """Returns of select, poll, epoll and kqueue, empty ones included."""
        return self._whole().summary.wakeups

    @property
    def dropped(self) -> int:
        """Calls and callbacks for which the trace had no room (`max_events`).  `trace.header.dropped` tells them apart."""
        return sum(count for lane, count in self.trace.header.dropped.items() if lane != "facts")

    def _whole(self) -> Study:
        """The study, and a warning if it is not all."""
        study = self.study
        if self.dropped:
            import warnings

            warnings.warn(
                f"{self.dropped:,} calls of the trace {self.name!r} were dropped, and are in no answer: "
                f"raise max_events (now {self.max_events:,})",
                RuntimeWarning,
                stacklevel=3,
            )
        return study

    # -- Kept and shown

    def save(self, path: str | Path) -> None:
        """Write a file that `tracedemo show` reads, with the text of the source files.

        Raises:
            FileError: it cannot be written.
        """
        from pathlib import Path

        from tracedemo import tracefile

        tracefile.write(self.trace, Path(path))

    def show(self, view: str = "log", file: IO[str] | None = None) -> None:
        """Write a view: in colours on a terminal, as text elsewhere.

        Args:
            view: `log`, `summary`, `timeline`, `connections` ..., as for `tracedemo show --view`.
            file: where to; None: sys.stdout.

        Raises:
            UsageError: there is no such view.
        """
        from tracedemo.api import display

        display.show(self.study, view, file)

    def __str__(self) -> str:
        """The log as text, without an end."""
        from tracedemo.api import display

        return display.text(self.study, "log").rstrip("\n") if self._window else repr(self)

    def __repr__(self) -> str:
        window = self._window
        if window is None:
            return f"<{type(self).__name__} {self.name!r}: not begun>"
        calls = (window.calls.until - window.calls.first) // 64
        return f"<{type(self).__name__} {self.name!r}: {calls} records{', going on' if self.on else ''}>"

    def __rich_console__(self, console: Any, options: Any) -> Iterator[Any]:
        """The log and the summary, for `rich.print`."""
        from tracedemo.api import display

        if self._window is None:
            return iter([display.one_line(repr(self))])
        return display.on_console(self.study, console, options)

    def _repr_html_(self) -> str | None:
        """The log and the summary as a piece of HTML that loads nothing; None: there is nothing yet."""
        from tracedemo.api import display

        return display.html(self.study) if self._window else None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """For IPython and Jupyter: text and HTML."""
        if self._window is None:
            return {"text/plain": repr(self)}
        from tracedemo.api import display

        makers = {"text/plain": display.short_text, "text/html": display.html}
        wanted = [kind for kind in makers if (not include or kind in include) and kind not in (exclude or ())]
        return {kind: makers[kind](self.study) for kind in wanted}
