"""What a run has left behind, read: spools, the server's log, source files; and the header that says what is missing."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Protocol

import tracedemo
from tracedemo.analysis import misbehaviour
from tracedemo.analysis.identity import identify
from tracedemo.errors import RecorderError
from tracedemo.events import FLOW, INJECTED, PYTHON, SERVER, Event, Header, Trace
from tracedemo.recorders.inprocess.asking import BUDGET, PATIENCE
from tracedemo.recorders.inprocess.decode import Recording, read_spool, root_of, spool_heads
from tracedemo.recorders.inprocess.notes import add_up, beyond, notes
from tracedemo.recorders.kernel.redact import without_secrets
from tracedemo.runner.child import Finished
from tracedemo.runner.kernel import Seen, add_kernel
from tracedemo.runner.processes import not_recorded, one_after_another
from tracedemo.runner.targets import RunOptions, Target
from tracedemo.server import RawLog, ServerOptions
from tracedemo.server.plan import ASCII
from tracedemo.tracefile.finishing import read_sources, rows_by_lane


class Served(Protocol):
    """A server that was asked in a run, as far as a Trace tells of it."""

    @property
    def host(self) -> str:
        """Where it listened."""

    @property
    def port(self) -> int:
        """Where it listened."""

    @property
    def pid(self) -> int:
        """Of its process."""

    @property
    def log(self) -> Path:
        """Its raw log."""

    @property
    def options(self) -> ServerOptions:
        """As they were asked for, with the nonce of the run."""

    def events(self) -> RawLog:
        """What it did."""


def read_trace(
    target: Target,
    argv: Sequence[str],
    options: RunOptions,
    server: Served | None,
    folder: Path,
    done: Finished,
    seen: Seen,
) -> Trace:
    """The Trace of a run: its spools, the server's log and what the kernel engine saw, joined.

    Raises:
        RecorderError: the target ran, but left nothing that we can read.
    """
    recordings, unreadable = _recordings(folder, done.pid)
    if options.keep == "last":
        recordings = [_last(recording, options.slots) for recording in recordings]
    events = [event for recording in recordings for event in recording.events]
    lane = [] if server is None else list(_server_lane(server, redact=options.redact))
    events += lane
    facts = {} if server is None else _server_facts(options, server, lane)
    header = _header(target, argv, options, facts, recordings, done)
    unseen = not_recorded(recordings, unreadable.keys(), folder, children=options.children)
    misbehaved = [text for text in (misbehaviour.note(facts, lane),) if text]
    notes = (*misbehaved, *header.notes, *unreadable.values(), *unseen)
    header = replace(header, notes=tuple(map(without_secrets, notes) if options.redact else notes))
    if options.kernel is not None:
        threads = {event.tid: recording.pid for recording in recordings for event in recording.events}
        header, rows = add_kernel(header, seen, threads, folder, redact=options.redact)
        events += rows
    trace = identify(Trace(header, events).sorted())
    trace.sources.update(read_sources(trace))
    return trace.replace(header=replace(header, recorded=rows_by_lane(trace)))


def _last(recording: Recording, most: int) -> Recording:
    """Of each lane no more than was asked for: a ring has room for a power of two."""
    events, dropped = [], dict(recording.dropped)
    for lane in (PYTHON, FLOW):
        rows = [event for event in recording.events if event.lane == lane]
        dropped[lane] += max(len(rows) - most, 0)
        events += sorted(rows, key=attrgetter("seq"))[-most:]
    return replace(recording, events=events, dropped=dropped)


def _recordings(folder: Path, pid: int) -> tuple[list[Recording], dict[int, str]]:
    """The spools, the target's own first, and whose cannot be read.  A child has owners that its parent has named."""
    heads = spool_heads(folder)
    root = root_of(heads, pid)
    if root is None:
        trouble = next((file.read_text() for file in folder.glob("*.trouble")), "")
        message = "the program ran, but left no record" + (f": {trouble}" if trouble else "")
        raise RecorderError(
            message,
            ""
            if trouble
            else "It may be no Python, or have been started with -I, -E or -S, which keep the recorder out.",
        )
    recordings: list[Recording] = []
    unreadable: dict[int, str] = {}
    owners: dict[int, dict[int, str]] = {}
    for head in [root, *(head for head in heads if head is not root)]:  # a parent begins before its children
        try:
            recording = read_spool(head.path, owners)
        except (RecorderError, OSError) as error:
            if head is root:
                raise
            unreadable[head.pid] = f"not shown: process {head.pid}: {error}"
            continue
        owners[recording.pid] = recording.facts.owners
        recordings.append(recording)
    return one_after_another(recordings), unreadable


