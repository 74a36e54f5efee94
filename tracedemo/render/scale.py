"""What many sockets cost: a row for each program at each step, the CPU time of a fetch drawn as bars, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracedemo.analysis.scaling import Row, Scaling, told
from tracedemo.analysis.segments import State
from tracedemo.analysis.study import Study
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.views import View
from tracedemo.render.words import count, took

_COLUMNS = (
    Column("at once", right=True),
    Column("program"),
    Column("time", right=True),
    Column("CPU each", right=True),
    Column("memory", rank=2, right=True, optional=True),
    Column("KiB each", rank=5, right=True, optional=True),
    Column("calls", right=True),
    Column("system", rank=1, right=True, optional=True),
    Column("wakeups", right=True),
    Column("ready", right=True),
    Column("in flight", rank=4, right=True, optional=True),
    Column("recorded", rank=3, right=True, optional=True),
)
_MEASURED = (
    "time, CPU, memory: of a run with nothing of ours in it (wait4). CPU each: user and system for each fetch, without the"
    " start of the program, where that can be told apart; memory: the most that it had."
)
_COUNTED = (
    "calls, wakeups, ready: of a second run, recorded in the process: calls of Python's socket and selector interface for"
    " each fetch; returns of select; sockets that were ready for each of these."
)
_SYSTEM = "system: system calls for each fetch, from the kernel lane of that second run ({engine})."
_RECORDED = "recorded: how many times the CPU time that second run took, starts included."
_NARROWEST_BAR = 4


@dataclass(frozen=True, slots=True)
class ScalingView(View):
    """A view of what was measured, which is there already."""

    found: Scaling | None = None

    def _parts(self, _studies: Sequence[Study]) -> Sequence[Scaling]:
        return () if self.found is None else (self.found,)

    def _part_of(self, _found: object) -> Iterator[str]:
        """Its own sentences say what is missing."""
        return iter(())


def view_of(found: Scaling) -> ScalingView:
    """Measurements as something to present."""
    return ScalingView("scale", "Many sockets", "what they cost", joint=True, found=found)


# On a screen


def table(found: Scaling, options: Options) -> Iterator[Line]:
    """The rows, the bars, the sentences."""
    glyphs, width = options.glyphs, options.width
    yield from note(_title(found), width, "title")
    yield BLANK
    if found.rows:
        yield from _grid(found, options)
        yield BLANK
        for text in _legend(found):
            yield from note(safe(text, glyphs), width, "dim")
    if bars := list(_bars(found, options)):
        yield BLANK
        yield from note("CPU time of a fetch:", width, "strong")
        yield from bars
    yield BLANK
    for text in told(found):
        yield from note(safe(text, glyphs), width)
    for text in _known(found):
        yield from note(safe(text, glyphs), width, "note")


def _title(found: Scaling) -> str:
    where = "on one thread" if found.processes == 1 else f"in {found.processes} processes, a thread each"
    most = max(found.steps, default=0)
    return f"The same fetch, up to {most:,} at once, {where}"


def _grid(found: Scaling, options: Options) -> Iterator[Line]:
    """All rows in columns; where these do not fit, a paragraph for each row."""
    rows = sorted(found.rows, key=lambda row: row.bare.fetches)  # stable: programs keep their order
    grid = Grid(_COLUMNS, [_cells(found, row, options.glyphs) for row in rows], options.glyphs, options.width)
    if grid.widths is not None:
        last = 0
        yield from grid.head()
        for row, lines in zip(rows, grid.body(), strict=True):
            if last and row.bare.fetches != last:
                yield BLANK
            last = row.bare.fetches
            yield from lines
        return
    for row in rows:
        yield from note(safe(_sentence(found, row), options.glyphs), options.width)


def _cells(found: Scaling, row: Row, glyphs: Glyphs) -> tuple[Cell, ...]:
    bare, counted = row.bare, row.counted
    each, tracing, memory = found.cpu_each(row), found.tracing(row), found.peak_each(row)
    style = "error" if bare.trouble else ""
    seen = counted if counted is not None and counted.seen else None
    ready = seen.ready_at_once if seen else None
    return (
        cell(f"{bare.fetches:,}"),
        cell(row.program, "error" if bare.trouble else "strong"),
        cell(took(round(bare.wall * 1e9), glyphs), style),
        cell(took(round(each * 1e9), glyphs) if each is not None else glyphs.nothing, style),
        cell(f"{bare.peak / (1 << 20):,.0f} MiB", style),
        cell(f"{memory / 1024:.1f}" if memory is not None else "", style),
        cell(
            f"{seen.calls / bare.fetches:.1f}" if seen else "not seen" if counted else "",
            "" if seen else "dim",
        ),
        cell(
            f"{counted.system_calls / bare.fetches:.1f}"
            if counted and counted.system_calls is not None
            else ""
        ),
        cell(f"{seen.wakeups:,}" if seen and seen.wakeups else glyphs.nothing if counted else ""),
        cell(f"{ready:,.1f}" if ready is not None else glyphs.nothing if counted else ""),
        cell(f"{bare.in_flight:,}" if bare.in_flight else glyphs.nothing),
        cell(f"{glyphs.times}{tracing:.1f}" if tracing is not None else ""),
    )


def _legend(found: Scaling) -> Iterator[str]:
    yield _MEASURED
    if not any(row.counted for row in found.rows):
        return
    yield _COUNTED
    engines = {row.counted.engine for row in found.rows if row.counted and row.counted.engine}
    if engines:
        yield _SYSTEM.format(engine=", ".join(sorted(engines)))
    yield _RECORDED


def _bars(found: Scaling, options: Options) -> Iterator[Line]:
    """A bar for each row of which the cost of a fetch could be told; steps of one program that are alike are linear."""
    costs = [(row, cost) for row in found.rows if (cost := found.cpu_each(row)) is not None]
    if not costs:
        return
    glyphs = options.glyphs
    longest = max(cost for _, cost in costs)
    names = max(len(row.program) for row, _ in costs)
    numbers = max(len(f"{row.bare.fetches:,}") for row, _ in costs)
    room = max(options.picture - names - numbers - 14, _NARROWEST_BAR)
    before = ""
    for row, cost in sorted(
        costs, key=lambda pair: (found.programs.index(pair[0].program), pair[0].bare.fetches)
    ):
        length = max(1, round(cost / longest * room))
        name = row.program if row.program != before else ""
        before = row.program
        yield (
            (f"{name:<{names}}  {row.bare.fetches:>{numbers},}  ", ""),
            (glyphs.states[State.RUNNING] * length, "state.running"),
            (f" {took(round(cost * 1e9), glyphs)}", ""),
        )


def _known(found: Scaling) -> Iterator[str]:
    """Limits, what is missing, and whether it was stopped."""
    for text in found.fits:
        yield f"Fits {text}."
    yield from (text if text.endswith(".") else f"{text}." for text in found.notes)
    if found.stopped:
        yield f"Stopped: {count(len(found.rows), 'row')} of {found.planned:,} were measured."


# Other forms


def plain(found: Scaling, options: Options) -> Iterator[str]:
    """A sentence for each row, then what follows."""
    yield f"{_title(found)}."
    for row in found.rows:
        yield safe(_sentence(found, row), options.glyphs)
    for text in (*told(found), *_known(found)):
        yield safe(text, options.glyphs)


def _sentence(found: Scaling, row: Row) -> str:
    bare, counted = row.bare, row.counted
    each = found.cpu_each(row)
    parts = [
        f"{row.program}, {bare.fetches:,} at once: {bare.wall:.2f} seconds",
        f"{bare.cpu:.2f} seconds of CPU time",
    ]
    if each is not None:
        parts.append(f"{each * 1e6:,.0f} microseconds of it for each fetch")
    parts.append(f"{bare.peak / (1 << 20):,.0f} MiB of memory")
    if counted is not None and counted.seen:
        parts.append(f"{counted.calls / bare.fetches:.1f} calls for each fetch")
        if counted.ready_at_once is not None:
            parts.append(
                f"{count(counted.wakeups, 'wakeup')} with {counted.ready_at_once:,.1f} sockets ready each"
            )
    elif counted is not None:
        parts.append("its calls are not Python's, and were not seen")
    if counted is not None and counted.system_calls is not None:
        parts.append(f"{counted.system_calls / bare.fetches:.1f} system calls for each fetch")
    if (tracing := found.tracing(row)) is not None:
        parts.append(f"{tracing:.1f} times the CPU time when recorded")
    trouble = bare.trouble or (counted.trouble if counted else "")
    return f"{'; '.join(parts)}{f'; it failed: {trouble}' if trouble else ''}."


def rows(found: Scaling, _options: Options) -> Iterator[dict[str, object]]:
    """One object a row, with all that was measured; times are seconds, memory is bytes.  Last, what must be known."""
    for row in found.rows:
        base = found.bases.get(row.program)
        yield {
            "program": row.program,
            **row.bare._asdict(),
            "cpu_each": found.cpu_each(row),
            "peak_each": found.peak_each(row),
            "start": base._asdict() if base else None,
            "counted": row.counted._asdict() if row.counted else None,
        }
    yield {"processes": found.processes, "notes": [*told(found), *_known(found)], "stopped": found.stopped}
