"""Bare `tracedemo workshop`: on a terminal it leads through the lessons; elsewhere it says where one is, and what is next.

Plain appended lines. What is asked for can be answered with Enter; whoever leaves comes back to the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tracedemo.cli import complain
from tracedemo.cli.workshop import going_on, hint, predict, running, solution
from tracedemo.cli.workshop.check import try_it
from tracedemo.cli.workshop.common import glance, heading, here, introduce, near, next_thing, suggest_next
from tracedemo.cli.workshop.prose import show_section
from tracedemo.cli.workshop.voice import Voice
from tracedemo.cli.workshop.watching import SAVED, Watch
from tracedemo.errors import TracedemoError
from tracedemo.workshop import catalogue
from tracedemo.workshop.folder import Folder, find
from tracedemo.workshop.standing import Step, standing, word_of

END = "q"
_ABOUT = (
    "A workshop: lessons in which you say what a program asks of the kernel, see it, and write it yourself. There are"
    " {count} of them. This folder is in no workshop yet. Begin one here:"
)
_COMPLAINT = 4
"""Rows of a complaint: what is wrong and what to do, which may be two rows each."""
_MENU = "And with Enter: h hint, s solution, e exercise, n next lesson, q end."


def run() -> int:
    """Lead, or tell.  Outside of a workshop: how to begin one."""
    voice = Voice()
    if find(Path.cwd(), catalogue.lessons(), lambda: 0.0) is None:
        voice.say(_ABOUT.format(count=len(catalogue.lessons())))
        voice.typed("workshop start")
        return 0
    folder = here()
    return _lead(Lead(voice, folder)) if voice.talks else _tell(voice, folder)


def _tell(voice: Voice, folder: Folder) -> int:
    state = glance(folder)
    lesson = folder.current(state)
    voice.say(heading(lesson, folder, state))
    voice.say(f"{near(folder.place(lesson))}: {word_of(lesson, state)}")
    suggest_next(voice, folder, state)
    return 0


# The loop


@dataclass
class Lead:
    """Somebody is led through a workshop."""

    voice: Voice
    folder: Folder
    watch: Watch | None = None
    """Of the file that was watched last."""

    def watching(self, file: Path) -> Watch:
        """The watch of a file, which remembers when it was looked at."""
        if self.watch is None or self.watch.file != file:
            self.watch = Watch(self.voice, file)
        return self.watch


def _lead(lead: Lead) -> int:
    """Step by step, until somebody ends it."""
    voice, folder = lead.voice, lead.folder
    if standing(folder, glance(folder)).step != Step.DONE:
        introduce(voice, folder, glance(folder))
    try:
        while _went_on(lead, _STEPS[standing(folder, glance(folder)).step]):
            pass
    except KeyboardInterrupt:
        voice.say()
    if standing(folder, glance(folder)).step != Step.DONE:
        voice.say("Go on whenever you like:")
        voice.typed("workshop")
    return 0


def _went_on(lead: Lead, step: Callable[[Lead], bool]) -> bool:
    """Take a step; one that fails is said, and may be taken again."""
    try:
        return step(lead)
    except TracedemoError as error:
        lead.voice.room(_COMPLAINT)
        complain(error)
        return True


def _predict(lead: Lead) -> bool:
    state = glance(lead.folder)
    lesson = lead.folder.current(state)
    answers = predict.asked(lead.voice, lesson, state.of(lesson.name).values)
    if answers:
        predict.note(lead.folder, answers)
    return bool(answers)


def _run(lead: Lead) -> bool:
    lead.voice.say()
    if lead.voice.ask("Enter runs it (q: end):") in (END, None):
        return False
    running.lead(lead.voice, lead.folder, led=True)
    return True


def _check(lead: Lead) -> bool:
    """Watch the file; what is typed meanwhile is a wish."""
    file = lead.folder.file(lead.folder.current(glance(lead.folder)))
    lead.voice.say()
    lead.voice.say(_MENU)
    heard = lead.watching(file).wait(f"Write in {near(file)} and save it, or press Enter to check.")
    wish = _WISHES.get(heard.lower())
    if wish is None:
        lead.voice.say(f"{heard!r:.30} means nothing here.")
        return True
    return wish(lead)


def _try(lead: Lead) -> bool:
    file = lead.folder.file(lead.folder.current(glance(lead.folder)))
    lead.watching(file).looked(lambda: try_it(lead.voice, lead.folder))
    return True


def _hint(lead: Lead) -> bool:
    hint.give(lead.voice, lead.folder, shorter=True)
    return True


def _solution(lead: Lead) -> bool:
    solution.show(lead.voice, lead.folder, at_once=True)
    return True


def _exercise(lead: Lead) -> bool:
    state = glance(lead.folder)
    lesson = lead.folder.current(state)
    show_section(lead.voice, lesson, "Exercise", state.of(lesson.name).values)
    return True


def _next(lead: Lead) -> bool:
    _, why = next_thing(lead.folder, glance(lead.folder))
    lead.voice.say()
    lead.voice.say(why.removesuffix(":") + ".")
    if lead.voice.ask("Enter goes on (q: end):") in (END, None):
        return False
    return _skip(lead)


def _skip(lead: Lead) -> bool:
    """On to another lesson: the one behind this, or, after the last, one that was left out."""
    at = standing(lead.folder, glance(lead.folder))
    word = at.other.name if at.step == Step.BACK and at.other else ""
    going_on.go(lead.voice, lead.folder, word, led=True)
    return True


def _done(lead: Lead) -> bool:
    suggest_next(lead.voice, lead.folder, glance(lead.folder))
    return False


def _end(_lead: Lead) -> bool:
    return False


_STEPS: Mapping[Step, Callable[[Lead], bool]] = {
    Step.PREDICT: _predict,
    Step.RUN: _run,
    Step.CHECK: _check,
    Step.NEXT: _next,
    Step.BACK: _next,
    Step.DONE: _done,
}
"""What is done at each step; False: somebody has had enough."""

_WISHES: Mapping[str, Callable[[Lead], bool]] = {
    "": _try,
    SAVED: _try,
    "h": _hint,
    "s": _solution,
    "e": _exercise,
    "n": _skip,
    END: _end,
}
"""What can be typed while the file is watched."""
