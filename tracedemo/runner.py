"""The one meeting place: starts our server and one child interpreter with the recorder in it, and makes a Trace of it.

Theory of operation
    The target always runs in a child of its own: a plain interpreter that finds our start-up hook through PYTHONPATH. So
    its exit code, output and tracebacks are its own, and its log survives its death. We wait for it, read the spools of
    it and of the processes it forked, the log of the server, and join them: rows by time, connections by number.

    Every run has a server process of its own, with the same nonce for all runs of one comparison, so that the bodies are
    equal and no run sees what another left behind.
"""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import tracedemo
from tracedemo.analysis.identity import identify
from tracedemo.errors import MachineError, RecorderError, UsageError
from tracedemo.events import FLOW, PYTHON, SERVER, Event, Header, Trace
from tracedemo.recorders.inprocess.decode import Recording, SpoolHead, read_spool, spool_heads
from tracedemo.recorders.inprocess.pace import BUDGET, PATIENCE
from tracedemo.server import ServerHandle, ServerOptions, running_server
from tracedemo.variants import VARIANTS, Variant

STARTUP = Path(__file__).with_name("recorders") / "inprocess" / "startup"
SPARE_DESCRIPTORS = 64
"""Descriptors a program needs besides one for each request: files, the loop's own, the tool's."""
ROOM_IN_MEMORY = 1 << 30
"""Bytes that must be free in /dev/shm before spools go there."""
PASSED_ON_AFTER = 0.5
"""Seconds after which a program that did not get our Ctrl-C itself is sent one."""
INSISTS_WITHIN = 2.0
"""Seconds: a second Ctrl-C that comes within them kills the program, whatever it does about the first."""
ADDRESS = "{address}"
"""In the arguments of a script: replaced by the address of our server, which is started for it."""


class Target(NamedTuple):
    """What to run."""

    kind: str
    """`variant`, `script` or `module`."""
    name: str
    """What a person calls it."""
    argv: tuple[str, ...]
    """Arguments of the interpreter; a variant's addresses and options are added by the runner."""


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How to run it."""

    server: ServerOptions = field(default_factory=ServerOptions)
    requests: int = 3
    address: str | None = None
    """`host:port` of a real server (--url); None: ours."""
    path: str = "/"
    host: str | None = None
    """Name under which a variant is told our server (--host localhost); None: its address."""
    slots: int = 1 << 20
    """Calls that are kept."""
    capture: bool = False
    """Whether the target's output is kept for the caller instead of going where ours goes."""
    python: str = sys.executable
    prefix: tuple[str, ...] = ()
    """What stands before the interpreter: a command that runs the rest under its eyes, such as strace."""


class Run(NamedTuple):
    """A finished run."""

    trace: Trace
    exit_code: int
    """As a shell sees it: 128 + n after signal n."""
    output: str
    """What the target wrote to stdout, if it was captured ..."""
    complaints: str
    """... and to stderr."""


def variant_target(variant: Variant) -> Target:
    """A variant as a target."""
    return Target("variant", variant.name, (str(variant.path),))


def find_target(words: Sequence[str]) -> Target:
    """What the user means: a variant's name, a script with arguments, or `-m module` with arguments.

    Raises:
        UsageError: none of these.
    """
    first = words[0] if words else ""
    if first == "-m":
        if len(words) < 2:
            message = "-m needs the name of a module"
            raise UsageError(message, "For example: tracedemo run -m http.client")
        return Target("module", words[1], tuple(words))
    for variant in VARIANTS:
        if variant.name == first:
            return variant_target(variant)
    path = Path(first)
    if path.is_dir():
        message = f"{first} is a folder, not a script"
        raise UsageError(message, f"Name a script in it, or run it as a module: tracedemo run -m {path.name}")
    if path.is_file():
        return Target("script", path.name, tuple(words))
    names = ", ".join(variant.name for variant in VARIANTS)
    if path.suffix or os.sep in first:
        message = f"there is no script {first}"
        raise UsageError(message, f"Variants that come with tracedemo: {names}")
    message = f"there is no variant {first!r}, and no script of that name"
    raise UsageError(message, f"Variants: {names}")