def _server_lane(server: Served, *, redact: bool) -> Iterator[Event]:
    for seq, raw in enumerate(server.events()):
        detail = without_secrets(raw.detail) if raw.detail and redact else raw.detail
        args = {"server_conn": raw.conn, "piece": raw.piece, "detail": detail}
        if raw.peer is not None:
            host, port = raw.peer
            args["peer"] = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        known = {name: value for name, value in args.items() if value is not None}
        mark = INJECTED if raw.op in ("fault", "reset") else None
        yield Event(
            seq, SERVER, raw.op, raw.t, raw.t, server.pid, server.pid, args=known, bytes=raw.bytes, mark=mark
        )


def _header(
    target: Target,
    argv: Sequence[str],
    options: RunOptions,
    server: Mapping[str, object],
    recordings: Sequence[Recording],
    done: Finished,
) -> Header:
    meta = recordings[0].facts.meta
    stopped = next(
        (event.op for event in reversed(recordings[0].events) if event.op in ("deadlock", "spin")), ""
    )
    ended = stopped or (
        "asleep"
        if done.asleep
        else "its time was over"
        if done.timed_out
        else "interrupted"
        if done.interrupted
        else f"signal {done.signal}"
        if done.signal
        else "exit"
    )
    dropped = add_up([recording.dropped for recording in recordings])
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
        server=server,
        limits=done.limits,
        dropped=dropped,
        keep=options.keep,
        beyond=tuple(beyond(recordings, kernel=options.kernel is not None)),
        notes=(*_kept(dropped, recordings, options.keep), *notes(recordings), *_watchdog(recordings)),
    )


def _kept(dropped: Mapping[str, int], recordings: Sequence[Recording], keep: str) -> Iterator[str]:
    """Which part of the calls, and of the steps, was kept."""
    for lane, what in ((PYTHON, "calls"), (FLOW, "steps and callbacks")):
        if lost := dropped.get(lane, 0):
            kept = sum(event.lane == lane for recording in recordings for event in recording.events)
            whose = " of each process" if len(recordings) > 1 else ""
            yield f"the {keep} {kept:,} of {kept + lost:,} {what}{whose} were kept (--max-events, --keep)"


def _watchdog(recordings: Sequence[Recording]) -> Iterator[str]:
    """What the watchdog cost; what it told last counts."""
    for recording in recordings:
        match recording.facts.meta["watchdog"][-1:]:
            case [(int(samples), int(cpu_ns), *_)]:
                where = "" if recording is recordings[0] else f" in process {recording.pid}"
                times = "once" if samples == 1 else f"{samples:,} times"
                yield f"the watchdog looked {times}{where} and used {cpu_ns / 1e6:.1f} ms of CPU"


def _server_facts(options: RunOptions, server: Served, lane: Sequence[Event]) -> Mapping[str, object]:
    asked = options.server
    facts: dict[str, object] = {
        "address": f"{server.host}:{server.port}",
        "pace": asked.pace,
        "pieces": asked.pieces,
    }
    facts |= {"size": asked.size, "nonce": server.options.nonce}
    if asked.charset != ASCII:
        facts["charset"] = asked.charset
    if asked.fault:
        facts |= misbehaviour.facts(asked.fault, asked.seed, lane)
    if (limit := options.limit) is not None:
        facts["limit"] = limit
    if asked.pace == "lockstep":
        return facts | {"patience": PATIENCE, "budget": BUDGET}
    return facts | {"delay": asked.delay_ms, "gap": asked.gap_ms}
