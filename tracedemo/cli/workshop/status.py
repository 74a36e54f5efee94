"""`tracedemo workshop status`: what has been done, and the minutes it took."""

from __future__ import annotations

import argparse
import json
from typing import Any

from tracedemo.cli import tell
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop.common import glance, here, say_over, suggest_next
from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.standing import Step, standing, word_of
from tracedemo.workshop.state import LONGEST_GAP_S, LessonState, State

RULE = f"the time between two commands, of which at most {LONGEST_GAP_S / 60:.0f} minutes count"
"""What the minutes of a lesson are."""
ABOUT = f"""\
Minutes: {RULE},
for the lesson that is open. They tell what lessons take, and prove nothing;
nobody else sees them.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("--json", action="store_true", help="the same, for programs")


def run(args: argparse.Namespace) -> int:
    """Tell it."""
    voice, folder = Voice(), here()
    state = glance(folder)
    if "json" in args:
        tell(json.dumps(as_table(folder, state), indent=1))
        return 0
    total = sum(record.active_s for record in state.lessons.values())
    voice.say(f"Track {state.track}: {_minutes(total)} min until now.")
    voice.say()
    for lesson in folder.order(state):
        show_lesson(voice, lesson, state)
    if standing(folder, state).step == Step.DONE:
        voice.say()
        say_over(voice, folder, state)
    else:
        suggest_next(voice, folder, state)
    return 0


def show_lesson(voice: Voice, lesson: Lesson, state: State) -> None:
    """A line for a lesson, and one more for what was done in it."""
    record = state.lessons.get(lesson.name)
    taken = f"{_minutes(record.active_s)} of " if record else ""
    here_now = ">" if lesson.name == state.current else " "
    minutes = f"{taken}{lesson.minutes.get(state.track, 0)} min"
    voice.lines([f"{here_now} {lesson.folder_name:<16} {word_of(lesson, state):<11} {minutes}"])
    if record and (done := "; ".join(_done(lesson, record))):
        voice.say(done, indent=4)


def _done(lesson: Lesson, record: LessonState) -> list[str]:
    """What was done in a lesson, a few words each."""
    said = len(record.predictions)
    met = f"{record.met} of {said} predictions came true" if record.answers else f"{said} predictions made"
    words = (
        (bool(said), met),
        (record.unpredicted, "run without a prediction"),
        (record.checks == 1, "1 check"),
        (record.checks > 1, f"{record.checks} checks"),
        (record.hints > 0, f"{record.hints} of {len(lesson.hints)} hints"),
        (record.looked, "solution looked at"),
        (record.given, "solution laid down by catch-up"),
    )
    return [text for holds, text in words if holds]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f}"


def as_table(folder: Folder, state: State) -> dict[str, Any]:
    """All of it, for programs; minutes as decimals."""
    lessons = folder.order(state)
    return {
        "workshop": 1,
        "track": state.track,
        "current": folder.current(state).folder_name,
        "active_minutes": round(sum(one.active_s for one in state.lessons.values()) / 60, 2),
        "minutes_are": RULE,
        "lessons": [_row(lesson, state) for lesson in lessons],
    }


def _row(lesson: Lesson, state: State) -> dict[str, Any]:
    record = state.lessons.get(lesson.name, LessonState())
    return {
        "lesson": lesson.folder_name, "title": lesson.title, "is": word_of(lesson, state),
        "planned_minutes": lesson.minutes.get(state.track), "active_minutes": round(record.active_s / 60, 2),
        "opened": record.opened, "predicted": record.predicted, "ran": record.ran, "passed": record.passed,
        "questions": len(lesson.questions), "predictions": record.predictions, "right": record.right,
        "measured": record.answers, "came_true": record.met, "hints": record.hints, "checks": record.checks,
        "looked_at_solution": record.looked, "left_out": record.skipped, "caught_up": record.given,
        "run_without_prediction": record.unpredicted,
    }  # fmt: skip
