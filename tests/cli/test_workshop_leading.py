"""`tracedemo workshop` on a terminal of 80 columns and 24 lines, as a learner uses it."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable

import pytest

pytest.importorskip("termios", reason="these tests need a POSIX terminal")

from tests.cli.screen import Screen, screen
from tests.cli.shell import Shell, terminal
from tracedemo.workshop.catalogue import find_lesson, lessons
from tracedemo.workshop.lesson import Lesson

PAUSE = "-- Enter: go on --"
CHECK = "or press Enter to check."
SEQUENCE = re.compile(r"\x1b\[[\d;?]*[A-Za-z]")


@pytest.fixture
def lesson() -> Lesson:
    """The lesson that all of this is tried with."""
    return find_lesson("nonblocking")


@pytest.fixture
def there(shell: Shell, lesson: Lesson) -> Shell:
    """A shell in a workshop in which that lesson is open."""
    assert 0 == shell("workshop", "start").returncode
    shell.folder /= "tracedemo-workshop"
    assert 0 == shell("workshop", "next", lesson.name).returncode
    return shell


def enter(seen: Screen, text: str = "") -> None:
    """Type a line, and wait until something new has come behind it."""
    before = len(seen.sent)
    seen.press(f"{text}\r")
    seen.wait_for(lambda _: len(seen.sent) > before + len(text) + 2)


def go_on(seen: Screen, wanted: str, each: Callable[[str], None] = lambda _: None) -> str:
    """Press Enter at each pause, until something stands at the end of the screen; `each` sees the screens."""
    while True:
        text = seen.wait_for(lambda text: text.rstrip().endswith((wanted, PAUSE)))
        each(text)
        if text.rstrip().endswith(wanted):
            return text
        enter(seen)


def write(there: Shell, lesson: Lesson, text: str) -> None:
    """Save the learner's program."""
    (there.folder / lesson.folder_name / lesson.file).write_text(text)


def to_the_check(seen: Screen) -> None:
    """Predict and run."""
    seen.wait_for("Your answer (a, b, c, d; q ends):")
    enter(seen, "a")
    seen.wait_for("Your answer (a, b, c; q ends):")
    enter(seen, "b")
    seen.wait_for("Enter runs it (q: end):")
    enter(seen)
    go_on(seen, CHECK)


def test_a_whole_lesson(there: Shell, lesson: Lesson) -> None:
    """It asks what one expects, runs it, tells what came of it, watches the file, checks it when it is saved, and ends when
    it passes; the terminal is as it was.
    """
    with screen(there, "workshop") as seen:
        to_the_check(seen)
        write(there, lesson, lesson.marked().unsolved() + "\n")
        seen.wait_for("NOT YET")
        seen.wait_for(lambda text: text.rstrip().endswith(CHECK))
        write(there, lesson, lesson.marked().solved())
        seen.wait_for("PASSED")
        text = seen.wait_for(lambda text: "ENDED" in text or "Enter goes on" in text)
        if "Enter goes on" in text:
            seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")
    assert lesson.marked().solved() == (there.folder / "solutions" / f"{lesson.folder_name}.py").read_text()


def test_it_goes_on_where_it_was(there: Shell) -> None:
    """Whoever leaves comes back to the same place: nothing is asked again, and nothing run again."""
    with screen(there, "workshop") as seen:
        to_the_check(seen)
        seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")
    with screen(there, "workshop") as seen:
        seen.wait_for(lambda text: text.rstrip().endswith(CHECK))
        assert b"Your answer" not in seen.sent
        assert b"Enter runs it" not in seen.sent