def run(target: Target, options: RunOptions) -> Run:
    """Run a target to its end and write down what it did.

    Raises:
        MachineError: a limit of this machine stands in the way, or the server cannot start.
        RecorderError: the target ran, but left nothing that we can read.
    """
    with tempfile.TemporaryDirectory(prefix="tracedemo-", dir=_place(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with _server_for(target, options, folder) as server:
            argv = _arguments(target, options, server)
            with _room_for(target, options):
                finished = _spawn(target, [*options.prefix, options.python, *argv], options, server, folder)
        trace = _read(target, argv, options, server, folder, finished)
        output, complaints = (_text(folder / file) for file in ("stdout", "stderr"))
    return Run(trace, finished.exit_code, output, complaints)


# -- Before


@contextmanager
def _room_for(target: Target, options: RunOptions) -> Iterator[None]:
    """Make sure that a variant gets the descriptors it needs: raise our own soft limit, which a child inherits, meanwhile.

    Raises:
        MachineError: the hard limit is too low.
    """
    wanted = (
        options.requests + SPARE_DESCRIPTORS if target.kind == "variant" and target.name != "blocking" else 0
    )
    try:
        import resource
    except ImportError:  # Windows has no such limit
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        yield
        return
    if hard != resource.RLIM_INFINITY and wanted > hard:
        message = (
            f"{options.requests:,} requests at once need {wanted:,} open files, and this machine allows a process"
            f" {hard:,} (hard limit of RLIMIT_NOFILE)"
        )
        most = max(hard - SPARE_DESCRIPTORS, 1)
        raise MachineError(
            message, f"Ask for at most -n {most}, or raise the limit as root: ulimit -Hn {wanted}"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def _server_for(target: Target, options: RunOptions, folder: Path) -> Iterator[ServerHandle | None]:
    """Our server, for a variant without --url and for a script that asks for its address."""
    wanted = options.address is None and (
        target.kind == "variant" or any(ADDRESS in word for word in target.argv)
    )
    if not wanted:
        yield None
        return
    with running_server(options.server, folder) as server:
        yield server


def _arguments(target: Target, options: RunOptions, server: ServerHandle | None) -> list[str]:
    address = options.address or ""
    if server is not None:
        host = options.host or server.host
        address = f"[{host}]:{server.port}" if ":" in host else f"{host}:{server.port}"
    if target.kind == "variant":
        return [*target.argv, address, "-n", str(options.requests), "--path", options.path]
    return [word.replace(ADDRESS, address) if server else word for word in target.argv]


def _environment(
    target: Target, options: RunOptions, server: ServerHandle | None, folder: Path
) -> dict[str, str]:
    environment = dict(os.environ)
    settings = {
        "FOLDER": str(folder),
        "SLOTS": str(_slots_that_fit(options.slots, folder)),
        "FLOW": "variant" if target.kind == "variant" else "script",
    }
    if server is not None:
        settings["SERVERS"] = str(server.port)
        if server.control is not None:
            settings["CONTROL"] = str(server.control)
    old = environment.get("PYTHONPATH")
    if old is not None:
        settings["PYTHONPATH"] = old
    environment["PYTHONPATH"] = os.pathsep.join([str(STARTUP), *([old] if old else [])])
    return environment | {f"TRACEDEMO_{name}": value for name, value in settings.items()}


def _place() -> str | None:
    """Where the spools go: into memory, where the system has a folder for that with room; None: where TMPDIR says.

    On a disk the first touch of each region of a new file waits for the file system: measured on ext4, 1 to 3 ms, inside
    the program's run. In memory it takes 10 us. A full spool takes 224 MiB.
    """
    folder = "/dev/shm"  # noqa: S108  # the run's own folder in it is made by tempfile
    if "TMPDIR" in os.environ or not os.access(folder, os.W_OK):
        return None
    disk = os.statvfs(folder)
    return folder if disk.f_bavail * disk.f_frsize > ROOM_IN_MEMORY else None


def _slots_that_fit(slots: int, folder: Path) -> int:
    """Fewer slots where the disk is nearly full: a page that cannot be written kills the program (SIGBUS)."""
    if not hasattr(os, "statvfs"):
        return slots
    disk = os.statvfs(folder)
    while slots > 1 << 12 and slots * 300 > disk.f_bavail * disk.f_frsize // 2:
        slots >>= 1
    return slots


# -- The run


class _Finished(NamedTuple):
    pid: int
    """Of the process that we started: the target, or what stands before it."""
    exit_code: int
    signal: str
    """Name of the signal that ended it, or empty."""
    interrupted: bool
    cpu_user: float
    cpu_system: float
    clock_start: tuple[int, int]
    clock_end: tuple[int, int]
    limits: Mapping[str, int]


def _spawn(
    target: Target, command: list[str], options: RunOptions, server: ServerHandle | None, folder: Path
) -> _Finished:
    environment = _environment(target, options, server, folder)
    start = _clocks()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        streams = {"stdout": out, "stderr": err} if options.capture else {}
        # close_fds: descriptors that the shell has left open for the program are the program's.
        process = subprocess.Popen(command, env=environment, close_fds=False, **streams)  # type: ignore[call-overload]
        try:
            with _passing_on(signal.SIGTERM, process, folder):
                interrupted, usage = _wait(process, folder)
        except BaseException:
            _send(signal.SIGKILL, process, folder)
            process.kill()
            process.wait()
            raise
    code = process.returncode
    return _Finished(
        pid=process.pid,
        exit_code=128 - code if code < 0 else code,
        signal=_signal_name(-code) if code < 0 else "",
        interrupted=interrupted,
        cpu_user=usage[0],
        cpu_system=usage[1],
        clock_start=start,
        clock_end=_clocks(),
        limits=_limits(),
    )


def _clocks() -> tuple[int, int]:
    """(monotonic, realtime) of one moment: of some pairs, the one that was read most quickly."""
    readings = ((time.monotonic_ns(), time.time_ns(), time.monotonic_ns()) for _ in range(8))
    before, real, after = min(readings, key=lambda reading: reading[2] - reading[0])
    return (before + after) // 2, real


def _wait(process: subprocess.Popen[bytes], folder: Path) -> tuple[bool, tuple[float, float]]:
    """Wait for the end, through Ctrl-C, which is the program's affair: it may clean up, ask back, or go on.

    The terminal has sent it to the program, too. If only we got it, we pass it on. Whoever presses twice means it.
    """
    last = 0.0
    while True:
        try:
            if last and not _shares_terminal():
                _pass_on_interrupt(process, folder)
            return last > 0, _reap(process)
        except KeyboardInterrupt:
            now = time.monotonic()
            if now - last < INSISTS_WITHIN:
                _send(signal.SIGKILL, process, folder)
            last = now


def _reap(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    """Wait, and give the CPU seconds (user, system) of this very child."""
    if not hasattr(os, "wait4"):
        process.wait()
        return 0.0, 0.0
    if hasattr(os, "waitid"):  # where a Ctrl-C can break off the waiting, but lose nothing
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime, usage.ru_stime


def _pass_on_interrupt(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Send the program a Ctrl-C of its own, unless it is ending already."""
    deadline = time.monotonic() + PASSED_ON_AFTER
    while _alive(process.pid):
        if time.monotonic() > deadline:
            _send(signal.SIGINT, process, folder)
            return
        time.sleep(0.02)


def _shares_terminal() -> bool:
    """Whether we stand in the foreground of a terminal, which sends Ctrl-C to all who do."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _alive(pid: int) -> bool:
    """Whether a child of ours still runs; it is not reaped."""
    if not hasattr(os, "waitid"):
        return False
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _send(number: signal.Signals, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Send a signal to the target itself: what stands before it may hold signals off, or end without it."""
    root = _root(spool_heads(folder), process.pid)
    with suppress(OSError):
        os.kill(root.pid if root is not None else process.pid, number)


@contextmanager
def _passing_on(number: signal.Signals, process: subprocess.Popen[bytes], folder: Path) -> Iterator[None]:
    """Hand a signal that is meant to end us to the target; we end after it."""
    try:
        old = signal.signal(number, lambda *_: _send(number, process, folder))
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(number, old)


def _signal_name(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


# -- After


def _read(
    target: Target,
    argv: list[str],
    options: RunOptions,
    server: ServerHandle | None,
    folder: Path,
    done: _Finished,
) -> Trace:
    recordings, broken = _recordings(folder, done.pid)
    events = [event for recording in recordings for event in recording.events]
    if server is not None:
        events += _server_lane(server)
    header = _header(target, argv, options, server, recordings, done)
    header = replace(header, notes=(*header.notes, *broken))
    trace = identify(Trace(header, events).sorted())
    trace.sources.update(_sources(trace))
    return trace.replace(header=replace(header, recorded=_count_lanes(trace)))


def _root(heads: Sequence[SpoolHead], pid: int) -> SpoolHead | None:
    """The spool of the target: of the process that we started, or of the first child of what stands before it."""
    own = [head for head in heads if head.pid == pid] or [head for head in heads if head.parent == pid]
    return own[0] if own else None


def _recordings(folder: Path, pid: int) -> tuple[list[Recording], list[str]]:
    """The spools, the target's own first, and what cannot be read.  A child has owners that its parent has named."""
    heads = spool_heads(folder)
    root = _root(heads, pid)
    if root is None:
        trouble = next((file.read_text() for file in folder.glob("*.trouble")), "")
        message = "the program ran, but left no record" + (f": {trouble}" if trouble else "")
        raise RecorderError(
            message, "It may have been started with -I, -E or -S, which keep the recorder out."
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


def _server_lane(server: ServerHandle) -> Iterator[Event]:
    for seq, raw in enumerate(server.events()):
        args = {"server_conn": raw.conn, "piece": raw.piece, "detail": raw.detail}
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
    done: _Finished,
) -> Header:
    meta = recordings[0].facts.meta
    stopped = next(
        (event.op for event in reversed(recordings[0].events) if event.op in ("deadlock", "spin")), ""
    )
    ended = stopped or (
        "interrupted" if done.interrupted else f"signal {done.signal}" if done.signal else "exit"
    )
    return Header(
        target=target.name,
        kind=target.kind,
        argv=tuple(argv),
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


def _limits() -> dict[str, int]:
    try:
        import resource
    except ImportError:
        return {}
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return {"nofile": soft, "nofile_hard": hard}


def _notes(recordings: Sequence[Recording]) -> Iterator[str]:
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


def _add_up(counts: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {
        name: sum(count[name] for count in counts)
        for name in counts[0]
        if any(count[name] for count in counts)
    }


def _count_lanes(trace: Trace) -> dict[str, int]:
    lanes = list(trace.column("lane"))
    return {lane: count for lane in (PYTHON, FLOW, SERVER) if (count := lanes.count(lane))}


def _sources(trace: Trace) -> Iterator[tuple[str, str]]:
    """The text of every source file that a site names."""
    columns = (trace.column("site"), trace.column("user_site"))
    files = {site.file for column in columns for site in set(column) if site is not None}
    for name in sorted(files):
        with suppress(OSError, UnicodeDecodeError, ValueError):
            yield name, Path(name).read_text(encoding="utf-8")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
