"""The programs that the lesson is about, in the order in which to read them.

Each is one whole file that needs the standard library and nothing else, and runs alone:

    python tracedemo/variants/selector.py 127.0.0.1:8000 -n 5

They repeat each other on purpose: what differs between two of them is the lesson. This page only lists them.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Variant(NamedTuple):
    """One of the programs: what it is called, what it shows, where in the post it stands."""

    name: str
    """Name of the file without `.py`, and of the variant on the command line."""
    title: str
    """Short, for headings and pictures."""
    teaches: str
    """One sentence: what there is to see."""
    post: str
    """Heading of the section of the post that it follows, or "not in the post" and why it is here."""

    options: tuple[str, ...] = ()
    """Options that it has beyond the address, `-n` and `--path`, which all that fetch have; each takes a value."""
    fetches: bool = True
    """Whether it needs a server, and knows an address and `--path`."""
    at_once: bool = True
    """Whether it opens a socket for each request before the first is closed."""

    @property
    def path(self) -> Path:
        """The file that holds the whole program."""
        return Path(__file__).with_name(f"{self.name}.py")


VARIANTS = (
    Variant(
        name="blocking",
        title="Blocking",
        teaches="Each call puts the thread to sleep until the kernel is done, so fetches queue up.",
        post="How your application talks to the network",
        at_once=False,
    ),
    Variant(
        name="threads",
        title="Threads",
        teaches="The same sleeping calls overlap, at the price of one thread for each fetch.",
        post="not in the post: the other way out when a call blocks, for contrast",
    ),
    Variant(
        name="nonblocking",
        title="Non-blocking, polled",
        teaches='No call sleeps, so one thread can ask for all, and burns a whole core on "not yet".',
        post="Non-blocking sockets",
    ),
    Variant(
        name="selector",
        title="Selector loop",
        teaches="One thread sleeps for all sockets at once, and the kernel says whose turn it is.",
        post="The scheduler",
        options=("--selector",),
    ),
    # The post only points at asyncio: "this is its core" in one section, "a future post" at the very end.
    Variant(
        name="asyncio_sock",
        title="asyncio, sock_* calls",
        teaches="The same socket calls with await for yield, and asyncio's loop in place of our own.",
        post="Extending to multiple concurrent requests",
        options=("--selector",),
    ),
    Variant(
        name="asyncio_streams",
        title="asyncio streams",
        teaches="The everyday interface: no socket in sight, the same system calls below.",
        post="Scaling to thousands of sockets",
        options=("--selector",),
    ),
    # What the post leaves open, in three programs.
    Variant(
        name="sleepers",
        title="Sleeping generators",
        teaches="Thousands of generators that only sleep cost a heap of deadlines and one call.",
        post="Scaling to thousands of sockets",
        options=("--sleep",),
        fetches=False,
        at_once=False,
    ),
    Variant(
        name="upload",
        title="Selector loop, upload",
        teaches="A body larger than the send buffer makes the sender wait for its reader.",
        post="Non-blocking sockets",
        options=("--selector", "--body", "--buffer"),
    ),
    Variant(
        name="robust",
        title="Selector loop, robust",
        teaches="The loop done right: errors stay with their fetch, and deadlines and limits are kept.",
        post="Scaling to thousands of sockets",
        options=("--selector", "--deadline", "--at-most"),
    ),
)


def by_name(name: str) -> Variant | None:
    """The variant of that name; None when there is none."""
    return next((variant for variant in VARIANTS if variant.name == name), None)
