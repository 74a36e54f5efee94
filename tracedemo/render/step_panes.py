"""What the stepper shows of one step: its source line, the call, the system calls inside, the sockets, its neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from os.path import commonprefix

from tracedemo.analysis.sentences import answer_text, call_text, who
from tracedemo.analysis.walk import SocketNow, Status, Walk
from tracedemo.events import FLOW, Event
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.lines import BLANK, Line, Piece, fold_text, safe, shorten, width_of
from tracedemo.render.log_cells import styles_of
from tracedemo.render.words import count, place, short_file, took
from tracedemo.syscalls import ERRNO_MEANINGS

STATUS_STYLE = {
    Status.UNOPENED: "dim",
    Status.HOLDS: "state.blocked",
    Status.BUSY: "state.running",
    Status.READY: "wakeup",
    Status.WATCHED: "",
    Status.CONNECTING: "not-yet",
    Status.AGAIN: "not-yet",
    Status.OPEN: "",
    Status.CLOSED: "dim",
}
FEWEST_SOCKETS = 4
"""Lines that are kept for the sockets, title included, where the kernel says much."""
FEWEST_NEIGHBOURS, MOST_NEIGHBOURS = 6, 15
"""Lines that are worth using, and steps that are shown, of those before and after."""


def fitted(line: Line, width: int, glyphs: Glyphs) -> Line:
    """A line of exactly `width` columns."""
    found: list[Piece] = []
    room = width
    for text, style in line:
        if width_of(text) > room:
            text = shorten(text, room, glyphs)  # noqa: PLW2901
        found.append((text, style))
        room -= width_of(text)
    return [*found, (" " * room, "")] if room > 0 else found


def capped(lines: Sequence[Line], most: int, glyphs: Glyphs) -> Sequence[Line]:
    """At most so many lines; where there are more, the last one says so."""
    if len(lines) <= most:
        return lines
    return [*lines[: max(most - 1, 0)], ((f" {glyphs.ellipsis} and more", "dim"),)][:most]


def rule(title: str, width: int, glyphs: Glyphs) -> Line:
    """The upper edge of a pane, with its title."""
    text = shorten(f" {title} ", max(width - 2, 0), glyphs)
    return ((glyphs.rule, "dim"), (text, "strong"), (glyphs.rule * (width - 1 - width_of(text)), "dim"))


# The source


def source_title(walk: Walk, step: int, glyphs: Glyphs) -> str:
    """Which file, and which function."""
    site = walk.event(step).place
    if site is None:
        return "no line"
    return safe(
        f"{short_file(site.file)}, {site.function}" if site.function else short_file(site.file), glyphs
    )


def source(walk: Walk, step: int, width: int, rows: int, glyphs: Glyphs) -> Iterator[Line]:
    """The line of a step among its neighbours.  The same lines stay where they are, while the next step's is among them."""
    if rows < 1:
        return
    site = walk.event(step).place
    lines = walk.study.text(site.file) if site else ()
    if site is None or not 0 < site.line <= len(lines):
        why = (
            "This step has no line of its own." if site is None else f"{place(site)}: the text was not saved."
        )
        yield from (((text, "dim"),) for text in fold_text(safe(why, glyphs), width))
        return
    half = max(rows // 2, 1)
    start = max(min((site.line - 1) // half * half - rows // 4, len(lines) - rows), 0)
    shown = lines[start : start + rows]
    digits = len(str(start + len(shown)))
    room = max(width - digits - 4, 1)
    outer = _shift(shown, site.line - 1 - start, room, glyphs)
    for number, line in enumerate(shown, start=start + 1):
        text = shorten(safe(line[outer:], glyphs), room, glyphs)
        if number == site.line:
            yield ((f"> {number:>{digits}} ", "strong"), (f" {text} ".ljust(min(room, 60)), "here"))
        else:
            yield ((f"  {number:>{digits}}  ", "dim"), (text, "dim" if line.lstrip().startswith("#") else ""))


def _shift(lines: Sequence[str], current: int, room: int, glyphs: Glyphs) -> int:
    """Columns of indentation to leave out, so that the current line is seen whole."""
    if width_of(safe(lines[current], glyphs)) + 1 < room:
        return 0
    return min(len(line) - len(line.lstrip(" ")) for line in lines if line.strip())


# The call, and what is inside


def facts_title(walk: Walk, step: int, glyphs: Glyphs) -> str:
    """Whose step it is."""
    whose = who(walk.event(step), walk.study.context)
    return safe(f"the {whose}" if whose == "loop" else whose or "the program", glyphs)


def facts(walk: Walk, step: int, width: int, rows: int, glyphs: Glyphs) -> Iterator[Line]:
    """The call and its answer, the system calls inside it, the sockets: what has room, the sockets last."""
    sockets = list(walk.sockets(step))
    call = capped(list(_call(walk, step, width, glyphs)), max(rows * 2 // 3, 3), glyphs)
    kernel: Sequence[Line] = list(_kernel(walk, step, width, glyphs))
    for_sockets = min(len(sockets) + 1, FEWEST_SOCKETS) if sockets else 0
    gaps = bool(kernel) + bool(sockets)
    airy = rows >= len(call) + len(kernel) + len(sockets) + 1 + gaps
    room = max(rows - len(call) - for_sockets - (gaps if airy else 0), 0)
    kernel = capped(kernel, room, glyphs)
    used = 0
    for section in (call, kernel):
        if airy and used and section:
            yield BLANK
            used += 1
        yield from section
        used += len(section)
    if sockets and rows > used + airy:
        if airy:
            yield BLANK
        below = list(_sockets(walk, step, sockets, width, rows - used - airy, glyphs))
        yield from below
        used += airy + len(below)
    if rows - used > FEWEST_NEIGHBOURS:
        yield BLANK
        yield from _neighbours(walk, step, width, rows - used - 1, glyphs)


def _call(walk: Walk, step: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    event = walk.event(step)
    woken = walk.study.wakeup_of_row.get(walk.rows[step])
    state = walk.study.row_states[walk.rows[step]]
    _, answered, waited = styles_of(event, state, woken=woken is not None and not woken.empty)
    yield (("the step" if event.lane == FLOW else "the call", "dim"),)
    yield from _folded(call_text(event), "strong", width, glyphs)
    answer = answer_text(event)
    if answer:
        mark = f"{glyphs.not_yet} " if event.not_yet else "  "
        time = took(event.duration, glyphs)
        text = safe(f"{mark}{answer}", glyphs)
        if time and width_of(text) + 2 + len(time) <= width:
            yield ((text, answered), ("  ", ""), (time, waited or "dim"))
        else:
            yield from _folded(f"{mark}{answer}", answered, width, glyphs)
            yield (("  ", ""), (time, waited or "dim"))
    for text in _why(event, woken.cause if woken else ""):
        yield from _folded(f"  {text}", "dim", width, glyphs)


def _why(event: Event, cause: str) -> Iterator[str]:
    """Why it was answered so, and where in a library the call stands."""
    if cause:
        yield cause
    elif event.errno in ERRNO_MEANINGS:
        yield ERRNO_MEANINGS[event.errno]
    if event.site and event.user_site and event.site.file != event.user_site.file:
        yield f"made in {place(event.site)}, {event.site.function}"


def _kernel(walk: Walk, step: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    lines = walk.beneath(step)
    if lines:
        yield (("the kernel is asked", "dim"),)
    for line in lines:
        style = "not-yet" if line.not_yet else "error" if line.failed else "" if line.rows else "dim"
        yield from _folded(line.text, style, width, glyphs)


def _folded(text: str, style: str, width: int, glyphs: Glyphs) -> Iterator[Line]:
    for part in fold_text(safe(text, glyphs), width):
        yield ((part, style),)


# The sockets


def _sockets(
    walk: Walk, step: int, sockets: Sequence[SocketNow], width: int, rows: int, glyphs: Glyphs
) -> Iterator[Line]:
    """As many sockets as have room, and how many others are what."""
    own = walk.event(step).conn
    shown = sockets if len(sockets) < rows else _chosen(walk, step, sockets, max(rows - 2, 0))
    yield (("sockets", "dim"),)
    words = [safe(now.words, glyphs) for now in shown]
    fds = ["" if now.fd is None or now.status is Status.CLOSED else f"fd {now.fd}" for now in shown]
    known = max(map(len, fds), default=0)
    room = max(width - max(map(width_of, words), default=0) - known - 6, 4)
    labels = [safe(now.socket.label, glyphs) for now in shown]
    if max(map(width_of, labels), default=0) > room:
        labels = short_labels(labels)
    widest = min(max(map(width_of, labels), default=0), room)
    for now, label, fd, what in zip(shown, labels, fds, words, strict=True):
        mine = now.socket.number == own
        text = shorten(label, widest, glyphs, middle=True)
        yield (
            ("> " if mine else "  ", "strong"),
            (text + " " * (widest - width_of(text)), "strong" if mine else ""),
            (f"  {fd:<{known}}  ", "dim"),
            (what, STATUS_STYLE[now.status]),
        )
    if len(shown) < len(sockets):
        numbers = {now.socket.number for now in shown}
        rest = Counter(now.status for now in sockets if now.socket.number not in numbers)
        parts = (f"{status.value} {rest[status]:,}" for status in Status if rest[status])
        yield ((f"  and {count(sum(rest.values()), 'more', 'more')}: {', '.join(parts)}", "dim"),)


def short_labels(labels: Sequence[str]) -> list[str]:
    """Labels without the words that all of them begin or end with: `#1` of `fetch_data #1`."""
    if len(labels) < 2:
        return list(labels)
    begin = commonprefix(labels).rpartition(" ")  # noqa: RUF071  # of texts
    head = len(begin[0] + begin[1])
    end = commonprefix([label[head:][::-1] for label in labels]).rpartition(" ")  # noqa: RUF071
    tail = len(end[0] + end[1])
    return [label[head : len(label) - tail] or label for label in labels]


def _neighbours(walk: Walk, step: int, width: int, rows: int, glyphs: Glyphs) -> Iterator[Line]:
    """The steps before and after, where there is room for them."""
    many = min(rows - 1, MOST_NEIGHBOURS)
    first = max(min(step - many // 3, len(walk) - many), 0)
    yield (("before and after", "dim"),)
    for number in range(first, min(first + many, len(walk))):
        event = walk.event(number)
        whose = who(event, walk.study.context)
        answer = answer_text(event)
        text = " ".join(filter(None, (whose, call_text(event), answer and glyphs.arrow, answer)))
        mark = ">" if number == step else " "
        style = (
            "strong" if number == step else "not-yet" if event.not_yet else "error" if event.failed else "dim"
        )
        line = shorten(safe(text, glyphs), max(width - 9, 1), glyphs, middle=True)
        yield ((f"{mark} {number + 1:>5}  ", "strong" if number == step else "dim"), (line, style))


def _chosen(walk: Walk, step: int, sockets: Sequence[SocketNow], room: int) -> Sequence[SocketNow]:
    """Of many sockets those that matter at a step; in their order."""
    about = walk.conn_at(step)
    urgent = [now for now in sockets if now.status in (Status.HOLDS, Status.BUSY, Status.READY)]
    first = [now for now in sockets if now.socket.number == about]
    numbers = {now.socket.number: now for now in (*first, *urgent)}
    start = next((place for place, now in enumerate(sockets) if now.socket.number == about), 0)
    for now in sockets[start // max(room, 1) * max(room, 1) :][:room]:
        numbers.setdefault(now.socket.number, now)
    chosen = list(numbers.values())[:room]
    return sorted(chosen, key=lambda now: now.socket.number)
