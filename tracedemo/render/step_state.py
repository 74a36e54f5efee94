"""Walking through runs: what each key does.  Nothing here knows a terminal: a state and a key give a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tracedemo.analysis.filters import parse
from tracedemo.analysis.walk import Walk
from tracedemo.analysis.walk.following import Follow, follow
from tracedemo.errors import UsageError

PAGE = 10
"""Steps that a page key goes."""

SEARCH, GO = "/", "g"
"""What is being typed: words to search for; the number of a step."""


@dataclass(frozen=True, slots=True)
class State:
    """Where somebody stands, and what they see."""

    walks: tuple[Walk, ...]
    """The runs; each has at least one step."""
    steps: tuple[int, ...]
    """Where each run stands."""
    run: int = 0
    """The one that is walked."""
    follow: Follow = Follow.CLOCK
    by_steps: bool = False
    """Whether the timeline has a column for each step, instead of for a stretch of time."""
    words: str = ""
    """What is searched for; empty: moments."""
    found: frozenset[int] = frozenset()
    """Rows of the walked run that were found."""
    asked: str = ""
    """SEARCH or GO while somebody is typing ..."""
    typed: str = ""
    """... this."""
    said: str = ""
    """What there is to say about the last key."""
    help: bool = False
    ended: bool = False

    @property
    def walk(self) -> Walk:
        """The run that is walked."""
        return self.walks[self.run]

    @property
    def step(self) -> int:
        """Where it stands."""
        return self.steps[self.run]


def begin(walks: Sequence[Walk], *, at: int = 0, words: str = "") -> State:
    """The state before the first key.

    Args:
        at: a step of the first run, from 0.
        words: what to search for, as `--only` has it: the first one at or after `at`.

    Raises:
        UsageError: there is a word that means nothing.
    """
    state = State(tuple(walks), (0,) * len(walks))
    state = _go(state, at)
    if not words:
        return state
    state = _search(state, words)
    return state if state.walk.rows[at] in state.found else replace(_next(state, 1), said="")


def press(state: State, key: str) -> State:
    """The state after a key: a printable character, or one of the names of `cli.keys`."""
    state = replace(state, said="")
    if state.asked:
        return _type(state, key)
    if state.help and key != "q":
        return replace(state, help=False)
    if key in "123456789":
        return _choose(state, int(key) - 1)
    act = KEYS.get(key)
    return state if act is None else act(state)


# Going


def _go(state: State, step: int) -> State:
    """Go to a step; the others follow."""
    walked = state.walk
    step = max(0, min(step, len(walked) - 1))
    steps = tuple(
        step if other is walked else follow(walked, step, other, state.follow) for other in state.walks
    )
    return replace(state, steps=steps)


def _move(state: State, by: int) -> State:
    """Some steps on, or back."""
    moved = _go(state, state.step + by)
    return moved if moved.step != state.step else replace(state, said=_edge(by))


def _edge(by: int) -> str:
    return "This is the last step." if by > 0 else "This is the first step."


def _next(state: State, by: int) -> State:
    """The next moment, or the next that was searched for."""
    if state.words:
        walk, step = state.walk, state.step + by
        while 0 <= step < len(walk) and walk.rows[step] not in state.found:
            step += by
        found = step if 0 <= step < len(walk) else state.step
    else:
        found = state.walk.find(state.step, by, moment=True)
    if found != state.step:
        return _go(state, found)
    what = f"step with {state.words}" if state.words else "moment"
    return replace(state, said=f"There is no {what} {'after' if by > 0 else 'before'} this one.")


def _same_connection(state: State, by: int) -> State:
    """The next step on the same connection."""
    conn = state.walk.conn_at(state.step)
    if conn is None:
        return replace(state, said="No connection has been used yet.")
    found = state.walk.find(state.step, by, conn=conn)
    if found != state.step:
        return _go(state, found)
    label = state.walk.study.context.labels.get(conn, f"conn {conn}")
    return replace(state, said=f"There is no step of {label} {'after' if by > 0 else 'before'} this one.")


def _choose(state: State, run: int) -> State:
    """Walk another run, from where it stands."""
    if not 0 <= run < len(state.walks):
        runs = len(state.walks)
        return replace(state, said="There is one run only." if runs == 1 else f"There are {runs} runs.")
    if run == state.run:
        return state
    state = replace(state, run=run, found=frozenset())
    return _search(state, state.words) if state.words else state


def _other(state: State, by: int) -> State:
    runs = len(state.walks)
    return _choose(state, (state.run + by) % runs if runs > 1 else runs)


def _follow(state: State) -> State:
    how = Follow.CLOCK if state.follow is Follow.PHASE else Follow.PHASE
    return _go(replace(state, follow=how), state.step)


def _scale(state: State) -> State:
    return replace(state, by_steps=not state.by_steps)


# Typing


def _ask(state: State, what: str) -> State:
    return replace(state, asked=what, typed="")


def _type(state: State, key: str) -> State:
    """A key while somebody is typing."""
    if key == "enter":
        asked, typed = state.asked, state.typed.strip()
        state = replace(state, asked="", typed="")
        return _jump(state, typed) if asked == GO else _look_for(state, typed)
    if key == "esc" or (key == "backspace" and not state.typed):
        return replace(state, asked="", typed="")
    if key == "backspace":
        return replace(state, typed=state.typed[:-1])
    if len(key) == 1 and key.isprintable():
        return replace(state, typed=state.typed + key)
    return state


def _jump(state: State, typed: str) -> State:
    if not typed:
        return state
    if not (typed.isascii() and typed.isdecimal()):
        return replace(state, said=f"A step is a number from 1 to {len(state.walk):,}.")
    return _go(state, int(typed[:12]) - 1)


def _look_for(state: State, words: str) -> State:
    if not words:
        return replace(state, words="", found=frozenset())
    try:
        state = _search(state, words)
    except UsageError as error:
        return replace(state, said=f"{error.message.removeprefix('--only: ')}")
    if not state.found:
        return replace(state, words="", said=f"No step has {words}.")
    return state if state.walk.rows[state.step] in state.found else _next(state, 1)


def searched(state: State, run: int) -> State:
    """The state with another run walked, and the same words searched for in it."""
    return _search(replace(state, run=run), state.words)


def _search(state: State, words: str) -> State:
    study = state.walk.study
    rows = frozenset(study.rows(parse(words, study.trace))) & frozenset(state.walk.rows)
    return replace(state, words=words, found=rows)


def _forget(state: State) -> State:
    return replace(state, words="", found=frozenset())


def _end(state: State) -> State:
    return replace(state, ended=True)


def _help(state: State) -> State:
    return replace(state, help=True)


KEYS: Mapping[str, Callable[[State], State]] = {
    **dict.fromkeys(("right", "l", " ", "enter"), partial(_move, by=1)),
    **dict.fromkeys(("left", "h", "backspace"), partial(_move, by=-1)),
    "pgdn": partial(_move, by=PAGE),
    "pgup": partial(_move, by=-PAGE),
    "home": partial(_go, step=0),
    "end": lambda state: _go(state, len(state.walk) - 1),
    "]": partial(_next, by=1),
    "[": partial(_next, by=-1),
    "n": partial(_same_connection, by=1),
    "N": partial(_same_connection, by=-1),
    **dict.fromkeys(("tab", "down"), partial(_other, by=1)),
    **dict.fromkeys(("backtab", "up"), partial(_other, by=-1)),
    **dict.fromkeys(("f", "c"), _follow),
    "s": _scale,
    "/": partial(_ask, what=SEARCH),
    "g": partial(_ask, what=GO),
    "esc": _forget,
    "?": _help,
    "q": _end,
}
"""What each key does.  A digit chooses a run."""

HELP: Sequence[tuple[str, str]] = (
    ("right  l  space", "next step"),
    ("left  h", "step before"),
    ("] [", 'next and previous moment: a wait, a wakeup, a "not yet"'),
    ("n N", "next and previous step of the same connection"),
    ("PgDn PgUp", f"{PAGE} steps on, and back"),
    ("Home End", "first and last step"),
    ("g", "go to a step by its number"),
    ("/", "search (the words of --only); then ] and [ go on, Esc ends"),
    ("1-9  Tab  up down", "walk another run"),
    ("f", "the other runs follow by the clock, or by phase"),
    ("s", "timeline: time, or a column for each step"),
    ("q", "quit"),
)
"""Keys and what they do, for the help."""