def test_no_more_than_a_screen_between_two_pauses(there: Shell) -> None:
    """Nothing leaves the screen before somebody has pressed Enter: from one pause to the next are at most 22 lines, none
    over 80 columns.
    """
    with screen(
        there, "workshop", TERM="dumb"
    ) as seen:  # on which no bar of progress is drawn, and wiped out again
        to_the_check(seen)
        seen.press("q\r")
        seen.wait_for("ENDED")
        shown = SEQUENCE.sub("", seen.sent.decode()).replace("\r", "")
    parts = re.split(r"(?:-- Enter: go on --|q: end\):|q ends\):|check\.)[^\n]*\n", shown)

    assert len(parts) > 6
    assert max(part.count("\n") + 1 for part in parts) <= 22
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("h", "Hint 1 of 3"), ("s", "The whole program: solutions/"), ("e", "Exercise:"), ("x", "'x' means nothing here."),
     ("", "NOT YET")],
)  # fmt: skip
def test_wishes(typed: str, answer: str, there: Shell) -> None:
    """While the file is watched a letter gives a hint, the solution or the exercise again, and Enter checks."""
    with screen(there, "workshop") as seen:
        to_the_check(seen)
        enter(seen, typed)
        go_on(seen, CHECK)
        assert answer in SEQUENCE.sub("", seen.sent.decode())
        seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")


def test_failure_ends_nothing(there: Shell, lesson: Lesson) -> None:
    """What fails is said in the words of a complaint, and it goes on: a file that is put back is checked."""
    file = there.folder / lesson.folder_name / lesson.file
    with screen(there, "workshop") as seen:
        to_the_check(seen)
        file.unlink()
        enter(seen)
        seen.wait_for(lambda text: "is not there" in text and text.rstrip().endswith(CHECK))
        write(there, lesson, lesson.marked().unsolved())
        seen.wait_for("NOT YET")
        go_on(seen, CHECK)
        seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")


def test_answers_that_are_none(there: Shell) -> None:
    """What is no answer is asked again, and it is said why; q ends, and nothing was noted."""
    with screen(there, "workshop") as seen:
        seen.wait_for("q ends):")
        enter(seen, "z")
        seen.wait_for("'z' is none of the answers: type one letter, a to d.")
        enter(seen)
        seen.wait_for("Nothing was typed: type one letter, a to d.")
        seen.wait_for(lambda text: text.count("q ends):") == 3)
        seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")
    assert "workshop predict" in there("workshop").stdout


@pytest.mark.parametrize("how", ["ctrl-c", "ctrl-d"])
def test_ends_at_any_question(how: str, there: Shell) -> None:
    """Ctrl-C and Ctrl-D end it in order, and it says how to go on."""
    with screen(there, "workshop") as seen:
        seen.wait_for("q ends):")
        seen.press("\x03" if how == "ctrl-c" else "\x04")
        seen.wait_for("ENDED 0 as it was.")
        assert "Go on whenever you like" in seen.text


@pytest.mark.parametrize("how", ["terminal", "pipes"])
def test_stopped_while_it_is_checked(how: str, there: Shell, lesson: Lesson) -> None:
    """A check that Ctrl-C stops judges nothing and is not counted; it says so, and ends with exit code 130."""
    begun = there.folder / "begun"
    os.mkfifo(begun)
    write(there, lesson, f"import signal\nopen({str(begun)!r}, 'w').close()\nsignal.pause()\n")
    if how == "terminal":
        with screen(there, "workshop", "check") as seen:
            begun.read_bytes()
            seen.press("\x03")
            seen.wait_for("ENDED 130 as it was.")
            shown = seen.text
    else:
        with there.start("workshop", "check") as process:
            begun.read_bytes()
            process.send_signal(signal.SIGINT)
            shown = process.stdout.read()
            assert 130 == process.wait()

    assert "Stopped: nothing was judged, and this check does not count." in shown
    assert "Go on whenever you like: tracedemo workshop check" in shown
    assert "NOT YET" not in shown
    (row,) = [one for one in json.loads(there("workshop", "status", "--json").stdout)["lessons"] if one["checks"] or
              one["lesson"] == lesson.folder_name]  # fmt: skip
    assert 0 == row["checks"]


def test_stopped_at_a_question(there: Shell) -> None:
    """Ctrl-C at a question of `predict` notes nothing, and it is said how to go on."""
    with screen(there, "workshop", "predict") as seen:
        seen.wait_for("q ends):")
        seen.press("\x03")
        seen.wait_for("ENDED 130 as it was.")
        assert "Go on whenever you like: tracedemo workshop predict" in seen.text


