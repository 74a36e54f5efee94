"""The spool: fixed-size records in a memory-mapped file, one file a process.

Operations we want to support
    * write one call, twice: at entry (so that a call that never returns is seen) and at return;
    * lose nothing when the process ends by os._exit, SIGKILL or a crash: the pages belong to the kernel;
    * count what does not fit, never tear a record, from any number of threads, without a lock: a lock would be
      taken again by a finalizer or a signal handler that runs while it is held.

Plan
    Two rings of records (calls, steps of generators) and an arena of small chunks for everything that is not a
    number: addresses, ready lists, names of call sites, threads and owners. A slot or chunk is claimed by
    `next(itertools.count)`, which is one step of C and so belongs to one thread. Records are numbered in steps of their
    size, so that number n modulo the size of the ring is the place where it lives; 0 means "never written". A slot holds
    n, so that the reader knows which round of the ring it is from.
    A call that may wait is written at entry, and closed at return. One that cannot (`transfer`, on a non-blocking socket)
    is written at return, all at once: a process that is killed in the middle of it loses that one.

To keep the first instead of the last
    The ring gets an upper half, and the counter is one of Python's own (FirstOnes): when all that is to be kept has been
    claimed, it gives places in SPARE slots up there, each with a number that holds how many were claimed before. So the way
    of a call is the same as ever, and the reader counts exactly, whatever order threads write in.

The one race
    A call that is still open while the ring goes once around would close a slot that is no longer its own. That takes
    at least SLOTS calls of 0.5 us each; so only a call that took longer than LONG looks at the slot before it closes.

The time on the processor
    The clock on the wall does not tell whether a thread was on a processor. The thread's own CPU clock does, but to ask it
    is a system call, 0.6 us; so it is asked once in CHECK_EVERY at most, and only after a call that took longer than LONG
    or came with other work for us anyway. The record of that call holds what the thread has used since it was asked before.

layout.py    what each byte means            endings.py   how a record is closed that took long, or failed
mapping.py   the file itself
"""

import itertools
import os
import sys
import time
from _contextvars import ContextVar
from _thread import _local, get_native_id

from tracedemo.recorders.inprocess import layout
from tracedemo.recorders.inprocess.layout import (
    ARGS,
    CHECK_EVERY,
    CHUNK,
    CHUNK_SIZE,
    CPU,
    DUE,
    EXCEPTION,
    FACT,
    FOREIGN,
    HEADER,
    IMPORTING,
    INDEX,
    INNER,
    IS_TRACER,
    KEEP,
    KEEP_AT,
    LOST_AT,
    MAGIC,
    META,
    MOST_FACTS,
    MOST_PARTS,
    MOST_THREADS,
    NEVER,
    NUMBER,
    OFF_AT,
    OP,
    OWNER,
    PAGE,
    PLACE,
    RECORD,
    ROOM,
    SITE,
    SIZE,
    SPARE,
    THREAD,
    clock,
)
from tracedemo.recorders.inprocess.mapping import map_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import CodeType, FrameType
    from typing import Any

owner_var: "ContextVar[int]" = ContextVar("tracedemo_owner", default=0)
"""Index of the asyncio task (or other owner) in whose context a call is made; 0: none."""


def is_library(filename: str) -> bool:
    """True for a source file that is not the user's own.  Our variants are, wherever they are installed."""
    return (
        filename.startswith(_LIBRARY_PREFIXES) or "site-packages" in filename or "dist-packages" in filename
    ) and not filename.startswith(_VARIANTS)


LIBRARY_FILE, OWN, IMPORTER, EVENT_LOOP = range(4)


def file_kind(filename: str) -> int:
    """Whose code a file holds: the user's own, a library's (ours among them), that of the import statement, or of an
    event loop.
    """
    if filename == "<frozen importlib._bootstrap>":
        return IMPORTER
    if filename.endswith(_LOOP_FILES):
        return EVENT_LOOP
    return LIBRARY_FILE if is_library(filename) or filename.startswith(_OWN_FOLDER) else OWN


_LOOP_FILES = tuple(
    os.path.join(*path.split("/"))
    for path in ("asyncio/events.py", "asyncio/base_events.py", "trio/_core/_run.py")
)
_LOOP_FUNCTIONS = frozenset({"_run", "_run_once", "run_forever", "unrolled_run"})
"""What calls whatever is due, in these files: the line that once started the loop is no caller of it."""

