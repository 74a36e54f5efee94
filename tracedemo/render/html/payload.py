"""What the page knows of the runs, as one object for JSON.  The sentences and all other words are made in Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Status, status_words
from tracedemo.render.glyphs import REQUEST_WORDS, STATE_WORDS, THREAD_WORDS
from tracedemo.render.html.flights import flights_form
from tracedemo.render.html.lanes import lanes_form
from tracedemo.render.html.log_lines import filter_words, log_form
from tracedemo.render.html.sockets import sockets_form
from tracedemo.render.html.sources import sources_form
from tracedemo.render.html.steps import MOMENTS, STATES, Steps, steps_form
from tracedemo.render.html.tables import joint_tables, verdict, views
from tracedemo.render.phases import PHASE_WORDS
from tracedemo.render.summary import ending
from tracedemo.render.words import name_of

_MARK = "\N{REFERENCE MARK}"


def payload(studies: Sequence[Study], title: str, made: str, *, sources: bool = True) -> dict[str, Any]:
    """All runs.

    Args:
        made: when and by what, for people.
        sources: with the text of source files.
    """
    return {
        "title": clean(title), "made": clean(made), "words": _words(),
        "runs": [run_form(study, sources=sources) for study in studies],
        "joint": joint_tables(studies) if len(studies) > 1 else {},
    }  # fmt: skip


def _words() -> dict[str, Any]:
    return {
        "states": [state.value for state in STATES],
        "stateWords": [STATE_WORDS[state] for state in STATES],
        "threadWords": [THREAD_WORDS[state] for state in STATES],
        "requestWords": [REQUEST_WORDS[state] for state in STATES],
        "moments": ["", *(moment.value for moment in MOMENTS)],
        "phases": PHASE_WORDS,
        "filter": filter_words(),
        "statuses": [
            {"name": status.value, "words": status.value, "about": _about(status)} for status in Status
        ],
    }


def _about(status: Status) -> list[str] | None:
    """What to say of a socket around what it is watched for, or waits in; None: that is not told."""
    words = status_words(status, _MARK)
    return words.split(_MARK) if _MARK in words else None


def run_form(study: Study, *, sources: bool = True) -> dict[str, Any]:
    """One run."""
    steps = Steps(study)
    threads = study.states.threads
    calls: list[list[int]] = [[] for _ in threads]
    for step, thread in enumerate(steps.threads):
        if steps.states[step]:
            calls[thread].append(step)
    pids = list(dict.fromkeys(lane.pid for lane in threads))
    totals = study.states.totals
    form = {
        "name": clean(study.name), "title": clean(name_of(study)), "subtitle": clean(_subtitle(study)),
        "notes": [clean(note) for note in _notes(study)],
        "wall": study.states.wall / 1000, "n": len(steps.walk),
        "verdict": verdict(study),
        "shares": [{"state": number, "share": study.states.share(state)} for number, state in enumerate(STATES)
                   if totals[state]],
        "threads": {
            "label": [clean(lane.label) for lane in threads], "process": [pids.index(lane.pid) for lane in threads],
            "lanes": lanes_form(threads, calls, steps),
        },
        "steps": steps_form(steps), "last": steps.last,
        "sockets": sockets_form(steps),
        "sources": sources_form(steps, texts=sources),
        "views": views(steps), "log": log_form(steps), "flights": flights_form(steps),
    }  # fmt: skip
    form["facts"] = steps.facts.written()
    return form


def _subtitle(study: Study) -> str:
    header = study.trace.header
    parts = [header.python and f"Python {header.python}", study.summary.pace]
    if header.engine:
        parts.append(f"system calls by {header.engine} {header.engine_version or ''}".strip())
    return "; ".join(part for part in parts if part)


def _notes(study: Study) -> list[str]:
    found = study.summary
    told = [ending(found), *found.header.beyond, found.partial, *found.notes]
    if found.fit:
        told.append(found.fit)
    return [text for text in told if text]
