"""What happened: one record for everything, kept in columns.

Every part of tracedemo speaks in `Event`s. A recorder turns its raw file into Events, analysis reads them, views
show what analysis found. Nothing else travels between the parts.

Rules
* An Event is frozen and has no behaviour beyond properties derived from its own fields. Don't subclass it.
* A `Trace` keeps millions of Events: one array per field, equal texts and equal argument sets stored once. An Event
  object is made when somebody asks for that row, and is gone when they are done with it.
* Times are CLOCK_MONOTONIC nanoseconds (`time.monotonic_ns()`), the same clock in every lane.
* No I/O in this file.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from typing import Any, NamedTuple, TypeVar, overload

T = TypeVar("T")

PYTHON, FLOW, KERNEL, SERVER = LANES = ("python", "flow", "kernel", "server")
"""The four lanes: calls of the Python interface, steps of generators, system calls, what our server did."""

INJECTED, TRACER, LATE = MARKS = ("injected", "tracer", "late")
"""Why a row is special: put in by a fault, made by the tool itself, or returned after the recorder was off."""

NOT_YET = frozenset({"EINPROGRESS", "EAGAIN", "EWOULDBLOCK", "EALREADY"})
"""The errno names that mean "not yet": nothing failed, the kernel has no answer at this moment."""


class Site(NamedTuple):
    """A place in Python source: where a call was written."""

    file: str
    line: int
    function: str


class Event(NamedTuple):
    """One thing that happened.  Field names are those of the trace file (docs/trace-format.md)."""

    seq: int
    """Number within its lane and process, from 0 without gaps; a gap is a loss."""
    lane: str
    op: str
    """What: `connect`, `recv`, `select` ... (python), `recvfrom` ... (kernel), `yield` ... (flow), `sent` ... (server)."""
    t0: int
    """Entry, monotonic nanoseconds."""
    t1: int | None
    """Return, monotonic nanoseconds; None: it never returned.  Equal to `t0` for a step."""
    pid: int
    tid: int
    """Native thread id, as `threading.get_native_id()` and strace give it."""
    owner: str | None = None
    """Who made it, readable: generator, task or thread; None: unknown."""
    fd: int | None = None
    conn: int | None = None
    """The connection that `fd` stood for at that moment: a number from 1 that is never used again."""
    args: Mapping[str, Any] = {}
    result: Any = None
    errno: str | None = None
    exc: str | None = None
    """Name of the exception class that Python raised."""
    bytes: int | None = None
    site: Site | None = None
    """The direct Python caller."""
    user_site: Site | None = None
    """The nearest caller outside the standard library and site-packages."""
    mark: str | None = None

    @property
    def duration(self) -> int | None:
        """Nanoseconds from entry to return; None when it never returned."""
        return None if self.t1 is None else self.t1 - self.t0

    @property
    def not_yet(self) -> bool:
        """True for an answer EINPROGRESS or EAGAIN: begun or nothing there, ask again later."""
        return self.errno in NOT_YET

    @property
    def failed(self) -> bool:
        """True when the call ended in an error other than "not yet"."""
        return (self.errno is not None or self.exc is not None) and not self.not_yet

    @property
    def place(self) -> Site | None:
        """The line to show to a person: the user's own where there is one."""
        return self.user_site or self.site


@dataclass(frozen=True, slots=True)
class Header:
    """What is true for the whole trace: who was run, by what, on which machine, and what may be missing."""

    target: str = ""
    """What was run, as a person would name it: `selector`, `my_script.py`."""
    kind: str = "script"
    """`variant`, `script`, `module`, `code` or `command`."""
    argv: tuple[str, ...] = ()
    requests: int | None = None
    python: str = ""
    implementation: str = ""
    platform: str = ""
    recorder: str = "inprocess"
    recorder_version: str = ""
    engine: str | None = None
    engine_version: str | None = None
    flow: str = ""
    """By what means generator steps were seen, or why they were not."""
    clock_start: tuple[int, int] = (0, 0)
    """(CLOCK_MONOTONIC, CLOCK_REALTIME) in nanoseconds, read together at the start ..."""
    clock_end: tuple[int, int] = (0, 0)
    """... and at the end: a step of the realtime clock between them is seen by comparing."""
    cpu_user: float = 0.0
    """CPU time of the process in user mode, seconds (wait4)."""
    cpu_system: float = 0.0
    pid: int = 0
    exit_code: int | None = None
    """As a shell would see it: 128 + n after signal n."""
    ended: str = "exit"
    """`exit`, `signal NAME`, `interrupted`, `its time was over`, `deadlock`, `spin`, `asleep` (nobody could wake it)."""
    server: Mapping[str, Any] = field(default_factory=dict)
    """Pacing of our server: pace, delay, pieces, gap, size, addresses; empty when none was started."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limits in force, such as `nofile`."""
    recorded: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    keep: str = "last"
    """Which rows were kept where some were dropped: the `first` or the `last`."""
    beyond: tuple[str, ...] = ()
    """Sentences about libraries that were out of reach, and the remedy: to be read before anything else."""
    notes: tuple[str, ...] = ()
    """Sentences about what the reader must know: what could not be seen, what was changed by tracing."""

    @property
    def lockstep(self) -> bool:
        """True when the server moved only when the client was about to wait."""
        return self.server.get("pace") == "lockstep"