def test_last_lesson_is_not_left(there: Shell) -> None:
    """The letter n at the last lesson says that it is the last, and goes on watching."""
    last = lessons()[-1]
    there("workshop", "next", last.name)
    there("workshop", "run", "--no-predict")
    with screen(there, "workshop") as seen:
        go_on(seen, CHECK)
        enter(seen, "n")
        text = go_on(seen, CHECK)
        assert f"Lesson {last.number:02}, {last.title}, is the last one of your track" in " ".join(
            text.split()
        )
        seen.press("q\r")
        seen.wait_for("ENDED 0 as it was.")


def test_skipped(there: Shell, lesson: Lesson) -> None:
    """The letter n leaves a lesson, as `next` does."""
    with screen(there, "workshop") as seen:
        to_the_check(seen)
        enter(seen, "n")
        seen.wait_for(f"Lesson {lesson.number:02} is left out for now")


def test_same_words_without_colour(there: Shell) -> None:
    """With NO_COLOR, and on a terminal that can do little, the same words come, without a colour."""
    texts = []
    for environ in ({}, {"NO_COLOR": "1"}, {"TERM": "dumb"}):
        with terminal(there, "workshop", "run", "--no-predict", columns=80, **environ) as seen:
            pauses = 0
            while seen._read():
                if seen.shown.count(PAUSE) > pauses:
                    pauses += 1
                    seen.press("\r")
            texts.append(seen.shown)
    colours = [bool(re.search(r"\x1b\[[\d;]*3\d", text)) for text in texts]
    words = [SEQUENCE.sub("", text).replace(f"{PAUSE} \n", "").partition("\nSee:")[2] for text in texts]

    assert [True, False, False] == colours
    assert "workshop check" in words[0]
    assert words[0] == words[1] == words[2]


def test_reset_asks(there: Shell, lesson: Lesson) -> None:
    """On a terminal a reset asks first, and no is no."""
    write(there, lesson, "mine")
    for answer, left in (("", "mine"), ("n", "mine"), ("y", lesson.marked().unsolved())):
        with screen(there, "workshop", "reset") as seen:
            seen.wait_for("Put them back? (y/N)")
            seen.press(f"{answer}\r")
            seen.wait_for("ENDED 0 as it was.")
        assert left == (there.folder / lesson.folder_name / lesson.file).read_text()


def test_questions_are_asked(there: Shell) -> None:
    """On a terminal `predict` asks, and notes."""
    with screen(there, "workshop", "predict") as seen:
        seen.wait_for("(a, b, c, d; q ends):")
        enter(seen, "A")
        seen.wait_for("(a, b, c; q ends):")
        seen.press("b\r")
        seen.wait_for("Noted: 1 a, 2 b.")
        seen.wait_for("ENDED 0 as it was.")


# check --watch


def test_watch_through_pipes(there: Shell, lesson: Lesson) -> None:
    """`check --watch` checks at once, at each line that comes, and when the file is saved; it ends when it passes."""
    with there.start("workshop", "check", "--watch", stdin=-1) as process:

        def until(wanted: str) -> list[str]:
            lines = []
            while not lines or wanted not in lines[-1]:
                lines.append(process.stdout.readline())
                assert lines[-1], lines
            return lines

        assert any("NOT YET" in line for line in until("press Enter to check"))
        process.stdin.write("\n")
        process.stdin.flush()
        assert any("NOT YET" in line for line in until("press Enter to check"))
        write(there, lesson, lesson.marked().solved())
        until("PASSED")
        process.stdout.read()
        assert 0 == process.wait()


def test_watch_ends(there: Shell) -> None:
    """The letter q ends it, and so does Ctrl-C; the exit code is that of what was found."""
    for end in ("q\r", "\x03"):
        with screen(there, "workshop", "check", "--watch") as seen:
            seen.wait_for("press Enter to check")
            seen.press(end)
            seen.wait_for("ENDED 1 as it was.")


def test_watch_without_anybody(there: Shell, lesson: Lesson) -> None:
    """Where nobody types, it goes on watching; SIGTERM ends it."""
    with there.start("workshop", "check", "--watch") as process:
        while "press Enter" not in process.stdout.readline():
            pass
        write(there, lesson, "mine = 1\n")
        while "NOT YET" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGTERM)
        assert 128 + signal.SIGTERM == process.wait()
