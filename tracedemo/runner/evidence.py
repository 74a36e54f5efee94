"""What a run has left behind, read: spools, the server's log, source files; and the header that says what is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import tracedemo
from tracedemo.analysis.identity import identify
from tracedemo.errors import RecorderError
from tracedemo.events import LANES, SERVER, Event, Header, Trace
from tracedemo.recorders.inprocess.decode import Recording, read_spool, root_of, spool_heads
from tracedemo.recorders.inprocess.pace import BUDGET, PATIENCE
from tracedemo.recorders.kernel.redact import without_secrets
from tracedemo.runner.child import Finished
from tracedemo.runner.kernel import Seen, add_kernel
from tracedemo.runner.targets import RunOptions, Target
from tracedemo.server import ServerHandle


def read_trace(
    target: Target,
    argv: list[str],
    options: RunOptions,
    server: ServerHandle | None,
    folder: Path,
    done: Finished,
    seen: Seen,
) -> Trace:
    """The Trace of a run: its spools, the server's log and what the kernel engine saw, joined.

    Raises:
        RecorderError: the target ran, but left nothing that we can read.
    """
    recordings, broken = _recordings(folder, done.pid)
    events = [event for recording in recordings for event in recording.events]
    if server is not None:
        events += _server_lane(server, redact=options.redact)
    header = _header(target, argv, options, server, recordings, done)
    header = replace(header, notes=(*header.notes, *broken))
    if options.kernel is not None:
        threads = {event.tid: recording.pid for recording in recordings for event in recording.events}
        header, rows = add_kernel(header, seen, threads, folder, redact=options.redact)
        events += rows
    trace = identify(Trace(header, events).sorted())
    trace.sources.update(_sources(trace))
    return trace.replace(header=replace(header, recorded=_count_lanes(trace)))


def _recordings(folder: Path, pid: int) -> tuple[list[Recording], list[str]]:
    """The spools, the target's own first, and what cannot be read.  A child has owners that its parent has named."""
    heads = spool_heads(folder)
    root = root_of(heads, pid)
    if root is None:
        trouble = next((file.read_text() for file in folder.glob("*.trouble")), "")
        message = "the program ran, but left no record" + (f": {trouble}" if trouble else "")
        raise RecorderError(
            message,
            "It may be no Python, or have been started with -I, -E or -S, which keep the recorder out.",
        )
    recordings: list[Recording] = []
    broken: list[str] = []
    owners: dict[int, dict[int, str]] = {}
    for head in [root, *(head for head in heads if head is not root)]:  # a parent begins before its children
        try:
            recording = read_spool(head.path, owners)
        except (RecorderError, OSError) as error:
            if head is root:
                raise
            broken.append(f"not shown: process {head.pid}: {error}")
            continue
        owners[recording.pid] = recording.facts.owners
        recordings.append(recording)
    return recordings, broken


def _server_lane(server: ServerHandle, *, redact: bool) -> Iterator[Event]:
    for seq, raw in enumerate(server.events()):
        detail = without_secrets(raw.detail) if raw.detail and redact else raw.detail
        args = {"server_conn": raw.conn, "piece": raw.piece, "detail": detail}
        if raw.peer is not None:
            host, port = raw.peer
            args["peer"] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        known = {name: value for name, value in args.items() if value is not None}
        yield Event(seq, SERVER, raw.op, raw.t, raw.t, server.pid, server.pid, args=known, bytes=raw.bytes)


def _header(
    target: Target,
    argv: list[str],
    options: RunOptions,
    server: ServerHandle | None,
    recordings: Sequence[Recording],
    done: Finished,
) -> Header:
    meta = recordings[0].facts.meta
    stopped = next(
        (event.op for event in reversed(recordings[0].events) if event.op in ("deadlock", "spin")), ""
    )
    ended = stopped or (
        "its time was over"
        if done.timed_out
        else "interrupted"
        if done.interrupted
        else f"signal {done.signal}"
        if done.signal
        else "exit"
    )
    return Header(
        target=target.name,
        kind=target.kind,
        argv=tuple(map(without_secrets, argv) if options.redact else argv),
        requests=options.requests if target.kind == "variant" else None,
        python=str(meta["python"][-1]) if meta["python"] else "",
        implementation=str(meta["implementation"][-1]) if meta["implementation"] else "",
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        recorder_version=tracedemo.__version__,
        flow=str(meta["flow"][-1]) if meta["flow"] else "",
        clock_start=done.clock_start,
        clock_end=done.clock_end,
        cpu_user=done.cpu_user,
        cpu_system=done.cpu_system,
        pid=recordings[0].pid,
        exit_code=done.exit_code,
        ended=ended,
        server=_server_facts(options, server),
        limits=done.limits,
        dropped=_add_up([recording.dropped for recording in recordings]),
        notes=tuple(_notes(recordings)),
    )


def _server_facts(options: RunOptions, server: ServerHandle | None) -> Mapping[str, object]:
    if server is None:
        return {}
    asked = options.server
    facts: dict[str, object] = {
        "address": f"{server.host}:{server.port}",
        "pace": asked.pace,
        "pieces": asked.pieces,
    }
    facts |= {"size": asked.size, "nonce": server.options.nonce}
    if asked.pace == "lockstep":
        return facts | {"patience": PATIENCE, "budget": BUDGET}
    return facts | {"delay": asked.delay_ms, "gap": asked.gap_ms}


def _notes(recordings: Sequence[Recording]) -> Iterator[str]:
    """Sentences about what could not be seen, and what tracing changed."""
    for recording in recordings:
        meta = recording.facts.meta
        for trouble in meta["trouble"]:
            yield f"not all could be recorded in process {recording.pid}: {trouble}"
        for name in meta["beyond"]:
            yield f"{name} was imported: {_BEYOND.get(name, _IN_C)}"
        for names in meta["proxied"]:
            yield f"stand-ins take the place of types that cannot be patched on this Python: {', '.join(map(str, names))}"
        for name in meta["flow_ended"]:
            yield f"the steps of {name} were recorded until it had taken 1,000 without a socket call"
        if recording.dropped["facts"]:
            yield f"{recording.dropped['facts']:,} details of calls (addresses, ready lists) found no room"


_IN_C = "its sockets live in C, and are not seen here; --kernel shows their system calls"
_BEYOND = {
    "uvloop": f"{_IN_C}, or run with asyncio's own loop",
    "gevent": "its loop and its sockets are its own, and not seen here; --kernel shows their system calls",
}
"""What to say of a library whose sockets are not Python's."""


def _add_up(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {
        name: sum(count[name] for count in counts)
        for name in counts[0]
        if any(count[name] for count in counts)
    }


def _count_lanes(trace: Trace) -> dict[str, int]:
    lanes = list(trace.column("lane"))
    return {lane: count for lane in LANES if (count := lanes.count(lane))}


def _sources(trace: Trace) -> Iterator[tuple[str, str]]:
    """The text of every source file that a site names."""
    columns = (trace.column("site"), trace.column("user_site"))
    files = {site.file for column in columns for site in set(column) if site is not None}
    for name in sorted(files):
        with suppress(OSError, UnicodeDecodeError, ValueError):
            yield name, Path(name).read_text(encoding="utf-8")