class Interned:
    """A column of values that repeat: each distinct one is stored once, the rows hold small numbers, in as few bytes as
    all of them need.
    """

    __slots__ = ("_index", "_key", "codes", "values")

    def __init__(self, key: Callable[[Any], Hashable] | None = None) -> None:
        self.codes = array(_WIDTHS[0])
        """Of each row the place of its value in `values`: equal where the values are."""
        self._index: dict[Hashable, int] = {}
        self._key = key
        self.values: list[Any] = []

    def code(self, value: Any) -> int:
        """The code of a value, for a row that is still to be added: `extend` takes an array of codes, too."""
        key = value if self._key is None else self._key(value)
        if key not in self._index:
            self._index[key] = len(self.values)
            self.values.append(value)
        return self._index[key]

    def extend(self, values: Iterable[Any]) -> None:
        """Add rows."""
        if isinstance(values, array):
            self._add(values.tolist())
            return
        rows = list(values)
        keys = rows if self._key is None else list(map(self._key, rows))
        index = self._index
        if not index.keys() >= set(keys):
            for key, value in zip(keys, rows, strict=True):
                if key not in index:
                    index[key] = len(self.values)
                    self.values.append(value)
        self._add(list(map(index.__getitem__, keys)))

    def _add(self, codes: list[int]) -> None:
        try:
            self.codes.fromlist(codes)
        except OverflowError:
            self.codes = array(_WIDTHS[_WIDTHS.index(self.codes.typecode) + 1], self.codes)
            self._add(codes)

    def each(self, make: Callable[[Any], T]) -> Iterator[T]:
        """What `make` makes of each row; it is asked once for each distinct value."""
        made = [make(value) for value in self.values]
        return map(made.__getitem__, self.codes)

    def part(self, begin: int, end: int) -> Iterable[Any]:
        """The values of the rows from `begin` on, up to and without `end`."""
        return map(self.values.__getitem__, self.codes[begin:end])

    def take(self, rows: Sequence[int]) -> Interned:
        """A new column of these rows, in this order."""
        made = Interned(self._key)
        made._index, made.values = dict(self._index), list(self.values)
        made.codes = array(self.codes.typecode, map(self.codes.__getitem__, rows))
        return made

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> Any:
        return self.values[self.codes[row]]

    def __iter__(self) -> Iterator[Any]:
        return map(self.values.__getitem__, self.codes)


_WIDTHS = "BHi"
"""Arrays of 1, 2 and 4 bytes a code."""


