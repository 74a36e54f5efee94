"""`dev check` finds whatever is wrong with a lesson."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workshop.small import make_lesson
from tracedemo.workshop.lesson import Lesson, read_lesson
from tracedemo.workshop.proving import answers, names, questions, texts, tried

ALL = (
    'def read_all(sock): \\"\\"\\"All that comes.\\"\\"\\" response = b\\"\\" while chunk := sock.recv(4096):'
    " response += chunk return response"
)
"""The whole solution, as a hint in lesson.toml."""


def changed(folder: Path, file: str, old: str, new: str) -> Lesson:
    """A small lesson in which something was replaced."""
    place = make_lesson(folder, 1, "first")
    text = (place / file).read_text()
    assert old in text
    (place / file).write_text(text.replace(old, new))
    return read_lesson(place)


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("learner.md", "## See\n", "## Seen\n", "learner.md has no section See"),
        ("learner.md", "Let `{file}` read all of it.\n", "", "learner.md has no section Exercise"),
        ("instructor.md", "Loops.\n", "", "instructor.md has no section Watch"),
        ("lesson.toml", "Read until recv() gives no bytes.", ALL, "the third hint contains the whole solution"),
    ],
)  # fmt: skip
def test_faults_of_texts(file: str, old: str, new: str, fault: str, tmp_path: Path) -> None:
    """A section that is missing or empty, and a hint that gives all away, are found."""
    found = list(texts(changed(tmp_path, file, old, new)))

    assert 1 == len(found), found
    assert fault in found[0]


@pytest.mark.parametrize(("folder", "least"), [("wrong", 5), ("right", 1)])
def test_too_few_answers(folder: str, least: int, tmp_path: Path) -> None:
    """Fewer answers than are needed are found."""
    place = make_lesson(tmp_path, 1, "first")
    next((place / folder).iterdir()).unlink()

    assert [f"{folder}/ holds {least - 1} answers, at least {least} are needed"] == list(
        texts(read_lesson(place))
    )


def test_nothing_is_wrong(tmp_path: Path) -> None:
    """A lesson that is whole has no fault in its texts, names and questions."""
    lesson = read_lesson(make_lesson(tmp_path / "lessons", 1, "first"))

    assert [] == [*texts(lesson), *names(lesson), *questions(lesson, tmp_path, most=1)]


BREAK: dict[str, tuple[Callable[[Lesson], str], str | None, str]] = {
    "right that fails": (
        lambda lesson: lesson.marked().unsolved(),
        None,
        "must pass, and fails: result/body",
    ),
    "wrong that passes": (lambda lesson: lesson.marked().solved(), "result/body", "must fail, and passes"),
    "wrong with another rule": (
        lambda _: "",
        "fds/closed",
        "must fail with fds/closed, and fails with: result/body",
    ),
    "any that passes": (lambda lesson: lesson.marked().solved(), "", "must fail, and passes"),
}


@pytest.mark.parametrize("case", BREAK)
def test_answers_that_come_out_wrong(case: str, tmp_path: Path) -> None:
    """An answer that does not come out as it should is found, whichever way."""
    lesson = read_lesson(make_lesson(tmp_path / "lessons", 1, "first"))
    text, rule, fault = BREAK[case]
    answer = answers(lesson)[0]._replace(name=case, text=text(lesson), rule=rule)

    (found,) = tried(lesson, answer, tmp_path)
    assert fault in found


def test_what_is_tried(tmp_path: Path) -> None:
    """The solution and each right answer must pass; the exercise, an empty file, a file of comments and each wrong answer
    must fail, the last with the rule that it names.
    """
    found = answers(read_lesson(make_lesson(tmp_path, 1, "first")))

    assert {"the solution", "right/same.py"} == {answer.name for answer in found if answer.rule is None}
    assert 3 == sum(answer.rule == "" for answer in found)
    assert {"result/body", "ends/well", "fds/closed", "ends/endless"} == {
        answer.rule for answer in found if answer.rule
    }


def test_proof_that_shows_something_else(tmp_path: Path) -> None:
    """A filter that leaves out the rows that made an answer is found."""
    lesson = changed(tmp_path / "lessons", "lesson.toml", 'proof = "recv"', 'proof = "send"')
    found = list(questions(lesson, tmp_path, most=1))

    assert found
    assert all("The filter send leaves out what is shown: recv" in fault for fault in found)


@pytest.mark.parametrize(("old", "options"), [('formula = "0"', 0), ('formula = "k"', 2)])
def test_questions_that_the_run_does_not_answer(old: str, options: int, tmp_path: Path) -> None:
    """A question of which no choice, or more than one, is what the run measures is found."""
    new = 'formula = "1"' if options == 0 else 'formula = "k - k"'
    lesson = changed(tmp_path / "lessons", "lesson.toml", old, new)
    (found,) = questions(lesson, tmp_path, most=1)

    assert f"The run says 0; {options} options do" in found
