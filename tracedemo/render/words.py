"""Small texts that several views need: instants, places, counts.  Sentences are made in `analysis.sentences`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath, PureWindowsPath

from tracedemo.analysis.segments import State
from tracedemo.analysis.sentences import duration_text, duration_words
from tracedemo.analysis.study import Study
from tracedemo.events import Site
from tracedemo.render.glyphs import Glyphs

MS = 1_000_000


def instant(ns: int) -> str:
    """Milliseconds since the start, to the microsecond: they line up, and can be subtracted by eye."""
    return f"{ns / MS:,.3f}"


def took(ns: int | None, glyphs: Glyphs) -> str:
    """A duration; empty for None."""
    return duration_text(ns, glyphs.ascii)


def short_file(name: str) -> str:
    """A file without its folders, whichever way they are written."""
    return PureWindowsPath(name).name if "\\" in name else PurePath(name).name


def place(site: Site | None) -> str:
    """A line of source: `selector.py:41`."""
    return "" if site is None else f"{short_file(site.file)}:{site.line}"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 call`, `3 calls`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def counts(by_name: Mapping[str, int]) -> str:
    """Names with numbers: `EINPROGRESS 3, EAGAIN 6`."""
    return ", ".join(f"{name} {number:,}" for name, number in by_name.items())


def percent(share: float) -> str:
    """A share of the whole: 0 % is said only of nothing, 100 % only of all."""
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{share:.0%}".replace("%", " %")


def percent_words(share: float) -> str:
    """The same, to be read aloud."""
    return percent(share).replace("<", "less than ").replace(">", "more than ").replace("%", "percent")


def moment(ns: int) -> str:
    """An instant, to be read aloud: `the start`, `8.9 milliseconds`, `2 milliseconds before the start`."""
    if ns < 0:
        return f"{duration_words(-ns)} before the start"
    return duration_words(ns) if ns else "the start"


def capital(text: str) -> str:
    """A text that begins a sentence."""
    return text[:1].upper() + text[1:]


def main_state(study: Study) -> State | None:
    """The state in which the threads spent most time."""
    totals = study.states.totals
    state = max(totals, key=totals.__getitem__, default=None)
    return state if state is not None and totals[state] else None


def name_of(study: Study) -> str:
    """What to call a run: `selector, 3 requests`."""
    requests = study.trace.header.requests
    return study.name if requests is None else f"{study.name}, {count(requests, 'request')}"


def listing(names: Sequence[str]) -> str:
    """Names in a row: `a, b and c`."""
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
