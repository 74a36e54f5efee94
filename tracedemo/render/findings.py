"""What a run tells about the code that made it: each finding with its evidence, its cost, and what to do.

`brief` is the short form, for the end of a run: what was found, and no more than a few lines of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, groupby, repeat
from typing import TypeVar

from tracedemo.analysis.findings import HEADINGS, KINDS, Finding, Place, complete
from tracedemo.analysis.study import Study
from tracedemo.render.grid import note
from tracedemo.render.lines import BLANK, Line, fold_text, safe
from tracedemo.render.options import Options
from tracedemo.render.words import capital, count, instant, listing, moment, name_of, place, short_file

T = TypeVar("T")

MISSING = "Rows are missing, so nothing is said of what the program left undone."
PLACES = 3
"""So many lines of source are named; with `unfold`, all."""
EVENTS = 5
"""So many events are named; with `unfold`, all."""
BRIEF = 3
"""So many findings stand in the short form."""

_INDENT = 3
_LABEL = 7


def table(study: Study, options: Options) -> Iterator[Line]:
    """A paragraph for each finding."""
    glyphs = options.glyphs
    title = f"{name_of(study)}: what this run tells about the code"
    yield from note(safe(title, glyphs), options.width, "title")
    yield BLANK
    if not study.findings:
        yield from note(_none(study), options.width)
    for number, found in enumerate(study.findings, start=1):
        if number > 1:
            yield BLANK
        yield from _told(study, found, number, options)
    if not complete(study):
        yield BLANK
        yield from note(MISSING, options.width, "note")


def _none(study: Study) -> str:
    number = len(KINDS) if complete(study) else sum(not kind.absent for kind in KINDS)
    return f"Nothing to say about the code: none of the {number} things that are looked for is in this run."


def _told(study: Study, found: Finding, number: int, options: Options) -> Iterator[Line]:
    glyphs, width = options.glyphs, options.width
    head = safe(f"{number}. {HEADINGS[found.kind]}", glyphs)
    yield from note(head, width, "strong")
    yield from note(safe(found.title, glyphs), width, "", _INDENT)
    shown = _some(found.places, PLACES, options)
    where = [text for at in shown for text in _place(study, at, options)]
    if len(found.places) > len(shown):
        where.append(f"and {count(len(found.places) - len(shown), 'more line')}")
    for label, texts, style in (
        ("where", where, "dim"),
        ("events", [events_text(study, found, options)], "dim"),
        ("cost", [capital(found.cost)], "note"),
        ("do", [found.remedy], ""),
    ):
        for before, text in zip(chain((label,), repeat("")), texts, strict=False):
            yield from _labelled(before, safe(text, glyphs), style, width)


def _labelled(label: str, text: str, style: str, width: int | None) -> Iterator[Line]:
    """A text with its label, or that much space, in front of each of its lines."""
    lead = _INDENT + _LABEL
    for line in [text] if width is None else fold_text(text, max(width - lead, 10)):
        yield (" " * _INDENT, ""), (label.ljust(_LABEL), "dim"), (line, style)
        label = ""


def _place(study: Study, at: Place, options: Options) -> Iterator[str]:
    """`selector.py:32 in fetch_data, ×3, first at 0.208 ms`, and the text of the line."""
    many = f"seen {at.number:,} times" if at.seen else f"{options.glyphs.times}{at.number:,}"
    often = f"{many}, first " if at.number > 1 else "seen " if at.seen else ""
    yield f"{place(at.site)} in {at.site.function}, {often}at {instant(_when(study, at))} ms"
    if source := study.source(at.site).strip():
        yield f"  {source}"


def _when(study: Study, at: Place) -> int:
    """When the first row of a place began, or when the watchdog saw the thread there."""
    event = study.events[at.row]
    return (event.t1 if at.seen and event.t1 is not None else event.t0) - study.origin


def events_text(study: Study, found: Finding, options: Options) -> str:
    """The numbers of the events, as they stand in the file, by lane and process."""
    told = []
    rows = _some(found.rows, EVENTS, options)
    for (lane, pid), some in groupby(
        (study.events[row] for row in rows), key=lambda event: (event.lane, event.pid)
    ):
        whose = f" of process {pid}" if len(study.pids) > 1 else ""
        told.append(f"{lane} {', '.join(str(event.seq) for event in some)}{whose}")
    more = len(found.rows) - len(rows)
    return "; ".join(told) + (f" and {more:,} more" if more else "")


def _some(things: Sequence[T], most: int, options: Options) -> Sequence[T]:
    return things if options.unfold else things[:most]


# Other forms


def plain(study: Study, options: Options) -> Iterator[str]:
    """Each finding in sentences, one a line."""
    if not study.findings:
        yield _none(study)
    for number, found in enumerate(study.findings, start=1):
        yield f"Finding {number}, {HEADINGS[found.kind]}: {found.title}"
        yield f"Its evidence: {count(len(found.rows), 'event')}{_aloud(study, found, options)}."
        yield f"Its cost: {found.cost}"
        yield f"What to do: {found.remedy}"
    if not complete(study):
        yield MISSING


def _aloud(study: Study, found: Finding, options: Options) -> str:
    """The lines of the evidence, to be read aloud."""
    told = [
        f"line {at.site.line} of {short_file(at.site.file)}, first {'seen ' if at.seen else ''}at"
        f" {moment(_when(study, at))}"
        for at in _some(found.places, PLACES, options)
    ]
    more = len(found.places) - len(told)
    return f", at {'; '.join(told)}{f'; and {more:,} more' if more else ''}" if told else ""


def rows(study: Study, _options: Options) -> Iterator[dict[str, object]]:
    """One object a finding, with all that is known."""
    for found in study.findings:
        events = [study.events[row] for row in found.rows]
        yield {
            "kind": found.kind, "title": found.title,
            "events": [{"lane": event.lane, "pid": event.pid, "seq": event.seq} for event in events],
            "places": [{**at.site._asdict(), "number": at.number} for at in found.places],
            "cost": found.cost, "calls": found.calls, "ns": found.ns, "system_calls": found.system_calls,
            "remedy": found.remedy,
        }  # fmt: skip


def brief(study: Study, options: Options, command: str) -> Iterator[Line]:
    """A few lines for the end of a run; none when there is nothing to say.

    Args:
        command: what to type for the evidence and the rest; empty: nothing would show it.
    """
    found, width = study.findings, options.width
    if not found:
        return
    yield from note("What this run tells about the code:", width, "strong")
    for one in found[:BRIEF]:
        (first, *rest) = note(safe(one.title, options.glyphs), None if width is None else width - 4, "")
        yield (("  - ", "note"), *first)
        for line in rest:
            yield (("    ", ""), *line)
    more = [HEADINGS[one.kind] for one in found[BRIEF:]]
    if more:
        yield from note(safe(f"and {len(more):,} more: {listing(more)}", options.glyphs), width, "dim", 2)
    if command:
        yield from note(safe(f"Evidence, cost and what to do: {command}", options.glyphs), width, "dim", 2)
