"""Lesson 08: which connection breaks off."""

from __future__ import annotations

from tracedemo.server.faults import GARBAGE, RESET, TRUNCATED
from tracedemo.workshop.catalogue import find_lesson
from tracedemo.workshop.checking import server_options


def test_one_connection_breaks_off_and_it_is_another_for_each_draw() -> None:
    """With k pieces the server breaks connection k - 2 of the five off, and no other."""
    lesson = find_lesson("many")
    least, most = lesson.draw["k"]
    fetches = range(1, lesson.draw["n"][1] + 1)

    for k in range(least, most + 1):
        faults = server_options(lesson.scenarios[0].server, {"k": k}).plan().faults

        assert [number for number in fetches if faults.of(number) == RESET] == [k - 2]


def test_two_answers_are_spoilt_and_they_are_others_for_each_draw() -> None:
    """In the second scenario one of five answers ends too early and one is no HTTP, at places that depend on the draw."""
    lesson = find_lesson("many")
    least, most = lesson.draw["k"]
    places = set()

    for k in range(least, most + 1):
        faults = server_options(lesson.scenarios[1].server, {"k": k}).plan().faults
        spoilt = {faults.of(number): number for number in range(1, lesson.draw["n"][1] + 1)}
        assert {"", TRUNCATED, GARBAGE} == set(spoilt)
        assert 3 == sum(not faults.of(number) for number in range(1, 6))
        places.add((spoilt[TRUNCATED], spoilt[GARBAGE]))

    assert most - least + 1 == len(places)


def test_third_connection_breaks_off_in_the_run() -> None:
    """The lesson's own command breaks off the connection of the third fetch, as its question says."""
    lesson = find_lesson("many")
    words = lesson.runs[1].words
    fault, seed = (words[words.index(option) + 1] for option in ("--fault", "--seed"))
    faults = server_options({"fault": fault, "seed": seed}, {}).plan().faults

    assert [number for number in range(1, lesson.draw["n"][1] + 1) if faults.of(number)] == [3]
