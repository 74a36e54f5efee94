"""The other views of the page, as tables: rows as the jsonl form of each view gives them, made fit for a page.

Times are microseconds, instants are counted from the run's beginning. Rows of the Trace become steps, numbers of
connections places among the page's sockets, places in source `file.py:12`. -1 or null: there is none.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from math import isfinite
from typing import Any

from tracedemo.analysis.beneath import names
from tracedemo.analysis.findings import HEADINGS
from tracedemo.analysis.join import Outside, counts
from tracedemo.analysis.study import Study
from tracedemo.analysis.system_calls import system_call
from tracedemo.analysis.text import clean
from tracedemo.render import comparison, findings, loop_words, phases, summary
from tracedemo.render.glyphs import THREAD_WORDS, UTF8
from tracedemo.render.html.columns import Frame, number_form
from tracedemo.render.html.steps import STATES, TENTH, Steps
from tracedemo.render.html.texts import texts_form
from tracedemo.render.options import Options
from tracedemo.render.words import capital, percent, place, took

MICRO = 1_000


def views(steps: Steps) -> dict[str, Any]:
    """The tables of one run; a view that has nothing to say has no rows."""
    made = _Maker(steps)
    return {
        "phases": table_form(made.phases()),
        "wakeups": table_form(made.wakeups(), steps.frame),
        "loop": table_form(made.turns(), steps.frame),
        "loopHeads": made.loop_heads(),
        "outside": table_form(made.outside(), steps.frame),
        "findings": table_form(made.findings()),
        "summary": table_form(made.summary()),
    }


class _Maker:
    def __init__(self, steps: Steps) -> None:
        self.steps, self.study = steps, steps.study

    def at(self, ns: int | None) -> float | None:
        """An instant in microseconds, to a tenth."""
        return None if ns is None else self.steps.time(ns) / 10

    def step(self, row: int | None) -> int:
        return -1 if row is None else self.steps.step_of.get(row, -1)

    def socket(self, conn: int | None) -> int:
        return self.steps.socket_of.get(conn or 0, -1)

    def phases(self) -> list[dict[str, Any]]:
        return [
            {
                "phase": total.phase, "label": phases.PHASE_WORDS.get(total.phase, total.phase),
                "time": total.time / MICRO, "took": took(total.time, UTF8), "calls": total.calls,
                "not_yet": total.not_yet, "state": -1 if total.state is None else STATES.index(total.state),
            }
            for total in self.study.phases.totals.values() if total.calls
        ]  # fmt: skip

    def wakeups(self) -> list[dict[str, Any]]:
        """What was ready, stands with the steps."""
        return [
            {
                "t": self.at(wakeup.t), "t0": self.at(wakeup.t0), "slept": wakeup.slept // TENTH / 10,
                "slept_text": took(wakeup.slept or None, UTF8), "step": self.step(wakeup.row), "op": wakeup.op,
                "who": wakeup.who, "timeout": wakeup.timeout, "watched": wakeup.watched, "cause": wakeup.cause,
                "resumed": [
                    {"owner": item.owner, "t": self.at(item.t), "step": self.step(item.row), "place": place(item.site)}
                    for item in wakeup.resumed
                ],
            }
            for wakeup in self.study.wakeups
        ]  # fmt: skip

    def turns(self) -> list[dict[str, Any]]:
        return [
            {
                "loop": number, "turn": turn.number, "step": self.step(turn.row), "t0": self.at(turn.t0),
                "t1": self.at(turn.t1), "slept": turn.slept // TENTH / 10, "text": loop_words.turn_text(turn),
                "registered": loop_words.registered_texts(turn)[0], "time": turn.time // TENTH / 10,
                "blocked": turn.blocked, "lost": turn.lost, "callbacks": [self._callback(one) for one in turn.handles],
            }
            for number, loop in enumerate(self.study.loops) for turn in loop.turns
        ]  # fmt: skip

    def _callback(self, handle: Any) -> dict[str, Any]:
        return {
            "step": self.step(handle.row), "owner": loop_words.who_of(handle.owner), "name": loop_words.what_of(handle),
            "is_step": handle.step, "t0": self.at(handle.t0), "time": handle.time // TENTH / 10,
            "took": took(handle.time, UTF8), "asked": list(loop_words.asked_texts(handle, UTF8)), "word": handle.word,
            "system_calls": handle.system_calls,
            "blocked": loop_words.blocked_text(handle, self.study) if handle.blocked else "",
        }  # fmt: skip

    def loop_heads(self) -> list[dict[str, Any]]:
        """Of each event loop its name, and what is to be said of the whole."""
        loops = self.study.loops
        return [
            {
                "name": clean(capital(loop_words.loop_name(loop, loops, self.study))) if len(loops) > 1 else "",
                "texts": [clean(text) for text in (*loop_words.head(loop, unfold=False), loop_words.blocked_turns(loop),
                                                   *loop_words.loss(self.study)) if text],
            }
            for loop in loops
        ]  # fmt: skip

    def outside(self) -> list[dict[str, Any]]:
        """System calls after the start that lie under no Python call, each with the last step that was begun before it.
        Those that have nothing to do with sockets are one row where they follow each other.
        """
        join, events = self.study.join, self.study.events
        labels = {(lane.pid, lane.tid): lane.label for lane in self.study.states.threads}
        begun = [events[row].t0 for row in self.steps.walk.rows]

        def alike(each: Outside) -> tuple[Any, ...]:
            event = events[each.row]
            step = bisect_right(begun, event.t0) - 1
            return step, (event.pid, event.tid), each.reason, each.row if counts(event) else -1

        found = []
        for (step, thread, reason, row), some in groupby(join.outside if join else (), alike):
            made = [events[each.row] for each in some]
            found.append({
                "step": step, "t": self.at(made[0].t0), "number": len(made),
                "text": system_call(made[0]) if len(made) == 1 else names(event.op for event in made),
                "took": took(sum(event.t1 - event.t0 for event in made if event.t1 is not None), UTF8) or "0",
                "thread": labels.get(thread, f"thread {thread[1]}"), "why": reason,
                "failed": len(made) == 1 and made[0].failed and not made[0].not_yet, "counted": row >= 0,
            })  # fmt: skip
        return found

    def findings(self) -> list[dict[str, Any]]:
        return [
            {
                "kind": found.kind, "heading": HEADINGS[found.kind], "title": found.title, "cost": found.cost,
                "remedy": found.remedy, "calls": found.calls, "time": found.ns // TENTH / 10,
                "system_calls": found.system_calls, "rows": len(found.rows),
                "steps": [step for step in map(self.step, found.rows[:MOST]) if step >= 0],
                "events": findings.events_text(self.study, found, Options()),
                "places": [
                    {"place": place(at.site), "function": at.site.function, "number": at.number, "step": self.step(at.row),
                     "source": self.study.source(at.site).strip()}
                    for at in found.places
                ],
            }
            for found in self.study.findings
        ]  # fmt: skip

    def summary(self) -> list[dict[str, Any]]:
        return [
            {"label": label, "value": value, "detail": detail}
            for label, value, detail, _ in summary.numbers(self.study.summary, UTF8)
        ]


MOST = 1_000
"""So many steps of a finding's evidence can be walked to."""


