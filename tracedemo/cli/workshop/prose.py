"""Sections of a lesson's text, for a terminal: paragraphs and lists are wrapped anew, code stays as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tracedemo.cli.workshop.voice import Voice
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.questions import filled

_ITEM = re.compile(r"([-*]|\d+\.) +")
_VERBATIM = re.compile(r"    |```|\|")


def show_section(voice: Voice, lesson: Lesson, name: str, values: Mapping[str, int]) -> None:
    """Say a section of learner.md; one that is not there is passed over."""
    text = filled(section(lesson.text("learner.md"), name), {**values, "file": lesson.file})
    if text:
        voice.say()
        voice.say(f"{name}:")
        show(voice, text)


def section(text: str, name: str) -> str:
    """What stands below a heading of the second level."""
    found = re.search(rf"^## {re.escape(name)}[ \t]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return found[1].strip("\n") if found else ""


def show(voice: Voice, text: str, indent: int = 2) -> None:
    """Say a text."""
    for number, block in enumerate(blocks(text)):
        if number and not _ITEM.match(block):
            voice.say()
        if _VERBATIM.match(block):
            voice.lines(f"  {line}" for line in block.splitlines() if not line.startswith("```"))
        elif item := _ITEM.match(block):
            voice.say(block[item.end() :], " " * indent + item[0], indent + len(item[0]))
        else:
            voice.say(block, indent=indent)


def blocks(text: str) -> list[str]:
    """Paragraphs, items of lists, and pieces of code, in order."""
    found: list[list[str]] = []
    fenced, new = False, True
    for line in text.splitlines():
        if line.startswith("```"):
            new, fenced = new or not fenced, not fenced
        elif not fenced and not line.strip():
            new = True
            continue
        elif not fenced and _ITEM.match(line):
            new = True
        if new:
            found.append([])
            new = False
        found[-1].append(line)
        if line.startswith("```") and not fenced:
            new = True
    return ["\n".join(lines) for lines in found]
