"""What the page reads out of its data, all of it, held against what Python knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from tracedemo.analysis.segments import Lane, State
from tracedemo.analysis.sentences import answer_text, call_text, who
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Moment, Walk
from tracedemo.render.html import page
from tracedemo.render.html.assemble import json_text
from tracedemo.render.html.assemble import static as static_file
from tracedemo.render.html.payload import payload
from tracedemo.render.words import short_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCRIPTS = ("columns.js", "data.js", "tables.js", "segments.js", "stories.js", "walk.js")
"""What opens the data."""

READ = """\
run => {
  const steps = Array.from({ length: run.n }, (_, step) => step);
  const each = (read) => steps.map(read);
  const laid = (lane) => {
    const { segments: its } = lane;
    const segments = Array.from({ length: its.n }, (_, at) => [its.t0(at), its.t1(at), its.state[at], its.step[at]]);
    return { label: lane.label, t0: lane.t0, t1: lane.t1, segments };
  };
  return {
    t0: each((step) => run.t0(step)), dur: each((step) => (Number.isNaN(run.dur(step)) ? null : run.dur(step))),
    state: [...run.state], moment: [...run.moment], phase: each((step) => run.phases[run.phase[step]]),
    op: each((step) => run.op(step)), call: each((step) => run.call(step)), answer: each((step) => run.answer(step)),
    who: each((step) => run.who(step)), sentence: each((step) => run.sentence(step)), seq: each((step) => run.seq(step)),
    site: each((step) => run.site(step)), fails: each((step) => run.fails(step)),
    beneath: each((step) => run.beneath(step).map((line) => [line.text, line.aloud, line.notYet, line.failed])),
    now: each((step) => run.socketsNow(step).list.map((socket) => [socket.label, socket.words, socket.fd])),
    thread: each((step) => run.threads[run.thread[step]].label),
    conn: each((step) => run.conn(step)), threads: run.threads.map(laid), sockets: run.sockets.map(laid),
  };
}"""
"""Reads all that the model of a run says."""

HARNESS = """\
<!doctype html><script type="application/json" id="data"></script><script>
{scripts}
const readRun = {read};
const all = (run, read) => Array.from({{ length: run.n }}, (_, step) => read(step));
async function readAll(text) {{
  document.getElementById("data").textContent = text;
  const model = await loadModel();
  return {{
    runs: model.runs.map(readRun),
    counterparts: model.runs.map((run) => model.runs.map((other) => all(other, (step) => run.counterpart(other, step)))),
  }};
}}
function readColumns({{ groups, facts, count, numbers, texts }}) {{
  const frame = new Frame(Int32Array.from(groups), (fact) => plainNumbers(facts[fact], count + 1));
  frame.known.set("known", Known.of(frame.numbers(numbers[0])));
  frame.known.set("code", Known.of(frame.numbers(numbers[1])));
  const column = new Texts(texts, frame);
  return {{
    numbers: numbers.map((form) => [...frame.numbers(form)]),
    texts: groups.map((_, row) => column.at(row)),
  }};
}}
</script>"""


def harness() -> str:
    """A page that has the data's code alone, and reads what it is given, again and again."""
    scripts = "\n".join(static_file(f"js/{name}") for name in SCRIPTS)
    return HARNESS.format(scripts=scripts, read=READ)


def read(harness_page: Page, studies: list[Study]) -> dict[str, Any]:
    """What the page makes of the data of these runs."""
    return dict(harness_page.evaluate("text => readAll(text)", json_text(payload(studies, "t", "m"))))


def known(study: Study) -> dict[str, Any]:
    """The same, as Python knows it."""
    walk = Walk(study)
    steps = range(len(walk))
    events = [walk.event(step) for step in steps]
    places = {row: step for step, row in enumerate(walk.rows)}
    shown = [socket.number for socket in walk.shown]
    threads = {(lane.pid, lane.tid): clean(lane.label) for lane in study.states.threads}
    moments = ["", *Moment]
    return {
        "t0": [micro(event.t0, study) for event in events],
        "dur": [None if event.t1 is None else (tenths(event.t1, study) - tenths(event.t0, study)) / 10 for event in events],
        "state": [list(State).index(walk.state(step)) for step in steps],
        "moment": [moments.index(walk.moments.get(step, "")) for step in steps],
        "phase": [study.phases.of_row[row] or study.events[row].lane for row in walk.rows],
        "op": [clean(event.op) for event in events],
        "call": list(map(call_text, events)),
        "answer": list(map(answer_text, events)),
        "who": [who(event, study.context) for event in events],
        "sentence": [walk.sentence(step) for step in steps],
        "seq": [event.seq for event in events],
        "site": [site and {"file": clean(short_file(site.file)), "line": site.line, "function": clean(site.function)}
                 for site in (event.place for event in events)],
        "fails": [event.failed for event in events],
        "beneath": [[[line.text, line.aloud, line.not_yet, line.failed] for line in walk.beneath(step)] for step in steps],
        "now": [[[clean(now.socket.label), now.words, now.fd] for now in walk.sockets(step)] for step in steps],
        "thread": [threads[event.pid, event.tid] for event in events],
        "conn": [shown.index(event.conn) if event.conn in shown else -1 for event in events],
        "threads": list(lanes(study.states.threads, study, places)),
        "sockets": list(lanes(study.states.connections, study, places)),
    }  # fmt: skip


def lanes(found: Iterable[Lane], study: Study, places: dict[int, int]) -> Iterable[dict[str, Any]]:
    states = list(State)
    for lane in found:
        segments = [[micro(begin, study), micro(end, study), states.index(state), -1 if row is None else places[row]]
                    for begin, end, state, row in lane.segments]  # fmt: skip
        yield {
            "label": clean(lane.label),
            "t0": micro(lane.t0, study),
            "t1": micro(lane.t1, study),
            "segments": segments,
        }


def tenths(ns: int, study: Study) -> int:
    return (ns - study.origin) // 100


def micro(ns: int, study: Study) -> float:
    """Microseconds from the run's beginning, to a tenth, which is what the page knows."""
    return tenths(ns, study) / 10


def html(studies: list[Study]) -> str:
    return "".join(page(studies))
