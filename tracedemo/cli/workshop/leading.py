"""Bare `tracedemo workshop`: on a terminal it leads through the lessons; elsewhere it says where one is, and what is next.

Plain appended lines. What is asked for can be answered with Enter; whoever leaves comes back to the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tracedemo.cli.workshop import going_on, hint, predict, running, solution
from tracedemo.cli.workshop.check import try_it
from tracedemo.cli.workshop.common import glance, heading, here, introduce, near, next_thing, suggest_next
from tracedemo.cli.workshop.prose import show_section
from tracedemo.cli.workshop.voice import Voice
from tracedemo.cli.workshop.watching import SAVED, await_save
from tracedemo.workshop import catalogue
from tracedemo.workshop.folder import Folder, find
from tracedemo.workshop.standing import Step, standing, word_of

END = "q"
_ABOUT = (
    "A workshop: lessons in which you say what a program asks of the kernel, see it, and write it yourself. There are"
    " {count} of them. This folder is in no workshop yet. Begin one here:"
)
_MENU = "(With Enter: h hint, s solution, e exercise, n next lesson, q end.)"


def run() -> int:
    """Lead, or tell.  Outside of a workshop: how to begin one."""
    voice = Voice()
    if find(Path.cwd(), catalogue.lessons(), lambda: 0.0) is None:
        voice.say(_ABOUT.format(count=len(catalogue.lessons())))
        voice.typed("workshop start")
        return 0
    folder = here()
    return _lead(voice, folder) if voice.talks else _tell(voice, folder)


def _tell(voice: Voice, folder: Folder) -> int:
    state = glance(folder)
    lesson = folder.current(state)
    voice.say(heading(lesson, folder, state))
    voice.say(f"{near(folder.place(lesson))}: {word_of(lesson, state)}")
    suggest_next(voice, folder, state)
    return 0


# The loop


def _lead(voice: Voice, folder: Folder) -> int:
    """Step by step, until somebody ends it."""
    introduce(voice, folder, glance(folder))
    try:
        while _STEPS[_where(folder)](voice, folder):
            pass
    except KeyboardInterrupt:
        voice.say()
    voice.say("Go on whenever you like: tracedemo workshop")
    return 0


def _where(folder: Folder) -> Step:
    return standing(folder, glance(folder)).step


def _predict(voice: Voice, folder: Folder) -> bool:
    state = glance(folder)
    lesson = folder.current(state)
    answers = predict.asked(voice, lesson, state.of(lesson.name).values)
    if answers:
        predict.note(folder, answers)
    return bool(answers)


def _run(voice: Voice, folder: Folder) -> bool:
    voice.say()
    if voice.ask("Enter runs it (q: end):") in (END, None):
        return False
    running.lead(voice, folder)
    return True


def _check(voice: Voice, folder: Folder) -> bool:
    """Watch the file; what is typed meanwhile is a wish."""
    file = folder.file(folder.current(glance(folder)))
    voice.say()
    wanted = f"Write in {near(file)} and save it, or press Enter to check."
    heard = await_save(voice, file, f"{wanted} {_MENU}")
    wish = _WISHES.get(heard)
    if wish is None:
        voice.say(f"{heard!r:.30} means nothing here.")
        return True
    return wish(voice, folder)


def _try(voice: Voice, folder: Folder) -> bool:
    try_it(voice, folder)
    return True


def _hint(voice: Voice, folder: Folder) -> bool:
    hint.give(voice, folder)
    return True


def _solution(voice: Voice, folder: Folder) -> bool:
    solution.show(voice, folder, at_once=True)
    return True


def _exercise(voice: Voice, folder: Folder) -> bool:
    state = glance(folder)
    lesson = folder.current(state)
    show_section(voice, lesson, "Exercise", state.of(lesson.name).values)
    return True


def _next(voice: Voice, folder: Folder) -> bool:
    _, why = next_thing(folder, glance(folder))
    voice.say()
    voice.say(why.removesuffix(":") + ".")
    if voice.ask("Enter goes on (q: end):") in (END, None):
        return False
    return _skip(voice, folder)


def _skip(voice: Voice, folder: Folder) -> bool:
    at = standing(folder, glance(folder))
    if at.step == Step.BACK and at.other:
        return going_on.go(voice, folder, at.other.name)
    return going_on.go(voice, folder)


def _done(voice: Voice, folder: Folder) -> bool:
    suggest_next(voice, folder, glance(folder))
    return False


_STEPS: Mapping[Step, Callable[[Voice, Folder], bool]] = {
    Step.PREDICT: _predict,
    Step.RUN: _run,
    Step.CHECK: _check,
    Step.NEXT: _next,
    Step.BACK: _next,
    Step.DONE: _done,
}
"""What is done at each step; False: somebody has had enough."""

_WISHES: Mapping[str, Callable[[Voice, Folder], bool]] = {
    "": _try,
    SAVED: _try,
    "h": _hint,
    "s": _solution,
    "e": _exercise,
    "n": _skip,
    END: lambda _voice, _folder: False,
}
"""What can be typed while the file is watched."""
