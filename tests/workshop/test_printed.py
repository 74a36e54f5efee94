"""What is printed for a workshop: its commands exist, and its signs, names and examples are those of the program."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from tests.printed import commands
from tracedemo import cli
from tracedemo.cli import arguments
from tracedemo.errors import UsageError
from tracedemo.render.glyphs import ASCII, STATE_WORDS, UTF8
from tracedemo.workshop.catalogue import FOLDER, lessons
from tracedemo.workshop.lesson import Lesson, Option, Question, Run, Scenario
from tracedemo.workshop.own import COMMON
from tracedemo.workshop.proving import LEAST_WRONG, SECTIONS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "workshop"
PRINTED = [*sorted(DOCS.glob("*.md")), *sorted(FOLDER.glob("*/*.md"))]
HANDOUT, NEW_LESSON = ((DOCS / name).read_text(encoding="utf-8") for name in ("handout.md", "new-lesson.md"))


def understood(words: list[str]) -> None:
    """Let the command's own parser read it.

    Raises:
        UsageError: there is no such command, or it takes no such thing.
    """
    command, *rest = words
    if command == "workshop":
        pytest.importorskip(
            "tracedemo.cli.workshop", reason="the command line of the workshop is not there yet"
        )
    if command not in arguments.COMMANDS:
        raise UsageError(f"there is no command {command}", "")
    if command != "workshop" or not rest:
        arguments.parser_for(command).understand(rest)
        return
    workshop = import_module("tracedemo.cli.workshop")
    module = import_module(f"tracedemo.cli.workshop.{workshop.SUBCOMMANDS[rest[0]].module}")
    workshop.parser_for(rest[0], module).understand(rest[1:])


@pytest.mark.parametrize("path", PRINTED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_commands_exist(path: Path) -> None:
    """Every command that a printed page or a lesson tells to type is one that tracedemo understands."""
    for words in commands(path.read_text(encoding="utf-8")):
        understood(words)


def test_commands_are_found() -> None:
    """Commands are found in a line of text and in a block, and one that does not exist is noticed."""
    text = "Type `tracedemo show --view log`, then\n\n    tracedemo workshp start > notes.txt\n"

    found = list(commands(text))

    assert [["show", "--view", "log"], ["workshp", "start"]] == found
    with pytest.raises(UsageError):
        understood(found[1])


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.folder_name)
def test_handout_names_the_lesson(lesson: Lesson) -> None:
    """The handout has a line for each lesson, with its number and its title."""
    assert f"\n| {lesson.number:02} | {lesson.title} | " in HANDOUT


def test_handout_shows_the_signs() -> None:
    """The handout has each sign in both alphabets, with the words that the legends have."""
    rows = [(UTF8.not_yet, ASCII.not_yet, ""), (UTF8.wakeup, ASCII.wakeup, "")]
    rows += [(UTF8.states[state], ASCII.states[state], words) for state, words in STATE_WORDS.items()]

    for sign, plain, words in rows:
        assert re.search(
            rf"^\| {re.escape(sign)} \| {re.escape(plain)} \| .*{re.escape(words)}", HANDOUT, re.MULTILINE
        )


def test_handout_quotes_a_log(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines of a trace that the handout explains are lines of a recorded one, to the letter."""
    monkeypatch.setenv("COLUMNS", "80")
    quoted = re.search(r"^```\n(.+?)^```$", HANDOUT, re.MULTILINE | re.DOTALL)

    cli.main(["show", str(ROOT / "docs" / "traces" / "selector-one.jsonl"), "--view", "log"])

    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert quoted
    assert [] == [line for line in quoted[1].splitlines() if line not in shown]


def test_every_field_is_explained() -> None:
    """The page for authors names each field of a lesson, a question, an option, a run and a scenario."""
    own = {"folder", "name", "number", "draw", "runs", "questions", "scenarios"}
    named = {field.name for kind in (Question, Option, Run, Scenario) for field in fields(kind)} - {
        "options",
        "text",
    }
    named |= {field.name for field in fields(Lesson)} - own

    assert {"title", "cut", "measure", "least", "sndbuf"} <= named
    assert [] == sorted(name for name in named if f"`{name}" not in NEW_LESSON)


def test_author_is_told_what_is_proven() -> None:
    """The page for authors names the sections that a text must have, and how many wrong answers are wanted."""
    for name, sections in SECTIONS.items():
        row = f"| `{name}` | {', '.join(f'`## {section}`' for section in sections)} |"
        assert row in NEW_LESSON
    assert (
        f"at least {['', 'one', 'two', 'three', 'four', 'five', 'six'][LEAST_WRONG]} answers that must fail"
        in NEW_LESSON
    )


def test_example_is_that_of_the_lesson() -> None:
    """The question that the page for authors shows is one of lesson 02, with some of its options."""
    shown = re.search(r"^```toml\n(.+?)^```$", NEW_LESSON, re.MULTILINE | re.DOTALL)
    assert shown
    question = tomllib.loads(shown[1])["question"][0]
    options = question.pop("option")

    kept = tomllib.loads((FOLDER / "lesson_02_nonblocking" / "lesson.toml").read_text(encoding="utf-8"))[
        "question"
    ]

    there = next(one for one in kept if one["text"] == question["text"])
    assert question.items() <= there.items()
    assert all(option in there["option"] for option in options)


def test_the_table_of_rules_is_whole() -> None:
    """The page on lessons names in its table all rules that any lesson may use, each once, and no others."""
    rows = [line for line in NEW_LESSON.splitlines() if line.startswith("|")]
    named = [name for row in rows for name in re.findall(r"`([a-z]+/[a-z-]+)`", row)]

    assert sorted(named) == sorted(COMMON)
