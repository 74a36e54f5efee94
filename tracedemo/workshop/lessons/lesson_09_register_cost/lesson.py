"""Measures and a rule of this lesson alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.study import Study
from tracedemo.workshop.case import Case
from tracedemo.workshop.measures import Measure, Measured, calls, counted, event_at
from tracedemo.workshop.rules import Broken, by_name, rule

BEGINS = frozenset({"register", "modify"})
TELLS = BEGINS | {"unregister"}


def told_by_the_post(studies: Sequence[Study]) -> Measured:
    """Calls by which the first program tells its selector what to watch, socket by socket."""
    return _told(studies, 0)


def told_when_kept(studies: Sequence[Study]) -> Measured:
    """The same of the last program."""
    return _told(studies, -1)


def _told(studies: Sequence[Study], run: int) -> Measured:
    rows = calls(studies, lambda event: event.op in TELLS, run)
    return counted(sorted(rows, key=lambda at: event_at(studies, at).conn or 0))


MEASURES: dict[str, Measure] = {"told_by_the_post": told_by_the_post, "told_when_kept": told_when_kept}


@rule("register/only-news", "Leave the socket registered, and call modify() when its event is another one.")
def only_news(case: Case) -> Iterator[Broken]:
    """The selector is told no more than two times for each socket, and once for each change of its event."""
    told = [(row, event) for row, event in case.calls if event.op in TELLS and event.conn is not None]
    events: dict[int | None, str] = {}
    changes, known, again, anew = 0, 0, None, None
    for row, event in told:
        if event.op not in BEGINS:
            continue
        wish = str(event.args.get("events", ""))
        if (before := events.get(event.conn)) is not None:
            anew = row if anew is None and event.op == "register" else anew
            changes += wish != before
            known += wish == before
            again = again or Broken(f"the selector is told {wish} again, which it knew of this socket", row)
        events[event.conn] = wish
    allowed = 2 * len(events) + changes
    if len(told) > allowed:
        say = f"{len(told)} calls tell the selector what to watch, and {allowed} would do"
        if again is None or not known:
            yield Broken(say, anew)
        else:
            yield again._replace(sentence=f"{say}: {again.sentence}")


RULES = by_name(only_news)
