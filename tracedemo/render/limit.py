"""A limit that was made small: the call in which it showed, its neighbours, and how the same looks large."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracedemo.analysis.limits_met import Met
from tracedemo.analysis.study import Study
from tracedemo.render.grid import note
from tracedemo.render.lines import BLANK, Line, safe
from tracedemo.render.options import Options
from tracedemo.render.views import View
from tracedemo.render.words import capital, count


@dataclass(frozen=True, slots=True)
class LimitView(View):
    """A view of one limit, which was found already."""

    found: Met | None = None

    def _parts(self, _studies: Sequence[Study]) -> Sequence[Met]:
        return () if self.found is None else (self.found,)

    def _part_of(self, _found: object) -> Iterator[str]:
        """A small run is kept whole."""
        return iter(())


def view_of(found: Met) -> LimitView:
    """A limit as something to present."""
    return LimitView(
        "limit", f"The limit: {found.kind.title}", "where a limit shows", joint=True, found=found
    )


def table(found: Met, options: Options) -> Iterator[Line]:
    """The limit, the call among its neighbours, and the same in large."""
    width, glyphs = options.width, options.glyphs
    yield from note(safe(_limit(found), glyphs), width, "title")
    yield BLANK
    if found.row is None:
        yield from note(_missed(found), width, "error")
        return
    for text in _facts(found):
        yield from note(safe(text, glyphs), width)
    yield BLANK
    for place, said in enumerate(found.around):
        here = place == found.place
        for number, line in enumerate(note(safe(said, glyphs), None if width is None else width - 4)):
            lead = f"{glyphs.arrow:<2}  " if here and not number else "    "
            yield ((lead + line[0][0], "error" if here else "dim"),)
    yield BLANK
    for text in _after(found):
        yield from note(safe(text, glyphs), width)


def _limit(found: Met) -> str:
    return f"{capital(found.kind.title)}: {found.limit}"


def _missed(found: Met) -> str:
    return f"It did not show: nowhere in this run was it seen that {found.kind.shows}."


def _facts(found: Met) -> Iterator[str]:
    yield f"It shows so: {found.kind.shows}: {found.answer}."
    if found.before:
        yield f"{capital(found.before)}."


def _after(found: Met) -> Iterator[str]:
    if found.times > 1:
        yield f"It showed in {count(found.times, 'call')} of this run; this is the first."
    if found.injected:
        yield (
            f"{count(found.injected, 'call')} {'was' if found.injected == 1 else 'were'} put in by tracedemo on the"
            " program's sockets to make the limit small; in the log they are marked as such."
        )
    yield found.kind.large


def plain(found: Met, options: Options) -> Iterator[str]:
    """The same in sentences."""
    yield safe(f"{_limit(found)}.", options.glyphs)
    if found.row is None:
        yield _missed(found)
        return
    for text in (*_facts(found), found.said, *_after(found)):
        yield safe(text, options.glyphs)


def rows(found: Met, _options: Options) -> Iterator[dict[str, object]]:
    """One object: all that was found."""
    kind = found.kind
    yield {"limit": kind.name, "set_to": found.limit, "shows": kind.shows, "errno": kind.errno or None, "large": kind.large,
           **{name: value for name, value in found._asdict().items() if name not in ("kind", "limit")}}  # fmt: skip
