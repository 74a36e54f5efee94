"""What a program tells its selector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tracedemo.events import Event
from tracedemo.workshop.case import Case
from tracedemo.workshop.rules import Broken, by_name, rule


class _Watched:
    """What selectors watch, while the calls go by: no row of a registration says with which of them it was made."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[int, str]] = {}
        """By descriptor: where it was registered, and with what kind of selector."""
        self.closed: set[int] = set()
        """Those whose socket was closed meanwhile."""
        self.open: Counter[str] = Counter()
        """How many selectors of each kind are open."""

    def add(self, row: int, event: Event) -> None:
        """One call more."""
        kind, fd = str(event.args.get("selector")), event.fd
        if event.op == "selector":
            self.open[kind] += 1
        elif event.op == "close" and "what" in event.args:
            self.selector_closed(str(event.args["what"]))
        elif fd is None:
            return
        elif event.op in ("register", "modify") and not event.failed:
            self.rows[fd] = row, kind
            self.closed.discard(fd)
        elif event.op == "unregister":
            self.rows.pop(fd, None)
        elif event.op in ("close", "detach") and fd in self.rows:
            self.closed.add(fd)

    def selector_closed(self, kind: str) -> None:
        """The last one of a kind takes with it what it watched; but not what was closed before: nobody let go of that."""
        self.open[kind] -= 1
        if self.open[kind] <= 0:
            self.rows = {
                fd: where for fd, where in self.rows.items() if where[1] != kind or fd in self.closed
            }


@rule(
    "watch/nothing-left",
    "Unregister a socket before it is closed; then select() has nothing to wait for in vain.",
)
def nothing_left(case: Case) -> Iterator[Broken]:
    """At the end no socket is registered any more; a selector that is closed forgets those that are still open."""
    watched = _Watched()
    for row, event in case.calls:
        watched.add(row, event)
    for fd, (row, _) in watched.rows.items():
        yield Broken("it is still registered at the end", row, fd)


RULES = by_name(nothing_left)
