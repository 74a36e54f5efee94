"""The stepper's screen: a state becomes exactly as many lines as the screen has, none wider than it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracedemo.analysis.walk import Moment, Walk
from tracedemo.render.glyphs import Glyphs
from tracedemo.render.lines import BLANK, Line, Piece, fold_text, safe, shorten, width_of
from tracedemo.render.options import Options
from tracedemo.render.step_lanes import lanes_wanted, timeline
from tracedemo.render.step_panes import capped, facts, facts_title, fitted, rule, source, source_title
from tracedemo.render.step_state import GO, HELP, State
from tracedemo.render.timeline import legend
from tracedemo.render.words import took

COLUMN = 50
"""Columns that a run needs to stand beside others."""
LEAST_BESIDE = 30
"""Lines that the screen needs for that."""
NARROW = 64
"""On fewer columns, source and facts stand under each other."""
LEAST_FACTS = 36
"""Columns in which "kernel watches for WRITE" has room."""
LEAST_PANES = 6
MOMENT_STYLE = {Moment.WAKEUP: "wakeup", Moment.WAIT: "state.blocked", Moment.NOT_YET: "not-yet"}


def draw(state: State, width: int, height: int, options: Options) -> list[Line]:
    """The screen."""
    glyphs = options.glyphs
    if state.help:
        lines: list[Line] = list(_help(width, glyphs))
    elif beside(state, width, height):
        lines = list(_beside(state, width, height - 1, glyphs))
    else:
        lines = list(_one(state, width, height - 1, glyphs))
    lines = [*lines, *[BLANK] * height][: max(height - 1, 0)]
    lines.append(_foot(state, width, height, glyphs))
    return [fitted(line, width, glyphs) for line in lines[:height]]


def _stacked(walk: Walk, step: int, width: int, rows: int, glyphs: Glyphs) -> Sequence[Line]:
    """Source over facts, in exactly so many lines."""
    room = max(rows - 2, 0)
    code = list(source(walk, step, width, room * 11 // 20, glyphs))
    told = list(facts(walk, step, width, room - room * 11 // 20, glyphs))
    lines: list[Line] = [rule(source_title(walk, step, glyphs), width, glyphs), *code]
    lines += [BLANK] * (1 + room * 11 // 20 - len(lines))
    lines += [rule(facts_title(walk, step, glyphs), width, glyphs), *told]
    return [*lines, *[BLANK] * rows][:rows]


def beside(state: State, width: int, height: int) -> bool:
    """Whether several runs stand beside each other."""
    return len(state.walks) > 1 and width // len(state.walks) >= COLUMN and height >= LEAST_BESIDE


def _one(state: State, width: int, height: int, glyphs: Glyphs) -> Iterator[Line]:
    """One run in full, and a line for each of the others."""
    yield from _title(state, state.run, width, glyphs)
    sentence = _sentence(state, state.run, width, max(height // 4, 3), glyphs)
    room = height - 1 - len(sentence)
    yield from sentence
    if len(sentence) < 2 and room > 1:
        yield BLANK
        room -= 1
    others = [run for run in range(len(state.walks)) if run != state.run] if room > LEAST_PANES * 2 else []
    room -= len(others)
    below = min(lanes_wanted(state), room * 2 // 5) if room > LEAST_PANES else 0
    yield from _panes(state, width, room - below, glyphs)
    for run in others:
        yield _in_a_line(state, run, width, glyphs)
    yield from timeline(state, width, below, glyphs)


def _panes(state: State, width: int, rows: int, glyphs: Glyphs) -> Iterator[Line]:
    """Source to the left, facts to the right."""
    if rows < 2:
        yield from [BLANK] * max(rows, 0)
        return
    walk, step = state.walk, state.step
    if width < NARROW:
        yield from _stacked(walk, step, width, rows, glyphs)
        return
    right = min(max(width * 9 // 20, LEAST_FACTS), width * 2 // 3)
    left = max(width - right - 2, 1)
    code = [
        rule(source_title(walk, step, glyphs), left, glyphs),
        *source(walk, step, left, rows - 1, glyphs),
    ]
    told = [
        rule(facts_title(walk, step, glyphs), right, glyphs),
        *facts(walk, step, right, rows - 1, glyphs),
    ]
    for place in range(rows):
        one = code[place] if place < len(code) else BLANK
        other = told[place] if place < len(told) else BLANK
        yield (*fitted(one, left, glyphs), ("  ", ""), *fitted(other, right, glyphs))


def _beside(state: State, width: int, height: int, glyphs: Glyphs) -> Iterator[Line]:
    """All runs beside each other."""
    runs = range(len(state.walks))
    each = (width + 2) // len(runs) - 2
    below = min(lanes_wanted(state), height * 2 // 5)
    rows = height - below
    sentences = [_sentence(state, run, each, height // 4, glyphs) for run in runs]
    most = max(3, *map(len, sentences))
    columns = [_column(state, run, sentences[run], most, each, rows, glyphs) for run in runs]
    for place in range(rows):
        line: list[Piece] = []
        for column in columns:
            line += [*([("  ", "")] if line else []), *fitted(column[place], each, glyphs)]
        yield line
    yield from timeline(state, width, below, glyphs)


def _column(state: State, run: int, sentence: Sequence[Line], most: int, width: int, rows: int,
            glyphs: Glyphs) -> Sequence[Line]:  # fmt: skip
    """One of several runs: title, sentence, source, facts."""
    walk, step = state.walks[run], state.steps[run]
    head: list[Line] = [*_title(state, run, width, glyphs), *sentence, *[BLANK] * (most - len(sentence))]
    return [*head, *_stacked(walk, step, width, rows - len(head), glyphs)][:rows]


# Lines


def _title(state: State, run: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    """Which run, which step, when, and why it is worth stopping at: as much of it as has room."""
    walk = state.walks[run]
    number = f"{run + 1} " if len(state.walks) > 1 else ""
    name = shorten(safe(f"{number}{walk.study.name}", glyphs), max(width // 2, 8), glyphs)
    line: list[Piece] = [(f" {name} ", "here" if run == state.run else "strong")]
    room = width - width_of(line[0][0])
    parts = list(_place(state, run, glyphs))
    short = sum(width_of(words[0]) for words, _ in parts) > room
    for words, style in parts:
        text = words[short]
        if width_of(text) <= room:
            line.append((text, style))
            room -= width_of(text)
    note = _mode(state) if run == state.run else ""
    if note and len(note) + 2 <= room:
        line.append((note.rjust(room), "dim"))
    yield line


def _place(state: State, run: int, glyphs: Glyphs) -> Iterator[tuple[Sequence[str], str]]:
    """Step, time and moment: each in full and short, and its style."""
    walk, step = state.walks[run], state.steps[run]
    yield (f"  step {step + 1:,} of {len(walk):,}", f"  {step + 1:,}/{len(walk):,}"), ""
    at = took(walk.at(step), glyphs) if walk.at(step) else "0"
    yield (f"   {at}", f" {at}"), "strong"
    moment = walk.moments.get(step)
    if moment is not None:
        marks = {Moment.WAKEUP: glyphs.wakeup, Moment.NOT_YET: glyphs.not_yet}
        mark = marks.get(moment, glyphs.states[walk.state(step)])
        yield (f"   {mark} {moment}", f"  {mark}"), MOMENT_STYLE[moment]


def _mode(state: State) -> str:
    """What was chosen by keys."""
    parts = [f"/{state.words}: {len(state.found):,}"] if state.words else []
    if len(state.walks) > 1:
        parts.append(f"together by {state.follow}")
    if state.by_steps:
        parts.append("drawn by steps")
    return ", ".join(parts)


def _sentence(state: State, run: int, width: int, most: int, glyphs: Glyphs) -> Sequence[Line]:
    """What happens; of a sentence with hundreds of sockets, as much as leaves room for the rest."""
    text = safe(state.walks[run].sentence(state.steps[run]), glyphs)
    return capped([((part, "strong"),) for part in fold_text(f" {text}", width)], most, glyphs)


def _in_a_line(state: State, run: int, width: int, glyphs: Glyphs) -> Line:
    """Where another run stands meanwhile."""
    walk, step = state.walks[run], state.steps[run]
    head = f" {run + 1} {walk.study.name}"
    at = f"{took(walk.at(step), glyphs)}"
    text = safe(walk.sentence(step), glyphs)
    left = shorten(safe(head, glyphs), max(width // 5, 8), glyphs)
    return ((left, "strong"), (f"  {at}  ", "dim"), (text, ""))


def _foot(state: State, width: int, height: int, glyphs: Glyphs) -> Line:
    """What is being typed, what there is to say, or the keys."""
    if state.asked:
        prompt = "go to step: " if state.asked == GO else "search: "
        typed = safe(state.typed, glyphs)
        return ((prompt, "strong"), (typed[-max(width - len(prompt) - 2, 1) :], ""), (" ", "cursor"))
    if state.said:
        return ((safe(state.said, glyphs), "note"),)
    if state.help:
        return (("any key: back", "dim"),)
    line: list[Piece] = []
    used = 0
    for key, words in _keys(state, glyphs):
        lead = "   " if line else ""
        length = len(lead) + width_of(key) + 1 + len(words)
        if used + length <= width:
            line += [(lead + key, "strong"), (f" {words}", "dim")]
            used += length
    mode = _mode(state) if beside(state, width, height) else ""
    if mode and used + len(mode) <= width:
        line.append((mode.rjust(width - used), ""))
    return line


def _keys(state: State, glyphs: Glyphs) -> Iterator[tuple[str, str]]:
    """The keys in the order in which they are worth knowing."""
    yield from ((glyphs.arrow, "step"), (glyphs.back, "back"), ("]", "next moment"))
    yield from (("q", "quit"), ("?", "help"))
    if len(state.walks) > 1:
        yield from ((f"1-{min(len(state.walks), 9)}", "run"), ("f", "clock or phase"))
    yield from (("n", "same socket"), ("s", "scale"), ("/", "search"), ("g", "go to"))


def _help(width: int, glyphs: Glyphs) -> Iterator[Line]:
    yield (("Walking through a run", "title"),)
    yield BLANK
    for keys, words in HELP:
        yield ((f"  {keys:<18}", "strong"), (safe(words, glyphs), ""))
    yield BLANK
    yield from legend(width, glyphs)