def verdict(study: Study) -> list[dict[str, str]]:
    """The run in a few numbers, for a row of cards."""
    found = study.summary
    cards = [("total time", took(found.wall, UTF8))]
    cards += [
        (THREAD_WORDS[state], percent(found.share(state))) for state in STATES[3:] if found.states[state]
    ]
    cards.append(("calls", f"{found.calls:,}"))
    if found.system_calls is not None:
        cards.append(("system calls", f"{found.system_calls:,}"))
    cards += [
        ('"not yet" answers', f"{found.not_yets:,}"), ("wakeups", f"{found.wakeups:,}"),
        ("most in flight", f"{found.in_flight:,}"),
    ]  # fmt: skip
    return [{"label": label, "value": value} for label, value in cards]


def joint_tables(studies: Sequence[Study]) -> dict[str, Any]:
    """What is said of several runs together."""
    found = comparison.compared(studies)
    return {
        "names": [clean(name) for name in found.names],
        "comparison": [
            {"metric": metric.name, "label": metric.label, "unit": metric.unit,
             "state": -1 if metric.state is None else STATES.index(metric.state),
             "values": ["" if value is None else comparison.value_text(metric, value, UTF8) for value in metric.values]}
            for metric in found.metrics
        ],
        "notes": [clean(note) for note in (*comparison.paces(found.summaries), *found.notes)],
    }  # fmt: skip


