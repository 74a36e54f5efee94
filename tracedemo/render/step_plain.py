"""The stepper without a screen: each step in sentences, to be read aloud; or as JSON, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.sentences import answer_text, call_text, who
from tracedemo.analysis.walk import Walk
from tracedemo.render.log_kernel import aloud
from tracedemo.render.step_state import KEYS, State, press, searched
from tracedemo.render.words import count, moment


def told(state: State) -> Iterator[str]:
    """Where the walked run stands, and, of several, where the others do."""
    several = len(state.walks) > 1
    order = [state.run, *(run for run in range(len(state.walks)) if run != state.run)]
    for run in order:
        walk, step = state.walks[run], state.steps[run]
        lead = f"{walk.study.name}, " if several else ""
        yield step_told(walk, step, lead)


def step_told(walk: Walk, step: int, lead: str = "") -> str:
    """A step in a line: which, when, where, why it is worth stopping at; and what happens, last."""
    site, why = walk.event(step).place, walk.moments.get(step)
    words = "Step" if not lead else f"{lead}step"
    line = f", line {site.line}" if site else ""
    worth = f", {why}" if why else ""
    return f"{words} {step + 1:,} of {len(walk):,}, at {moment(walk.at(step))}{line}{worth}: {walk.sentence(step)}"


def more(state: State) -> Iterator[str]:
    """What else there is to say of a step: the system calls inside it, and the sockets."""
    lines = state.walk.beneath(state.step)
    if lines:
        yield aloud(lines)
    for now in state.walk.sockets(state.step):
        fd = "" if now.fd is None else f", fd {now.fd},"
        yield f"{now.socket.label}{fd} {now.words}."


def _wanted(state: State) -> Iterator[tuple[Walk, int]]:
    """The steps to be told when all are, from the one on at which it begins; with a search, those that were found."""
    for run, walk in enumerate(state.walks):
        found = searched(state, run).found if state.words else None
        for step in range(state.steps[run], len(walk)):
            if found is None or walk.rows[step] in found:
                yield walk, step


def rows(state: State) -> Iterator[dict[str, object]]:
    """One object a step."""
    for walk, step in _wanted(state):
        event, row = walk.event(step), walk.rows[step]
        yield {
                "run": walk.study.name, "step": step + 1, "at": walk.at(step), "took": event.duration,
                "who": who(event, walk.study.context), "call": call_text(event), "answer": answer_text(event),
                "sentence": walk.sentence(step), "state": walk.state(step), "moment": walk.moments.get(step),
                "pid": event.pid, "tid": event.tid, "fd": event.fd, "conn": event.conn, "row": row,
            "place": event.place and list(event.place),
                "beneath": [line.text for line in walk.beneath(step)],
            }  # fmt: skip


INTRODUCTION = (
    "Enter: next step.  b: back.  ] and [: next and previous moment.  m: more about this step."
    "  A number: go there.  /words: search.  q: quit.  ?: all."
)
"""The first line: how it is used."""


def introduction(state: State) -> Iterator[str]:
    """What there is, and how to go through it."""
    for number, walk in enumerate(state.walks, start=1):
        lead = f"v{number}: " if len(state.walks) > 1 else ""
        yield f"{lead}{walk.study.name}, {count(len(walk), 'step')}, {count(len(walk.moments), 'moment')}."


def all_told(state: State) -> Iterator[str]:
    """Every step of every run, a line each."""
    several = len(state.walks) > 1
    for walk, step in _wanted(state):
        yield step_told(walk, step, f"{walk.study.name}, " if several else "")


COMMANDS = {
    "": "right", "next": "right", "back": "left", "b": "left", "first": "home", "last": "end", "quit": "q", "exit": "q",
    "v": "tab", "help": "?",
}  # fmt: skip
"""Words for keys; what is none of these is a key itself."""

HELP = (
    "Enter or next: the next step.",
    "b or back: the step before.",
    '] and [: the next and the previous wait, wakeup or "not yet".',
    "n and N: the next and the previous step of the same connection.",
    "m: the system calls inside this step, and the sockets.",
    "A number: go to that step.  first, last: to the first and the last one.",
    "/recv,EAGAIN: search, with the words of --only; then ] and [ go to what is found.  / ends the search.",
    "v: walk another run.  v2: walk the second one.",
    "f: the other runs follow by the clock, or by phase.",
    "q or quit: the end.",
)


def obey(state: State, command: str) -> tuple[State, Sequence[str]]:
    """What a command does, and what there is to tell then."""
    before = state
    if command in ("m", "more"):
        return state, list(more(state))
    if command in ("?", "help"):
        return state, HELP
    keys = _keys_of(command)
    if not keys:
        return state, (f"{command} is no command; ? tells which there are.",)
    for key in keys:
        state = press(state, key)
    if state.ended or state.said:
        return state, (state.said,) if state.said else ()
    changed = (f"The other runs follow by {state.follow}.",) if state.follow is not before.follow else ()
    return state, [*changed, *told(state)]


def _keys_of(command: str) -> Sequence[str]:
    """The keys that a command stands for; none: it is none."""
    number = command.isascii() and command.isdecimal()
    if command.startswith("/") or number:
        return ("g", *command, "enter") if number else (*command, "enter")
    if len(command) == 2 and command[0] == "v" and command[1] in "123456789":
        return (command[1],)
    key = COMMANDS.get(command, command)
    return (key,) if key in KEYS else ()
