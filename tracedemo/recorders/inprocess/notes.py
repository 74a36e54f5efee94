"""What the spools of a run say about themselves: what could not be seen, what tracing changed, what was lost.

Runs in our own process, as `decode` does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tracedemo.recorders.inprocess.decode import Recording


def notes(recordings: Sequence[Recording]) -> Iterator[str]:
    """Sentences about what could not be seen, and what tracing changed."""
    for recording in recordings:
        meta = recording.facts.meta
        for trouble in meta["trouble"]:
            yield f"not all could be recorded in process {recording.pid}: {trouble}"
        for names in meta["proxied"]:
            yield f"stand-ins take the place of types that cannot be patched on this Python: {', '.join(map(str, names))}"
        for name in meta["flow_ended"]:
            yield f"the steps of {name} were recorded until it had taken 1,000 without a socket call"
        if recording.dropped["facts"]:
            yield f"{recording.dropped['facts']:,} details of calls (addresses, ready lists) found no room"


def beyond(recordings: Sequence[Recording], *, kernel: bool = False) -> Iterator[str]:
    """Sentences about libraries whose sockets are out of our reach, each with what can be done.

    Args:
        kernel: whether system calls were recorded.
    """
    names = dict.fromkeys(name for recording in recordings for name in recording.facts.meta["beyond"])
    shown = (
        "their system calls are in the kernel lane, under no Python call"
        if kernel
        else "--kernel shows their system calls"
    )
    for name in names:
        yield f"{name} was imported: {_BEYOND.get(name, _IN_C)}; {shown}{_INSTEAD.get(name, '')}"


_IN_C = "its sockets live in C, and are not seen here"
_BEYOND = {"gevent": "its loop and its sockets are its own, and not seen here"}
"""What to say of a library whose sockets are not Python's."""
_INSTEAD = {"uvloop": ", or run with asyncio's own loop"}
"""What else can be done."""


def add_up(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """What was dropped by all processes, by lane; a lane that lost nothing is left out."""
    return {
        name: sum(count[name] for count in counts)
        for name in counts[0]
        if any(count[name] for count in counts)
    }