class Numbers:
    """A column of integers of 64 bits in which None is possible (stored as the least of them).  As long as all of them fit
    into 32 bits, they take no more, and None is the least of these.
    """

    __slots__ = ("codes",)

    NONE = -(1 << 63)
    _SHORT, _SHORT_NONE = "i", -(1 << 31)

    def __init__(self) -> None:
        self.codes = array(self._SHORT)
        """The numbers themselves, the least one for None."""

    @classmethod
    def packed(cls, values: Iterable[int | None]) -> array[int]:
        """Values as `extend` takes them at once.

        Raises:
            TypeError, OverflowError: one is no integer of 64 bits.
        """
        none = cls.NONE
        return array("q", [none if value is None else value for value in values])

    def extend(self, values: Iterable[int | None]) -> None:
        """Add rows."""
        packed = values if isinstance(values, array) else self.packed(values)
        if self.codes.typecode == self._SHORT:
            try:
                self.codes.fromlist(self._short(packed))
                return
            except OverflowError:
                long = [self.NONE if code == self._SHORT_NONE else code for code in self.codes]
                self.codes = array("q", long)
        self.codes.extend(packed)

    def _short(self, packed: array[int]) -> list[int]:
        """The same for an array of 32 bits, if they fit."""
        if self._SHORT_NONE in packed:
            raise OverflowError(f"{self._SHORT_NONE} would be taken for None")
        numbers, none = packed.tolist(), self.NONE
        if none not in packed:
            return numbers
        return [self._SHORT_NONE if number == none else number for number in numbers]

    @property
    def none(self) -> int:
        """What stands for None in `codes`."""
        return self._SHORT_NONE if self.codes.typecode == self._SHORT else self.NONE

    def each(self, make: Callable[[Any], T]) -> Iterator[T]:
        """What `make` makes of each row."""
        return map(make, self)

    def part(self, begin: int, end: int) -> Iterable[int | None]:
        """The values of the rows from `begin` on, up to and without `end`."""
        codes, none = self.codes[begin:end], self.none
        return codes if none not in codes else [None if code == none else code for code in codes]

    def take(self, rows: Sequence[int]) -> Numbers:
        """A new column of these rows, in this order."""
        made = Numbers()
        made.codes = array(self.codes.typecode, map(self.codes.__getitem__, rows))
        return made

    def __len__(self) -> int:
        return len(self.codes)

    def __getitem__(self, row: int) -> int | None:
        value = self.codes[row]
        return None if value == self.none else value

    def __iter__(self) -> Iterator[int | None]:
        begins = range(0, len(self.codes), _AT_ONCE)
        return chain.from_iterable(self.part(begin, begin + _AT_ONCE) for begin in begins)


def _text_key(value: Any) -> Hashable:
    """The text of a value; of a long one, which few rows share, a digest, since there may be many of them."""
    text = repr(value)
    if len(text) <= _LONG:
        return text
    from hashlib import blake2b  # takes milliseconds, and short runs have no long values

    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_LONG = 100

_MAKE_COLUMN: dict[str, Callable[[], Interned | Numbers]] = {
    **dict.fromkeys(("seq", "t0", "t1", "pid", "tid", "fd", "conn", "bytes"), Numbers),
    **dict.fromkeys(("lane", "op", "owner", "errno", "exc", "site", "user_site", "mark"), Interned),
    # A dict cannot be a key, and True == 1: the text tells them apart.
    **dict.fromkeys(("args", "result"), lambda: Interned(_text_key)),
}


_AT_ONCE = 10_000
"""Events that are turned into columns together, and back: enough to be quick, few enough to be small."""

MOST_HELD = 500_000
"""So many Events are held at once: they take about 300 bytes each, and their columns 60."""


class Rows(Sequence[Event]):
    """The Events of a long Trace: each is made when it is asked for, together with those around it, and the latest stay.

    Who goes over them in order, or looks near to where it was, pays little more than for Events that are there.
    """

    BLOCK, KEPT = 256, 64
    """Events that are made together, and how many times so many are kept."""

    def __init__(self, columns: Sequence[Interned | Numbers]) -> None:
        self._columns = columns
        self._length = len(columns[0])
        self._blocks: dict[int, tuple[Event, ...]] = {}

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Event]:
        return _events(self._columns)

    @overload
    def __getitem__(self, row: int) -> Event: ...
    @overload
    def __getitem__(self, row: slice) -> Sequence[Event]: ...
    def __getitem__(self, row: int | slice) -> Event | Sequence[Event]:
        if isinstance(row, slice):
            return [self[one] for one in range(self._length)[row]]
        if not 0 <= row < self._length:
            row = range(self._length)[row]
        number, place = divmod(row, self.BLOCK)
        block = self._blocks.get(number)
        return (self._make(number) if block is None else block)[place]

    def _make(self, number: int) -> tuple[Event, ...]:
        begin = number * self.BLOCK
        parts = [column.part(begin, begin + self.BLOCK) for column in self._columns]
        if len(self._blocks) >= self.KEPT:
            del self._blocks[next(iter(self._blocks))]
        block = self._blocks[number] = tuple(_events(parts))
        return block


def _events(columns: Iterable[Iterable[Any]]) -> Iterator[Event]:
    """As `Event._make` of each row, which is a function of Python."""
    return map(tuple.__new__, repeat(Event), zip(*columns, strict=True))