_OWN_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PACKAGE = os.path.join(os.path.dirname(os.path.dirname(_OWN_FOLDER[:-1])), "")
_VARIANTS = os.path.join(_PACKAGE, "variants", "")
_LIBRARY_PREFIXES = (os.path.dirname(os.__file__) + os.sep, "<frozen ", _PACKAGE)
"""The last: wherever it is installed, a program that traces itself asks us questions meanwhile."""


class Spool:
    """The write side.  One object a process; `ring` and the counters are exchanged for new ones after a fork."""

    __slots__ = (
        "chunk_limit", "chunks_at", "codes", "exceptions", "facts", "file_kinds", "flow_at", "flow_mask", "folder",
        "inject", "inner", "keeps", "local", "map", "mask", "next", "next_chunk", "next_flow", "next_index", "next_thread",
        "numbers", "numbers_flow", "on", "pace", "pid", "places", "ports", "ring", "servers", "sites", "sizes", "troubled",
        "watch_flow",
    )  # fmt: skip

    def __init__(
        self,
        folder: str,
        slots: int = 1 << 20,
        flow_slots: int = 1 << 19,
        chunks: int = 1 << 20,
        *,
        first: bool = False,
    ) -> None:
        """Make `folder`/PID.spool, or a map without a file when `folder` is empty.

        Args:
            slots, flow_slots: how many records are kept; the last ones: rounded up to powers of two.
            chunks: how many chunks of 128 bytes are kept.
            first: keep the first records, not the last.

        Raises:
            OSError: the file cannot be made.
        """
        self.folder = folder
        self.keeps = (max(slots, 1), max(flow_slots, 1)) if first else (0, 0)
        """How many of the first are kept; zeros: the last."""
        longer = 2 * max(SPARE, slots + 1, flow_slots + 1) if first else 0
        self.sizes = (_power_of_two(longer or slots), _power_of_two(longer or flow_slots), max(chunks, 1))
        self.inner: set[CodeType] = set()
        self.codes: dict[int, CodeType] = {}
        self.sites: dict[int, int] = {}
        """Call sites: positive in the program's own code, negative in a library's, or INNER; empty while off."""
        self.places: dict[int, int] = {}
        self.facts: dict[Any, int] = {}
        self.file_kinds: dict[str, int] = {}
        self.exceptions: dict[type, int] = {}
        self.troubled: set[tuple[str, str]] = set()
        self.ports: dict[int, int] = {}
        self.servers: frozenset[int] = frozenset()
        self.inject = ""
        """What is set on the program's sockets before they connect, a word of `inject`; empty: nothing."""
        self.pace: Any = None
        self.watch_flow: Callable[[], None] | None = None
        self.on = False
        self.pid = 0
        # Goes on counting after a fork: a task that the parent numbered may live on in the child.
        self.next_index = itertools.count(1).__next__
        self.renew()

    def renew(self) -> None:
        """Start on an empty spool: at the beginning, and in a child after fork."""
        slots, flow_slots, chunks = self.sizes
        self.mask, self.flow_mask, self.chunk_limit = (slots - 1) * SIZE, (flow_slots - 1) * SIZE, chunks
        self.flow_at = PAGE + slots * SIZE
        self.chunks_at = self.flow_at + flow_slots * SIZE
        self.map = map_file(self.folder, self.chunks_at + chunks * CHUNK_SIZE)
        self.ring = memoryview(self.map)[PAGE:]
        parent, self.pid = self.pid or os.getppid(), os.getpid()
        KEEP.pack_into(self.map, KEEP_AT, *self.keeps)
        HEADER.pack_into(self.map, 0, MAGIC, self.pid, slots, flow_slots, chunks, clock(), time.time_ns(), 0, 0,
                         parent)  # fmt: skip
        self.numbers = _counter(self.keeps[0], slots)
        self.numbers_flow = _counter(self.keeps[1], flow_slots)
        self.next, self.next_flow = self.numbers.__next__, self.numbers_flow.__next__
        self.next_chunk = itertools.count().__next__
        self.next_thread = itertools.count(1).__next__
        self.local = _local()
        # Sites, and exception names, must be told again to the new file; emptied in place: wrappers hold `sites.get`.
        self.sites.clear()
        self.places.clear()
        self.facts.clear()
        self.exceptions.clear()
        self.meta("python", sys.version.split()[0])
        self.meta("implementation", sys.implementation.name)

    # -- Side facts

    def side(self, kind: int, key: int, data: bytes) -> None:
        """Write `data` of any length; what does not fit any more is counted in the header."""
        if kind >= ARGS and self.keeps[0] and key > self.keeps[0] * SIZE:
            return  # of a record that is not kept
        begin = part = 0
        while True:
            chunk = self.next_chunk()
            if chunk >= self.chunk_limit:
                NUMBER.pack_into(self.map, LOST_AT, chunk - self.chunk_limit + 1)
                return
            piece = data[begin : begin + ROOM]
            CHUNK.pack_into(self.map, self.chunks_at + chunk * CHUNK_SIZE, key, kind, part, len(piece), piece)
            begin += ROOM
            if begin >= len(data) or part == MOST_PARTS:
                return
            part += 1

    def tell(self, kind: int, key: int, *facts: "Any") -> None:
        """Write plain facts (texts, numbers, tuples of them) as the text of a Python literal."""
        self.side(kind, key, repr(facts).encode("utf-8", "surrogatepass"))

    def meta(self, name: str, value: "Any") -> None:
        """Write a fact about the whole process."""
        self.tell(META, self.next_index(), name, value)

    def trouble(self, where: str, error: BaseException) -> None:
        """Note a fault of ours, once for each place and kind; the program goes on."""
        key = (where, type(error).__name__)
        if key not in self.troubled:
            self.troubled.add(key)
            self.meta("trouble", f"{where}: {type(error).__name__}: {error}")

    def fact(self, value: "Any") -> int:
        """The index of a plain value (a text, a number, a tuple of them) that is told once, and used again and again."""
        index = self.facts.get(value)
        if index is None:
            index = self.next_index()
            self.tell(FACT, index, value)
            if len(self.facts) < MOST_FACTS:
                self.facts[_copy(value)] = index
        return index

    # -- Who calls

    def new_site(self, frame: "FrameType") -> int:
        """Number a call site that is seen for the first time; INNER when nothing is recorded any more.

        The key is id(code) + f_lasti: since CPython 3.11 the instructions lie inside the code object, so that the sum
        is an address of its own for every instruction, as long as the code object lives. `codes` keeps it alive.
        """
        code = frame.f_code
        if not self.on:
            return INNER
        if code in self.inner or code.co_filename.startswith(_OWN_FOLDER):
            site = INNER
        else:
            site = self.next_index()
            self.tell(SITE, site, code.co_filename, frame.f_lineno or 0, code.co_qualname)
            if file_kind(code.co_filename) == EVENT_LOOP and code.co_name in _LOOP_FUNCTIONS:
                site = self.place(-site, None)  # known once and for all: nobody's
            elif is_library(code.co_filename):
                site = -site
        self.codes[id(code)] = code
        self.sites[id(code) + frame.f_lasti] = site
        if not self.on:  # another thread has switched off meanwhile
            self.sites.clear()
        return site

    def site_of(self, frame: "FrameType") -> int:
        """The site at which `frame` stands."""
        site = self.sites.get(id(frame.f_code) + frame.f_lasti)
        return self.new_site(frame) if site is None else site

    def place(self, site: int, frame: "FrameType | None") -> int:
        """The number of a pair: a site in a library, and the line behind it: the nearest caller in the user's own code.

        Behind an event loop nobody looks: what it calls, it calls of itself.
        When an import statement lies between, IMPORTING is added: the user's line imported a module, and it is that module
        which makes calls as it starts (selectors tries whether epoll works). 0 stands for no user's line at all.

        One loop in one function, since a program that uses a library comes here with every call. Frames of one file often
        follow each other, so a name that is the same text as the one before needs no look.
        """
        importing = user = 0
        kinds, last = self.file_kinds, None
        while frame is not None:
            code = frame.f_code
            name = code.co_filename
            if name is not last:
                try:
                    kind = kinds[name]
                except KeyError:
                    kind = kinds[name] = file_kind(name)
                if kind:
                    if kind == OWN:
                        try:
                            user = self.sites[id(code) + frame.f_lasti]
                        except KeyError:
                            user = self.new_site(frame)
                        break
                    if kind == EVENT_LOOP:
                        if code.co_name in _LOOP_FUNCTIONS:
                            break
                        frame = frame.f_back
                        continue  # other functions of this file are to be looked at, too
                    importing = IMPORTING
                last = name
            frame = frame.f_back
        pair = user + importing << 32 | -site
        try:
            return self.places[pair]
        except KeyError:
            place = self.places[pair] = self.next_index()
            self.tell(PLACE, place, -site, user + importing)
            return place

    def thread(self) -> int:
        """The number of this thread in this spool."""
        try:
            return self.local.own[INDEX]  # type: ignore[no-any-return]  # a thread-local has no types
        except AttributeError:
            return self._new_thread()

    def _new_thread(self) -> int:
        index = self.next_thread()
        if index > MOST_THREADS:
            index = 0
        own = self.local.own = [index, NEVER, 0]
        if not index:
            return 0
        # `threading` may not be imported, and asking it for the current thread would make a dummy one.
        threading = sys.modules.get("threading")
        thread = getattr(threading, "_active", {}).get(threading.get_ident()) if threading else None
        self.tell(THREAD, index, get_native_id(), str(getattr(thread, "name", "") or ""))
        if layout.cpu_clock is not None:
            own[DUE], own[CPU] = clock() + CHECK_EVERY, layout.cpu_clock()
        return index

    def new_owner(self, name: str) -> int:
        """Number an owner: a task or a generator."""
        index = self.next_index()
        self.tell(OWNER, index, name)
        return index

    def exception(self, kind: type) -> int:
        """The number of an exception class; FOREIGN is added when its `errno` is not the kernel's."""
        index = self.exceptions.get(kind)
        if index is None:
            index = min(len(self.exceptions) + 1, FOREIGN - 1)
            self.tell(EXCEPTION, index, kind.__name__)
            if any(
                base.__module__ == "ssl" or base.__name__ in ("gaierror", "herror") for base in kind.__mro__
            ):
                index += FOREIGN
            self.exceptions[kind] = index
        return index

    # -- Records that are not wrapped calls

    def event(self, op: str, t0: int, t1: int, fd: int = -1, value: int = 0, flags: int = IS_TRACER) -> int:
        """Write a whole record at once: the tool's own calls, and closes by the garbage collector."""
        n = self.next()
        RECORD.pack_into(
            self.ring,
            n & self.mask,
            n,
            t0,
            fd,
            0,
            owner_var.get(),
            self.thread(),
            OP[op] + flags,
            0,
            t1,
            value,
            0,
            0,
            0,
        )
        return n

    def switch_on(self) -> None:
        """Begin to record."""
        NUMBER.pack_into(self.map, OFF_AT, 0)
        self.on = True

    def switch_off(self) -> None:
        """From now on wrappers only pass through; what still returns is marked late by the reader."""
        self.give_up()
        NUMBER.pack_into(self.map, OFF_AT, clock())

    def give_up(self) -> None:
        """Record nothing any more, and write nothing about it: the map may be another process's."""
        self.on = False
        self.sites.clear()

    def close(self) -> None:
        """Give the memory back; nothing can be written from now on."""
        self.ring.release()
        self.map.close()


