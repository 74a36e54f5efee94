"""`tracedemo workshop run`: the commands of the lesson, and what they say to the predictions."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tracedemo.cli.parser import Parser
from tracedemo.cli.progress import Progress
from tracedemo.cli.workshop.common import glance, here, near, remembered, suggest_next
from tracedemo.cli.workshop.predict import show_choice
from tracedemo.cli.workshop.proof import same_rows, show_proof
from tracedemo.cli.workshop.prose import show_section
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.recorders.kernel import AUTO, choose
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson, Question, Run
from tracedemo.workshop.measures import Measured
from tracedemo.workshop.questions import Outcome, filled, outcome
from tracedemo.workshop.running import Ran, execute, typed, words_of
from tracedemo.workshop.standing import track_shows
from tracedemo.workshop.state import LessonState, moment

_LABEL = "RECORDED on "
"""How the line begins that says that what is shown is no run: it may be longer than the screen is wide."""
_NEXT = re.compile(r"\n*^(?:\x1b\[[\d;]*m)*Next: .*(\n {6}.*)*$", re.MULTILINE)
ABOUT = """\
It wants your prediction first: who has said what will happen, sees more. The
runs are recorded; what they measured is the answer, and the lines behind it are
shown.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument(
        "--no-predict", action="store_true", help="run it without; that is noted, and no more"
    )


def run(args: argparse.Namespace) -> int:
    """Run them."""
    return lead(Voice(), here(), unpredicted="no_predict" in args)


def lead(voice: Voice, folder: Folder, *, unpredicted: bool = False, led: bool = False) -> int:
    """Run the commands, say what came of the predictions, and what comes next.

    Args:
        unpredicted: whether that may be without a prediction.
        led: somebody is led, and need not be told what to type.
    """
    with remembered(folder) as state:
        lesson = folder.current(state)
        record = state.of(lesson.name)
        _want_prediction(lesson, record, unpredicted=unpredicted)
        record.unpredicted = record.unpredicted or (bool(lesson.questions) and not record.predicted)
    ran = [shown(voice, folder, lesson, one, record.values) for one in lesson.runs]
    found = list(_outcomes(lesson, ran, record))
    with remembered(folder) as state:
        kept = state.of(lesson.name)
        kept.ran = kept.ran or moment(folder.clock())
        kept.answers = [one.answer for one in found]
        kept.right = [one.right.letter if one.right else "" for one in found]
    proven: dict[int, list[Measured]] = {}
    for question, one in zip(lesson.questions, found, strict=True):
        reveal(voice, lesson, question, one, record.values)
        shown_before = proven.setdefault(lesson.runs.index(lesson.runs[question.of]), [])
        if question.proof and same_rows(one.measured, shown_before):
            voice.say("  Seen in the same lines of the run.")
        elif question.proof:
            show_proof(voice, question, one.measured, ran[question.of])
        shown_before.append(one.measured)
    for name in ("See", "Exercise"):
        show_section(voice, lesson, name, record.values)
    if track_shows(lesson, state) and not record.passed:
        voice.say()
        voice.say(f"On your track ({state.track}) this exercise is optional: your teacher shows it. To do it all the same,"
                  f" write in {near(folder.file(lesson))}, save it, and try it:")  # fmt: skip
        voice.typed("workshop check")
    if not led:
        suggest_next(voice, folder, glance(folder))
    return 0


def _want_prediction(lesson: Lesson, record: LessonState, *, unpredicted: bool) -> None:
    if lesson.questions and not (record.predicted or unpredicted or record.ran):
        raise UsageError(
            f"lesson {lesson.number:02} asks first what you expect",
            "Type: tracedemo workshop predict, or tracedemo workshop run --no-predict",
        )


def _outcomes(lesson: Lesson, ran: Sequence[Ran], record: LessonState) -> Iterator[Outcome]:
    for number, question in enumerate(lesson.questions):
        chosen = record.predictions[number] if number < len(record.predictions) else ""
        yield outcome(lesson, question, ran[question.of].studies, record.values, chosen)


# The commands


def shown(voice: Voice, folder: Folder, lesson: Lesson, one: Run, values: Mapping[str, int]) -> Ran:
    """Run a command, and show what it prints; on a terminal as it would look there, with pauses."""
    voice.say()
    voice.command("$ ", typed(words_of(one, values, lesson.file)))
    engine, why = choose(AUTO) if one.kernel else (None, "")
    with Progress() as progress, _as_here(voice):
        progress.step("running it")
        done = execute(lesson, one, values, folder.place(lesson), folder.traces,
                       engine=engine.NAME if engine else None, capture=True)  # fmt: skip
    for line in _worth_reading(done).splitlines():
        if line.startswith(_LABEL):
            voice.say(line)
        else:
            voice.program([line])
    if done.recorded and why:
        voice.say(f"Why it was not run here: {why}.")
    if one.see:
        voice.say()
        voice.say(filled(one.see, values), "Look: ", 6)
    return done


def _worth_reading(done: Ran) -> str:
    """Its output without what only stands there because we record it, and without a next thing that is not ours."""
    lines = [
        line
        for line in done.output.splitlines()
        if not (line.startswith("wrote ") and line.endswith(".jsonl"))
    ]
    return _NEXT.sub("", "\n".join(lines))


@contextmanager
def _as_here(voice: Voice) -> Iterator[None]:
    """A command whose output we show is to write as it would here: in our columns, and to a terminal as to a terminal."""
    added = {"COLUMNS": str(voice.columns)}
    if (
        voice.seen
        and "NO_COLOR" not in os.environ
        and os.environ.get("TERM") not in ("", "dumb", "unknown", None)
    ):
        added["FORCE_COLOR"] = "1"
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


# What came of the predictions


def reveal(
    voice: Voice, lesson: Lesson, question: Question, found: Outcome, values: Mapping[str, int]
) -> None:
    """Say a question, what was chosen, and what the run measured."""
    number = lesson.questions.index(question) + 1
    voice.say()
    voice.say(f"Question {number} of {len(lesson.questions)}. {filled(question.text, values)}")
    if found.met:
        voice.say("  You said, and so it is:")
    elif found.chosen:
        voice.say("  You said:")
        show_choice(voice, found.chosen)
        voice.say(filled(found.chosen.option.thinks, values), indent=7)
    else:
        voice.say("  You said nothing.")
    voice.say(f"  The run says: {_number(found.answer)}")
    if found.right:
        show_choice(voice, found.right)
        voice.say(filled(found.right.option.thinks, values), indent=7)
    else:
        voice.say("none of the choices says so", indent=4)


def _number(answer: int | str) -> str:
    return f"{answer:,}" if isinstance(answer, int) else answer