class Trace:
    """A run, written down: a header, Events in columns, and the text of the sources that they point to.

    A sequence of Events: `len(trace)`, `trace[i]`, `for event in trace`. Rows stand in order of `t0` when a Trace
    comes from `sorted()` or from a file; everything in `analysis` expects that.
    """

    __slots__ = ("_columns", "_held", "header", "sources")

    def __init__(
        self,
        header: Header | None = None,
        events: Iterable[Event] = (),
        sources: Mapping[str, str] | None = None,
    ) -> None:
        self.header = header or Header()
        self.sources: dict[str, str] = dict(sources or {})
        self._columns: tuple[Interned | Numbers, ...] = tuple(_MAKE_COLUMN[name]() for name in Event._fields)
        self._held: Sequence[Event] | None = None
        self.extend(events)

    def append(self, event: Event) -> None:
        """Add one Event at the end."""
        self.extend_columns([value] for value in event)

    def extend(self, events: Iterable[Event]) -> None:
        """Add Events at the end."""
        rows = iter(events)
        while some := tuple(islice(rows, _AT_ONCE)):
            self.extend_columns(zip(*some, strict=True))

    def extend_columns(self, columns: Iterable[Iterable[Any]]) -> None:
        """Add rows, given as a series of values for each field of an Event, in the order of its fields."""
        self._held = None
        for column, values in zip(self._columns, columns, strict=True):
            column.extend(values)

    def __len__(self) -> int:
        return len(self._columns[0])

    def __getitem__(self, row: int) -> Event:
        if row < 0:
            row += len(self)
        if not 0 <= row < len(self):
            raise IndexError(row)
        return (
            self._held[row]
            if self._held is not None
            else Event._make(column[row] for column in self._columns)
        )

    def __iter__(self) -> Iterator[Event]:
        if self._held is not None:
            return iter(self._held)
        return _events(self._columns)

    def hold(self) -> Sequence[Event]:
        """All Events, made only once: for those who go over them again and again.  Of more than `MOST_HELD` only those that
        were asked for lately are held.
        """
        if self._held is None:
            self._held = Rows(self._columns) if len(self) > MOST_HELD else tuple(self)
        return self._held

    def column(self, name: str) -> Interned | Numbers:
        """One field of all rows, for a pass that needs no more than that.

        Raises:
            ValueError: there is no such field.
        """
        return self._columns[Event._fields.index(name)]

    def values(self, name: str) -> list[Any]:
        """The distinct values of a field that is no number, by their codes.

        Raises:
            ValueError: there is no such field.
            TypeError: its values are numbers.
        """
        column = self.column(name)
        if not isinstance(column, Interned):
            raise TypeError(f"{name} is a number")
        return column.values

    def numbers(self, name: str) -> Numbers:
        """The column of a field of numbers.

        Raises:
            ValueError: there is no such field.
            TypeError: its values are no numbers.
        """
        column = self.column(name)
        if not isinstance(column, Numbers):
            raise TypeError(f"{name} is no number")
        return column

    def keys(self, *names: str) -> Iterator[tuple[int, ...]]:
        """A key for each row: rows with the same say the same in all these fields, at no more cost than numbers have.

        Raises:
            ValueError: there is no such field.
        """
        return zip(*(self.column(name).codes for name in names), strict=True)

    def lane(self, name: str) -> Iterator[Event]:
        """The Events of one lane, in order."""
        return (event for event in self if event.lane == name)

    def sorted(self) -> Trace:
        """The same Trace with its rows in order of `t0`; rows of equal time keep their order."""
        times: list[Any] = list(self.column("t0"))
        order = sorted(range(len(times)), key=times.__getitem__)
        made = Trace(self.header, sources=self.sources)
        made._columns = tuple(column.take(order) for column in self._columns)
        return made

    def with_columns(self, **columns: Iterable[Any]) -> Trace:
        """A new Trace with other values in some fields; all other fields are shared with this one, not copied.

        Args:
            columns: by name of the field, a value for each row.
        """
        made = Trace(self.header, sources=self.sources)
        kept = dict(zip(Event._fields, self._columns, strict=True))
        for name, values in columns.items():
            kept[name] = _MAKE_COLUMN[name]()
            kept[name].extend(values)
        made._columns = tuple(kept.values())
        return made

    def replace(self, header: Header | None = None, events: Iterable[Event] | None = None) -> Trace:
        """A new Trace with another header or other rows, and the same sources."""
        if events is None:
            made = self.with_columns()
            made.header = header or self.header
            return made
        return Trace(header or self.header, events, self.sources)
