"""Damaged files: traces, spools, and what tracers and the server write.  Each try is an assertion about one of them."""

from __future__ import annotations

import io
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.fuzz.mutations import Mutator
from tests.recorders.conftest import InProcess
from tracedemo import tracefile
from tracedemo.analysis.identity import identify
from tracedemo.analysis.study import Study
from tracedemo.errors import FileError, RecorderError
from tracedemo.events import Header, Trace
from tracedemo.recorders.inprocess.decode import read_spool, spool_heads
from tracedemo.recorders.kernel import raw_log, rawfile, strace
from tracedemo.render import VIEWS, Options
from tracedemo.server.lane import parse_log

Try = Callable[[Random], None]
ROOT = Path(__file__).parents[2]
TRACES = sorted((ROOT / "docs" / "traces").glob("*.jsonl"), key=lambda path: path.stat().st_size)[1:4]
"""Short ones: a try reads one whole."""
SHOWN = 40
"""Of so many tries one goes through all views, which takes as long as all the others."""
IN_TRACES = (
    b"\n",
    b'"',
    b"{",
    b"}",
    b"[",
    b",",
    b"null",
    b"1e999",
    b"-1",
    b'"lane"',
    b'"end"',
    b"\\ud800",
    b"\xff",
    b"true",
)


@contextmanager
def trace_files() -> Iterator[Try]:
    """A file of a trace: refused, or a prefix of it is shown and the damage is told, or nothing is different."""
    samples = []
    for path in TRACES:
        trace = tracefile.read(path).trace
        samples.append(
            ("".join(f"{line}\n" for line in tracefile.lines(trace)).encode(), trace, list(map(repr, trace)))
        )

    def attempt(draw: Random) -> None:
        sample, trace, rows = draw.choice(samples)
        mutate, spot = Mutator(draw, IN_TRACES), draw.randrange(2)
        data = mutate.spot(sample) if spot else mutate(sample)
        try:
            loaded = tracefile.parse(io.BytesIO(data), "x")
        except FileError:
            return
        found = list(map(repr, loaded.trace))
        same = found == rows and loaded.trace.sources == trace.sources
        if not loaded.problem:
            assert (same and loaded.trace.header == trace.header) or b'"crc"' not in data[-80:], (
                "a change was not told"
            )
        elif spot and "was changed after" not in loaded.problem:
            assert found == rows[: len(found)], "what is shown is no prefix"
        if not draw.randrange(SHOWN):
            look_at(loaded.trace)

    yield attempt


@contextmanager
def spools() -> Iterator[Try]:
    """A spool: refused, or rows come out of it that can be saved, read back and shown."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        samples = []
        for first in (False, True):
            _fill(InProcess(folder, slots=1 << 13 if first else 1 << 8, chunks=1 << 8, first=first))
            path = next(folder.glob("*.spool"))
            data = path.read_bytes()
            samples.append((data, [at for at in range(0, len(data), 64) if any(data[at : at + 64])]))
            path.unlink()
        damaged = folder / "1.spool"

        def attempt(draw: Random) -> None:
            sample = draw.choice(samples)
            data = _where_it_hurts(*sample, draw)
            damaged.write_bytes(data)
            spool_heads(folder)
            try:
                recording = read_spool(damaged)
            except RecorderError:
                return
            trace = identify(Trace(Header(), recording.events).sorted())
            loaded = tracefile.parse(
                io.BytesIO("".join(f"{line}\n" for line in tracefile.lines(trace)).encode())
            )
            assert ("", list(map(repr, trace))) == (loaded.problem, list(map(repr, loaded.trace)))
            if not draw.randrange(SHOWN):
                look_at(trace)

        yield attempt


def _where_it_hurts(sample: bytes, places: list[int], draw: Random) -> bytes:
    """Damage in the head, or where something is written, and mostly not in the holes; then the length stays."""
    if draw.randrange(10):
        at = draw.choice(places[:3] + places)
        piece = Mutator(draw)(sample[at : at + 64], 3)[:64]
        return sample[:at] + piece + sample[at + len(piece) :]
    return Mutator(draw)(sample, 2)


def _fill(recorder: InProcess) -> None:
    """Have something of everything in the spool."""
    import selectors

    with recorder:
        left, right = socket.socketpair()
        left.setblocking(False)
        with selectors.DefaultSelector() as selector, left, right:
            selector.register(left, selectors.EVENT_READ)
            for size in range(5):
                right.send(bytes(size + 1))
                selector.select()
                left.recv(9)
            try:
                left.recv(1)
            except BlockingIOError:
                pass
            socket.getaddrinfo("127.0.0.1", 80)
            right.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        with socket.socket() as refused:
            refused.connect_ex(("127.0.0.1", 1))


@contextmanager
def strace_files() -> Iterator[Try]:
    """What strace wrote: never an error."""
    samples = [
        path.read_bytes() for path in sorted((ROOT / "tests/recorders/kernel/strace/6.1").glob("*ours.txt"))
    ]
    words = (
        b"<unfinished ...>",
        b"<... recvfrom resumed>",
        b") = ",
        b'\\"',
        b"{",
        b"[",
        b"0x",
        b"...",
        b"<",
        b">",
        b"\n",
    )

    def attempt(draw: Random) -> None:
        strace.parse(Mutator(draw, words)(draw.choice(samples), 6).decode("latin-1"))

    yield attempt


@contextmanager
def ptrace_files() -> Iterator[Try]:
    """What our tracer wrote, cut off anywhere: the records of the frames that are whole.

    No other damage: marshal, which it is written with, is not for bytes that anybody could have changed.
    """
    call = (44, 7, 7, 10, 20, 3, (3, 4, 3, 0, 0, 0), (b"abc",), (b"abc",), "socket:[1]")
    with TemporaryDirectory() as name:
        path, ends = Path(name) / "raw", []
        writer = rawfile.Writer(str(path))
        for records in (
            [(rawfile.HEADER, "x86_64", "0.9")],
            [call],
            [(*call[:3], 30, None, None, *call[6:])],
        ):
            writer.write(records)
            ends.append(path.stat().st_size)
        sample = path.read_bytes()

    def attempt(draw: Random) -> None:
        size = draw.randrange(len(sample) + 1)
        found = raw_log.parse(sample[:size])
        assert sum(size >= end for end in ends[1:]) == len(found.calls)
        assert raw_log.CUT_OFF in found.notes

    yield attempt


@contextmanager
def server_logs() -> Iterator[Try]:
    """The server's log: lines that make no sense are counted, and no other is lost."""
    lines = [b'{"t": %d, "op": "sent", "conn": 1, "bytes": 5, "piece": 1}' % number for number in range(20)]
    sample = b"\n".join(lines) + b"\n"

    def attempt(draw: Random) -> None:
        data = Mutator(draw, IN_TRACES)(sample, 2)
        log = parse_log(data)
        assert len(log) + log.broken == len([line for line in data.split(b"\n") if line])

    yield attempt


def look_at(trace: Trace) -> None:
    """Every view, in every form."""
    studies = [Study(trace)]
    options = Options(width=100)
    for view in VIEWS.values():
        list(view.plain(studies, options))
        list(view.jsonl(studies, options))
        list(view.table(studies, options).texts(None))