def _counter(keep: int, slots: int) -> "Iterator[int]":
    """What gives each record its number: `next()` is one step of C."""
    return FirstOnes(keep, slots) if keep else itertools.count(SIZE, SIZE)


class FirstOnes:
    """Counts like `itertools.count(SIZE, SIZE)` as far as records are kept; after that the places are SPARE ones."""

    def __init__(self, keep: int, slots: int) -> None:
        self.count = itertools.count(SIZE, SIZE)
        self.keep = keep * SIZE
        self.slots = slots

    def __iter__(self) -> "FirstOnes":
        return self

    def __next__(self) -> int:
        n = next(self.count)
        return n if n <= self.keep else spare(n // SIZE, self.slots) * SIZE

    def __repr__(self) -> str:
        """How far it has come, in the words of a count."""
        return repr(self.count)


def spare(index: int, slots: int) -> int:
    """The number of record `index` that is not kept: it lives in the upper half of a ring, and `index` can be had of it."""
    return slots * (index // SPARE + 1) + slots // 2 + index % SPARE


def _copy(value: "Any") -> "Any":
    """An equal value without the program's own texts in it, whose references a program may count."""
    if type(value) is tuple:
        return tuple([_copy(item) for item in value])
    return value[:1] + value[1:] if type(value) in (str, bytes) else value


def _power_of_two(number: int) -> int:
    return 1 << max(number - 1, 0).bit_length()
