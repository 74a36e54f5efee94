"""The wakeups: when select returned, how long it had slept, what was ready and why, and who went on because of it.

A line for each ready descriptor, up to a number; a bigger batch stands in one row, with all its descriptors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from tracedemo.analysis.filters import Filter
from tracedemo.analysis.sentences import duration_words
from tracedemo.analysis.study import Study
from tracedemo.analysis.wakeups import Ready, Resumed, Wakeup
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.grid import GAP, Cell, Column, Grid, cell, note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.words import count, instant, moment, name_of, place, took

NONE = "No wakeups: the program never asked which sockets are ready."
SPLIT = 6
"""Up to so many ready descriptors, each has a line; with `unfold`, always."""


def table(study: Study, options: Options) -> Iterator[Line]:
    """One row a wakeup; several empty ones in a row are one line."""
    glyphs = options.glyphs
    found = _wanted(study, options)
    yield from note(safe(f"{name_of(study)}: what woke it, and who went on", glyphs), options.width, "title")
    yield BLANK
    if found:
        rows = [
            row
            for group in _groups(found, options)
            for row in _rows_of(study, group, glyphs, unfold=options.unfold)
        ]
        yield from _laid_out(rows, options)
    else:
        yield from note("None of the wakeups fits." if study.wakeups else NONE, options.width)
    left_out = len(study.wakeups) - len(found)
    if left_out:
        yield BLANK
        yield from note(f"--only leaves out {count(left_out, 'wakeup')}.", options.width)


def _wanted(study: Study, options: Options) -> Sequence[Wakeup]:
    if options.only is None:
        return study.wakeups
    return [wakeup for wakeup in study.wakeups if _matches(study, wakeup, options.only)]


def _matches(study: Study, wakeup: Wakeup, only: Filter) -> bool:
    """Whether a filter wants the select, or one of the descriptors that it found ready."""
    event, phase = study.events[wakeup.row], study.phases.of_row[wakeup.row]
    ready = (event._replace(fd=item.fd, conn=item.conn, owner=item.owner) for item in wakeup.ready)
    return any(only.matches(one, phase) for one in (event, *ready))


def _groups(found: Sequence[Wakeup], options: Options) -> Iterator[list[Wakeup]]:
    """Wakeups one by one, and empty ones that follow each other together."""
    for empty, run in groupby(found, key=lambda wakeup: wakeup.empty):
        if empty and not options.unfold:
            yield list(run)
        else:
            yield from ([wakeup] for wakeup in run)


_COLUMNS = (
    Column("at ms", right=True),
    Column("slept", right=True),
    Column("ready", rank=1, least=14, most=36, wrap=True),
    Column("cause", rank=4, least=18, most=48, wrap=True),
    Column("who goes on", rank=2, least=11, most=30, middle=True),
    Column("at line", rank=3, least=10, most=26, middle=True),
)


def _rows_of(
    study: Study, group: Sequence[Wakeup], glyphs: Glyphs, *, unfold: bool
) -> Iterator[tuple[Cell, ...]]:
    first = group[0]
    at, slept = instant(first.t - study.origin), took(sum(wakeup.slept for wakeup in group) or None, glyphs)
    head = cell(at), cell(slept or "no", "state.asleep" if slept else "dim")
    if first.empty:
        times = f" {glyphs.times}{len(group):,}" if len(group) > 1 else ""
        yield (*head, cell(f"none{times}", "dim"), cell(safe(first.cause, glyphs), "dim"), (), ())
        return
    if len(first.ready) > SPLIT and not unfold:
        yield (*head, *_batch(first, glyphs))
        return
    for ready_item, resumed_item in _paired(first):
        yield (*head, *_ready(ready_item, glyphs), *_resumed(resumed_item, glyphs))
        head = (), ()


def _batch(wakeup: Wakeup, glyphs: Glyphs) -> Iterator[Cell]:
    """Many at once in one row: all their descriptors, each cause and each line once."""
    yield cell(f"{len(wakeup.ready):,}: fd {', '.join(str(item.fd) for item in wakeup.ready)}", "wakeup")
    yield cell(safe("; ".join(dict.fromkeys(item.cause for item in wakeup.ready)), glyphs))
    yield cell(f"{len(wakeup.resumed):,} of them" if wakeup.resumed else "")
    places = dict.fromkeys(place(resumed.site) for resumed in wakeup.resumed)
    yield cell(safe(", ".join(filter(None, places)), glyphs), "dim")


def _paired(wakeup: Wakeup) -> Iterator[tuple[Ready | None, Resumed | None]]:
    """Each ready descriptor with whoever went on because of it, then the others that went on."""
    left = {resumed.owner: resumed for resumed in wakeup.resumed}
    for item in wakeup.ready:
        yield item, left.pop(item.owner or "", None)
    for resumed in left.values():
        yield None, resumed


def _ready(item: Ready | None, glyphs: Glyphs) -> tuple[Cell, Cell]:
    if item is None:
        return (), ()
    return cell(safe(f"fd {item.fd} {item.events}".rstrip(), glyphs), "wakeup"), cell(
        safe(item.cause, glyphs)
    )


def _resumed(resumed: Resumed | None, glyphs: Glyphs) -> tuple[Cell, Cell]:
    if resumed is None:
        return (), ()
    return cell(safe(resumed.owner, glyphs)), cell(safe(place(resumed.site), glyphs), "dim")


def _laid_out(rows: Sequence[tuple[Cell, ...]], options: Options) -> Iterator[Line]:
    """Columns, or, where these don't fit, lines under each other."""
    grid = Grid(_COLUMNS, rows, options.glyphs, options.width)
    if grid.widths is not None:
        yield from grid.lines()
        return
    head = Grid(_COLUMNS[:2], [row[:2] for row in rows], options.glyphs, None)
    lead = sum(head.widths or ()) + 2 * GAP
    room = (options.width or 0) - lead
    for row in rows:
        (begin,) = head.row(row[:2])
        used = sum(len(text) for text, _ in begin)
        ready, cause, who, where = (pieces[0][0] if pieces else "" for pieces in row[2:])
        first, *rest = note(f"{ready}: {cause}".strip(": "), room, "wakeup")
        yield (*begin, (" " * (lead - used), ""), *first)
        for line in rest:
            yield ((" " * lead, ""), *line)
        if who:
            yield from note(
                f"{who} {'go' if who.endswith(' of them') else 'goes'} on" + (f", {where}" if where else ""),
                options.width,
                "",
                lead + 2,
            )


