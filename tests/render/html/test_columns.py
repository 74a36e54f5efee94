"""Columns take the form that is smallest, and what can be foreseen takes next to nothing."""

from __future__ import annotations

import json
import random

from tracedemo.render.html.columns import Facts, Frame, number_form
from tracedemo.render.html.texts import texts_form


def size(form: object) -> int:
    return len(json.dumps(form))


def test_the_same_in_all_rows_is_one_number() -> None:
    """A column with one value is that value, and one without rows 0."""
    assert number_form([7] * 1_000) == 7
    assert number_form([]) == 0


def test_few_numbers_are_there_to_be_read() -> None:
    """Small numbers are a character each; a short column of others is a list."""
    assert number_form([0, 1, 1, 0]) == "#$$#"
    assert number_form([5, 900, -3]) == [5, 900, -3]


def test_rising_numbers_are_changes() -> None:
    """A number that grows evenly is told by its changes."""
    assert number_form(range(100, 5_000, 7)) == {"d": [100, *[7] * 699]}
    assert number_form(range(100, 50_000, 7))["d"]["from"] == 7


def test_many_numbers_are_digits() -> None:
    """Numbers like noise are told digit by digit, in about as many bytes as they hold."""
    noise = random.Random(1)
    values = [noise.randrange(3_000) for _ in range(5_000)]

    assert list(number_form(values)) == ["p", "from"]


def test_what_holds_for_a_connection_is_told_once() -> None:
    """A descriptor is a fact about a connection, and so is all that agrees with it."""
    facts = Facts(100)
    frame = Frame([conn for conn in range(100) for _ in range(5)], facts)
    fds = [4 + 3 * (conn % 9) + conn for conn in frame.groups]

    assert frame.form(fds) == {"of": 0}
    assert frame.form(fds[:250], range(250)) == {"of": 0}
    assert len(facts.written()) == 1


def test_facts_do_not_contradict_each_other() -> None:
    """A column that says otherwise of one connection is another fact."""
    facts = Facts(3)
    frame = Frame([0, 0, 1, 1, 2, 2], facts)

    assert [frame.form([4, 4, 5, 5, 9, 9]), frame.form([4, 4, 5, 5, 8, 8])] == [{"of": 0}, {"of": 1}]


def test_a_known_column_is_named() -> None:
    """What is the same as a known column is its name; what follows from one, a table."""
    frame = Frame([-1] * 100, Facts(0))
    sizes = [row * row % 71 for row in range(100)]
    codes = [row % 3 for row in range(100)]
    frame.know("size", sizes)
    frame.know("op", codes, codes=True)

    assert frame.form(sizes) == {"as": "size"}
    assert frame.form([[9, 4, 7][code] for code in codes]) == {"by": "op", "to": [9, 4, 7]}


def test_a_text_is_a_template_and_its_numbers() -> None:
    """Texts that differ in numbers share a template; what is the same in all of them stays in it."""
    frame = Frame([-1] * 3, Facts(0))
    form = texts_form(frame, [f"sends {count:,} bytes on fd 4" for count in (60, 1_200, 999)])

    assert form["templates"] == [["sends ", 0, " bytes on fd 4"], ["sends 1,200 bytes on fd 4"]]
    assert form["slots"] == [[[60, 999]], []]


def test_a_text_without_end_is_cut_and_says_so() -> None:
    """Of a text of ten million characters the first million is kept, with how many there were more."""
    form = texts_form(Frame([-1]), ["x" * 10_000_000])

    assert form["templates"] == [["x" * 1_000_000 + "… (9,000,000 more characters)"]]


def test_a_list_that_is_known_is_named() -> None:
    """A list that stands in a text, and is known of its row, is its name there."""
    frame = Frame([-1] * 2, Facts(0))
    frame.said = {"fds": ["4, 5, 6", "7, 8"]}
    form = texts_form(frame, ["3 ready: fd 4, 5, 6.", "2 ready: fd 7, 8."])

    assert form["templates"] == [[0, " ready: fd ", ("fds",), "."]]


def test_sentences_cost_little() -> None:
    """A thousand sentences about a thousand connections take a few hundred characters."""
    facts = Facts(1_000)
    frame = Frame([row % 1_000 for row in range(4_000)], facts)
    texts = [f"fetch #{row % 1_000 + 1} reads 400 bytes from fd {row % 1_000 + 4}." for row in range(4_000)]

    assert size(texts_form(frame, texts)) + size(facts.written()) < 7_000
