"""`tracedemo workshop predict`: say what a run will show, before it is made."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from tracedemo.cli.parser import Parser
from tracedemo.cli.suggest import own_name
from tracedemo.cli.workshop.common import glance, here, remembered, suggest_next
from tracedemo.cli.workshop.voice import Voice
from tracedemo.errors import UsageError
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson, Question
from tracedemo.workshop.questions import Choice, choices, filled
from tracedemo.workshop.standing import Step, standing
from tracedemo.workshop.state import State, moment

ABOUT = """\
Without an answer it asks, on a terminal; elsewhere it shows the questions and
what to type. Nobody knows which answer is right before the run has been made.

examples:
  tracedemo workshop predict
  tracedemo workshop predict a c
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument("answers", nargs="*", metavar="ANSWER", default=[],
                        help="letters, one for each question of the lesson")  # fmt: skip


def run(args: argparse.Namespace) -> int:
    """Ask, and note the answers."""
    voice, folder = Voice(), here()
    state = glance(folder)
    lesson = folder.current(state)
    record = state.of(lesson.name)
    if not lesson.questions:
        voice.say(f"Lesson {lesson.number:02} asks nothing.")
    elif record.ran:
        raise _too_late(folder, state, lesson)
    else:
        answers = understood(lesson, record.values, args.answers)
        if not answers and voice.talks:
            answers = asked(voice, lesson, record.values)
        if not answers:
            show_questions(voice, lesson, record.values)
            return 0
        note(folder, answers)
        said = ", ".join(f"{number} {letter}" for number, letter in enumerate(answers, start=1))
        voice.say(f"Noted: {said}. The run will tell.")
    suggest_next(voice, folder, glance(folder))
    return 0


def _too_late(folder: Folder, state: State, lesson: Lesson) -> UsageError:
    """The run has told the answers; whoever has done the lesson means the next one."""
    what = f"the run of lesson {lesson.number:02} has been made: what you said before it stays"
    at = standing(folder, state)
    if at.step in (Step.NEXT, Step.BACK) and at.other:
        return UsageError(
            what, f"Open lesson {at.other.number:02} first: tracedemo workshop next {at.other.name}"
        )
    return UsageError(what, "See it again: tracedemo workshop run")


def note(folder: Folder, answers: Sequence[str]) -> State:
    """Keep what was predicted."""
    with remembered(folder) as state:
        record = state.of(state.current)
        record.predictions = list(answers)
        record.predicted = moment(folder.clock())
    return state


def understood(lesson: Lesson, values: Mapping[str, int], words: Sequence[str]) -> Sequence[str]:
    """The letters that were typed; none, if nothing was.

    Raises:
        UsageError: there are too many, too few, or one that means nothing.
    """
    letters = [word.lower() for word in words]
    if not letters:
        return []
    if len(letters) != len(lesson.questions):
        example = " ".join("ab"[: len(lesson.questions)] or "a")
        raise UsageError(
            f"lesson {lesson.number:02} has {_count(len(lesson.questions), 'question')}, and here"
            f" {'is' if len(letters) == 1 else 'are'} {_count(len(letters), 'answer')}",
            f"One letter for each, for example: tracedemo workshop predict {example}",
        )
    for number, (question, letter) in enumerate(zip(lesson.questions, letters, strict=True), start=1):
        there = [choice.letter for choice in choices(question, values)]
        if letter not in there:
            raise UsageError(f"question {number} has no answer {letter!r:.20}", f"It has: {', '.join(there)}")
    return letters


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def asked(voice: Voice, lesson: Lesson, values: Mapping[str, int]) -> Sequence[str]:
    """Ask each question until it is answered; none, if somebody would rather not."""
    answers: list[str] = []
    for number, question in enumerate(lesson.questions, start=1):
        show_question(voice, lesson, values, number, question)
        letters = [choice.letter for choice in choices(question, values)]
        said = _letter(voice, letters)
        if said is None:
            return []
        answers.append(said)
    return answers


def _letter(voice: Voice, letters: Sequence[str]) -> str | None:
    """Ask until one of the letters is typed; None: somebody would rather not."""
    while True:
        said = voice.ask(f"Your answer ({', '.join(letters)}; q ends):")
        if said is None or said.lower() == "q":
            return None
        if said.lower() in letters:
            return said.lower()
        wrong = f"{said!r:.20} is none of the answers" if said else "Nothing was typed"
        voice.say(f"{wrong}: type one letter, {letters[0]} to {letters[-1]}. A guess is enough.")


def show_questions(voice: Voice, lesson: Lesson, values: Mapping[str, int]) -> None:
    """Show all of them, and the line to type."""
    for number, question in enumerate(lesson.questions, start=1):
        show_question(voice, lesson, values, number, question)
    letters = ["/".join(choice.letter for choice in choices(one, values)) for one in lesson.questions]
    voice.say()
    voice.say("Type a letter for each question:" if len(letters) > 1 else "Type a letter:")
    voice.lines([f"    {own_name()} workshop predict {' '.join(letters)}"])


def show_question(
    voice: Voice, lesson: Lesson, values: Mapping[str, int], number: int, question: Question
) -> None:
    """Show a question with its choices.  What stands behind each of them is told by the run."""
    voice.say()
    voice.say(f"Question {number} of {len(lesson.questions)}. {filled(question.text, values)}")
    for choice in choices(question, values):
        show_choice(voice, choice)


def show_choice(voice: Voice, choice: Choice, indent: int = 4) -> None:
    """Show a choice."""
    voice.say(choice.text, f"{' ' * indent}{choice.letter}  ", indent + 3)