# Other forms


def plain(study: Study, options: Options) -> Iterator[str]:
    """A sentence for each wakeup."""
    if not study.wakeups:
        yield NONE
    for group in _groups(_wanted(study, options), options):
        first = group[0]
        slept = sum(wakeup.slept for wakeup in group)
        times = f" {len(group):,} times" if len(group) > 1 else ""
        sleep = f" after {duration_words(slept)} asleep" if slept else " without sleeping"
        went = [f"{resumed.owner}{_at_line(resumed)}" for resumed in first.resumed]
        then = f"; then {', '.join(went)} {'goes' if len(went) == 1 else 'go'} on" if went else ""
        at = moment(first.t - study.origin)
        yield safe(f"At {at}: {first.op} returns{times}{sleep}, {first.cause}{then}.", options.glyphs)


def _at_line(resumed: Resumed) -> str:
    return f" at line {resumed.site.line}" if resumed.site else ""


def rows(study: Study, options: Options) -> Iterator[dict[str, object]]:
    """One object a wakeup."""
    for wakeup in _wanted(study, options):
        yield {
            "t": wakeup.t, "t0": wakeup.t0, "op": wakeup.op, "pid": wakeup.pid, "tid": wakeup.tid, "who": wakeup.who,
            "slept": wakeup.slept, "timeout": wakeup.timeout, "watched": wakeup.watched, "cause": wakeup.cause,
            "ready": [item._asdict() for item in wakeup.ready],
            "resumed": [resumed._asdict() for resumed in wakeup.resumed],
        }  # fmt: skip