# Tables


def table_form(rows: Iterable[Any], root: Frame | None = None) -> dict[str, Any]:
    """Any rows of JSON as columns: `{"rows": how many, "as": form}`.

    Args:
        root: the steps, of which rows with the field "step" can know things.
    """
    values = list(rows)
    return {"rows": len(values), "as": _Table(root).form(values, Frame([-1] * len(values)))}


class _Table:
    def __init__(self, root: Frame | None) -> None:
        self._root = root

    def form(self, values: Sequence[Any], frame: Frame) -> dict[str, Any]:
        """Values of one kind as `{"numbers": column}`, `{"tenths": ...}`, `{"texts": ...}`, `{"flags": ...}`,
        `{"fields": {name: form}}`, `{"lists": {"counts": column, "items": form}}`; with nulls among them,
        `{"some": column, "as": form}`; else as they are, `{"raw": [...]}`.
        """
        if any(value is None for value in values):
            some = [row for row, value in enumerate(values) if value is not None]
            flags = number_form(int(value is not None) for value in values)
            return {"some": flags, "as": self.form([values[row] for row in some], frame.below(some))}
        kinds = set(map(type, values))
        write = _WRITERS.get(kinds.pop()) if len(kinds) == 1 else None
        form = write(self, values, frame) if write else None
        return form or {"raw": [value if isinstance(value, (int, float)) and isfinite(value) else clean(value)
                                for value in values]}  # fmt: skip

    def flags(self, values: Sequence[bool], frame: Frame) -> Any:
        return {"flags": frame.form(list(map(int, values)))}

    def numbers(self, values: Sequence[int], frame: Frame) -> Any:
        return {"numbers": frame.form(values)} if max(map(abs, values)) < EXACT else None

    def tenths(self, values: Sequence[float], frame: Frame) -> Any:
        """Times, which have one decimal."""
        if not all(abs(value) < EXACT / 10 and round(value, 1) == value for value in values):
            return None
        return {"tenths": frame.form([round(value * 10) for value in values])}

    def texts(self, values: Sequence[str], frame: Frame) -> Any:
        return {"texts": texts_form(frame, list(map(clean, values)))}

    def lists(self, values: Sequence[Sequence[Any]], frame: Frame) -> Any:
        items = [item for value in values for item in value]
        above = [row for row, value in enumerate(values) for _ in value]
        return {
            "lists": {"counts": number_form(map(len, values)), "items": self.form(items, frame.below(above))}
        }

    def fields(self, values: Sequence[dict[str, Any]], frame: Frame) -> Any:
        """Rows with the same fields."""
        found: dict[str, Any] = {}
        if self._root and "step" in values[0]:
            steps = [value["step"] for value in values]
            found["step"] = {"numbers": number_form(steps)}
            frame = self._root.below([max(step, 0) for step in steps])
        for name in values[0]:
            if name not in found:
                found[name] = self.form([value[name] for value in values], frame)
        return {"fields": found}


EXACT = 10**15
"""Numbers below this one, and their differences, are exact in JavaScript."""

_WRITERS: dict[type, Callable[[_Table, Any, Frame], Any]] = {
    bool: _Table.flags, int: _Table.numbers, float: _Table.tenths, str: _Table.texts, list: _Table.lists,
    tuple: _Table.lists, dict: _Table.fields,
}  # fmt: skip
