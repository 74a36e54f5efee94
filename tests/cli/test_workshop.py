"""`tracedemo workshop`, a command at a time: what is said, what is kept, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell, said
from tests.workshop.small import make_lesson, three_lessons
from tracedemo import tracefile
from tracedemo.analysis.study import Study
from tracedemo.cli.arguments import parser_for
from tracedemo.cli.workshop import SUBCOMMANDS, running
from tracedemo.workshop import catalogue
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.running import Ran
from tracedemo.workshop.state import SCHEMA

LEARNERS = ("predict", "run", "check", "hint", "solution", "next", "reset", "catch-up", "list", "status")
"""What a learner types; none of it needs more words."""
HERE = Path(__file__).parents[2] / "tracedemo" / "cli" / "workshop"
THERE = [name for name, row in SUBCOMMANDS.items() if (HERE / f"{row.module}.py").exists()]


class Learner:
    """Types commands of the workshop, standing in its folder."""

    def __init__(self, typed: Typed, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.typed = typed
        self.go = monkeypatch.chdir

    def __call__(self, *words: str, code: int = 0) -> str:
        """Type `tracedemo workshop WORDS`, and give what it says."""
        done = self.typed("workshop", *words)
        assert (code, "") == (done.returncode, done.stderr), done.stdout
        assert done.stdout.strip()
        return str(done.stdout)

    def refused(self, *words: str, code: int = 2) -> list[str]:
        """Type what is refused, and give the two lines that say so."""
        done: CompletedProcess[str] = self.typed("workshop", *words)
        lines = said(done, code)
        assert 2 == len(lines), lines
        return lines

    @property
    def status(self) -> dict[str, Any]:
        """What `status --json` tells of each lesson, by name."""
        return {one["lesson"][3:]: one for one in json.loads(self("status", "--json"))["lessons"]}

    def solve(self, lesson: Lesson) -> None:
        """Write the solution."""
        (self.root / lesson.folder_name / lesson.file).write_text(lesson.marked().solved())


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Lesson]:
    """Three small lessons."""
    return three_lessons(tmp_path_factory.mktemp("lessons"))


@pytest.fixture
def outside(
    typed: Typed, small: Sequence[Lesson], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Learner:
    """Somebody in a folder that is in no workshop; there are three small lessons."""
    monkeypatch.setattr(catalogue, "lessons", lambda: small)
    monkeypatch.setenv("COLUMNS", "80")
    return Learner(typed, tmp_path, monkeypatch)


@pytest.fixture
def learner(outside: Learner) -> Learner:
    """Somebody who has begun, and stands in the folder."""
    outside("start")
    outside.root /= "tracedemo-workshop"
    outside.go(outside.root)
    return outside


# Where one is


@pytest.mark.parametrize("command", LEARNERS)
def test_outside_of_a_workshop(command: str, outside: Learner) -> None:
    """Outside of a workshop each command says how to begin one, and makes nothing."""
    lines = outside.refused(command)

    assert "tracedemo: this folder is in no workshop" == lines[0]
    assert "tracedemo workshop start" in lines[1]
    assert [] == list(outside.root.iterdir())


def test_bare_outside(outside: Learner) -> None:
    """Bare `tracedemo workshop` tells what a workshop is, and how to begin one."""
    assert "workshop start" in outside()


@pytest.mark.parametrize("below", [".", "01_first", "solutions"])
def test_bare_inside(below: str, learner: Learner) -> None:
    """Inside, and in any folder below, it says which lesson is open, and the one next thing to type."""
    learner.go(learner.root / below)
    text = learner()

    assert "Lesson 01 (1 of 3): The first one" in text
    assert 1 == len(re.findall(r"^    .*tracedemo workshop \w+$", text, re.MULTILINE))
    assert "tracedemo workshop predict" in text


def test_start(outside: Learner) -> None:
    """It makes the folder, opens the first lesson, and says where to go and what to type."""
    text = outside("start", "here/mine", "--track", "half")

    assert "cd here/mine" in text
    assert "Lesson 01 (1 of 2): The first one" in text
    assert "tracedemo workshop predict" in text
    assert (outside.root / "here" / "mine" / "01_first" / "fetch.py").exists()


def test_start_again(learner: Learner) -> None:
    """A workshop that is there goes on as it was, from within and from outside."""
    learner("next")
    (learner.root / "01_first" / "fetch.py").write_text("mine")
    for words, place in ((["start"], "."), (["start"], "01_first"), (["start", "tracedemo-workshop"], "..")):
        learner.go(learner.root / place)
        text = learner(*words)
        assert "already" in text
        assert "Lesson 02" in text
    assert "mine" == (learner.root / "01_first" / "fetch.py").read_text()


def test_start_changes_the_track(learner: Learner) -> None:
    """With a track, start changes that of a workshop that is there, and says so; without one it stays."""
    text = learner("start", "--track", "half")
    assert "The track is half now, of 2 lessons; what you have done stays." in text
    assert "Lesson 01 (1 of 2)" in text
    assert "now" not in learner("start", "--track", "half").partition("\n")[2].partition("\n")[0]
    assert "Track half" in learner("status")
    learner("start")
    assert "Track half" in learner("status")
    assert "the track 90 has no lesson" in learner.refused("start", "--track", "90")[0]


@pytest.mark.parametrize(
    ("words", "what"),
    [(["start", "there"], "is not empty"), (["start", "there/file"], "is not empty"),
     (["start", "--track", "90"], "has no lesson"), (["start", "--track", "long"], "invalid choice"),
     (["start", "a", "b"], "too much")],
)  # fmt: skip
def test_start_refused(words: list[str], what: str, outside: Learner) -> None:
    """A folder that holds something, and a track that is none, are refused."""
    (outside.root / "there").mkdir()
    (outside.root / "there" / "file").write_text("mine")

    assert what in outside.refused(*words)[0]
    assert ["there"] == [path.name for path in outside.root.iterdir()]


# Predict, run


@pytest.mark.parametrize(
    ("words", "what"),
    [(["z"], "question 1 has no answer 'z'"), (["a", "b"], "has 1 question, and here are 2 answers"),
     ([""], "has no answer ''"), (["--nope"], "there is no option --nope")],
)  # fmt: skip
def test_prediction_that_is_none(words: list[str], what: str, learner: Learner) -> None:
    """What is no answer to the question is refused, and not noted."""
    assert what in learner.refused("predict", *words)[0]
    assert [] == learner.status["first"]["predictions"]


def test_questions_are_shown(learner: Learner) -> None:
    """Without a terminal the question is shown with its choices, what was drawn put in, and the line to type."""
    drawn = json.loads((learner.root / ".tracedemo" / "state.json").read_text())["lessons"]["first"][
        "values"
    ]["k"]
    text = learner("predict")

    assert f"in {drawn} pieces" in " ".join(text.split())
    assert f"    b  k = {drawn}\n    c  k + 1 = {drawn + 1}\n" in text
    assert "workshop predict a/b/c" in text
    assert "Each piece is waited for" not in text


def test_run_wants_a_prediction(learner: Learner) -> None:
    """Before a prediction nothing is run, and the command that is missing is named."""
    lines = learner.refused("run")

    assert "asks first what you expect" in lines[0]
    assert "tracedemo workshop predict" in lines[1]
    assert [] == list((learner.root / ".tracedemo" / "traces").iterdir())
    assert "" == learner.status["first"]["ran"]


def test_run_without_a_prediction(learner: Learner) -> None:
    """With --no-predict it is run all the same, and that is noted."""
    text = learner("run", "--no-predict")

    assert "You said nothing." in text
    assert "The run says: 0" in text
    assert (True, [], [0]) == tuple(
        learner.status["first"][name] for name in ("run_without_prediction", "predictions", "measured")
    )


@pytest.mark.parametrize(("letter", "met"), [("a", 1), ("b", 0), ("C", 0)])
def test_reveal(letter: str, met: int, learner: Learner) -> None:
    """The run shows the command, what was said, what it measured, what is right and why, the lines behind it, and what to
    type next; a prediction is noted, and whether it came true.
    """
    assert "Noted: 1" in learner("predict", letter)
    text = learner("run")

    assert re.search(
        r"^\$ tracedemo run blocking --pieces \d --pace lockstep --view summary$", text, re.MULTILINE
    )
    assert "blocking, 1 request" in text
    assert ("You said, and so it is:" in text) == bool(met)
    assert ("Each piece is waited for." in text) == (letter == "b")
    assert "The run says: 0\n    a  0\n       A blocking call waits until it can do its work." in text
    assert re.search(r"^    - At .*, blocking.py line \d+: ", text, re.MULTILINE)
    assert "-1.jsonl --view log --only" in " ".join(text.replace("\\\n", "").split())
    assert re.search(r"tracedemo workshop check$", text.strip())
    assert "wrote " not in text
    assert "Next:" not in text
    assert met == learner.status["first"]["came_true"]


@pytest.mark.parametrize("colour", ["", "\x1b[1m"])
def test_only_one_next_thing(colour: str, small: Sequence[Lesson]) -> None:
    """What a command of a lesson would have typed next is left out, wherever it stands in its output."""
    output = f"a row\n\n{colour}Next: tracedemo compare\n      tracedemo show\nselector.py: it failed\n"
    ran = Ran(small[0].runs[0], "", (), 1, output)

    assert "a row\nselector.py: it failed" == running._worth_reading(ran)


def test_proof_can_be_typed(learner: Learner) -> None:
    """The command that is to show the proof shows it."""
    learner("predict", "a")
    text = learner("run").replace("\\\n", "")
    words = re.search(r"tracedemo (show .*--only .*)", text)[1].split()

    done = learner.typed(*words)
    assert (0, "") == (done.returncode, done.stderr)
    assert "recv(" in done.stdout


def test_what_this_machine_cannot_record(
    typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: Path
) -> None:
    """Where system calls cannot be recorded the lesson's recording stands in, and it is said why; it answers, too."""
    place = make_lesson(tmp_path / "lessons", 1, "first")
    text = (place / "lesson.toml").read_text()
    kernel = '[[run]]\nkernel = true\nrecorded = "other.jsonl"'
    (place / "lesson.toml").write_text(
        text.replace("[[run]]", kernel).replace('formula = "k + 1"', 'least = "1"')
    )
    (place / "other.jsonl").write_bytes(recorded.read_bytes())
    found = catalogue.lessons(tmp_path / "lessons")
    monkeypatch.setattr(catalogue, "lessons", lambda: found)
    monkeypatch.setattr(running, "choose", lambda _: (None, "strace: it is not there"))
    typed("workshop", "start")
    monkeypatch.chdir(tmp_path / "tracedemo-workshop")
    done = typed("workshop", "run", "--no-predict")

    assert (0, "") == (done.returncode, done.stderr)
    assert "Why it was not run here: strace: it is not there." in done.stdout
    assert "fetch_data" in done.stdout
    answer = int(re.search(r"The run says: (\d+)", done.stdout)[1])
    assert answer == Study(tracefile.read(recorded).trace).summary.not_yets > 0


def test_prediction_after_the_run(learner: Learner) -> None:
    """Once the run has told the answer, a prediction is none any more; the run can be seen again."""
    learner("predict", "b")
    learner("run")

    assert "has been made" in learner.refused("predict", "a")[0]
    assert "The run says" in learner("run")
    assert ["b"] == learner.status["first"]["predictions"]


def test_prediction_for_the_next_lesson(learner: Learner, small: Sequence[Lesson]) -> None:
    """Whoever has passed, and predicts, is told to open the next lesson first."""
    learner("predict", "b")
    learner("run")
    learner.solve(small[0])
    learner("check")

    assert "Open lesson 02 first: tracedemo workshop next second" in learner.refused("predict", "a")[1]


def test_prediction_is_changed_before_the_run(learner: Learner) -> None:
    """Until then one may think again."""
    learner("predict", "b")
    learner("predict", "a")

    assert ["a"] == learner.status["first"]["predictions"]


# Check, hints, solution


def test_check_fails(learner: Learner) -> None:
    """A program that does not do it fails with one complaint, its rule and place; its trace can be walked through."""
    text = learner("check", code=1)

    assert re.match(
        r"NOT YET. Scenario: an answer in \d pieces\n  result/body: ",
        text,
    )
    assert "its numbers are drawn anew each time" in " ".join(text.split())
    words = re.search(r"tracedemo (step \S+.*)", text)[1].split()
    done = learner.typed(*words, "--format", "jsonl")
    assert 0 == done.returncode
    assert "recv" in done.stdout.partition("\n")[0]
    assert not list((learner.root / "solutions").iterdir())
    assert (1, "") == tuple(learner.status["first"][name] for name in ("checks", "passed"))


def test_check_counts_other_complaints(learner: Learner) -> None:
    """Of several broken rules the first is said, the others are counted; and a traceback is shown by its last lines."""
    (learner.root / "01_first" / "fetch.py").write_text(
        "import socket\ns = socket.socket()\nraise ValueError('\\x1b[31mno')\n"
    )
    text = learner("check", code=1)

    assert "ends/well" in text
    assert "result/body" not in text
    assert "2 more rules are broken" in text
    assert "ValueError: \\x1b[31mno" in text.partition("at its end:")[2]
    assert 'File "01_first/fetch.py", line 3' in text


def test_without_a_place_the_last_call_is_shown(learner: Learner) -> None:
    """A complaint that has no place leads to the last call of the program that was more than tidying up."""
    (learner.root / "01_first" / "fetch.py").write_text(
        "import socket, sys\nhost, port = sys.argv[1].split(':')\n"
        "sock = socket.create_connection((host, int(port)))\nraise ValueError\n"
    )
    text = learner("check", code=1)
    words = re.search(r"See what it did last:\n +.*tracedemo (step \S+.*)", text)[1].split()

    assert "connects fd" in learner.typed(*words).stdout.partition("\n")[0]


def test_check_without_a_trace_keeps_the_last_one(learner: Learner) -> None:
    """The trace that a failed check has named is there until another check leaves one."""
    words = re.search(r"tracedemo (step \S+.*)", learner("check", code=1))[1].split()
    (learner.root / "01_first" / "fetch.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    learner("check", code=1)

    assert 0 == learner.typed(*words, "--format", "jsonl").returncode


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "def read_all(:\n", "import time\nwhile True: pass\n", "\0"]
)
def test_check_of_anything(text: str, learner: Learner) -> None:
    """Whatever stands in the file, a check that fails says why, without a traceback of ours."""
    (learner.root / "01_first" / "fetch.py").write_text(text)
    said = learner("check", code=1)

    assert re.search(r"^  [a-z]+/[a-z]+: ", said, re.MULTILINE)
    assert "tracedemo step" not in said
    assert "tracedemo/workshop" not in said


WIDE = """\
def it_has_a_rather_long_name(argument):
    raise ValueError("x" * 200 + " and some words" * 9)


it_has_a_rather_long_name("an argument that is long enough to be wide as well as deep")
"""


@pytest.mark.parametrize("program", [b"\x89PNG\r\n\x1a\n\xff\xfe", WIDE.encode()])
def test_what_a_program_said_fits(program: bytes, learner: Learner) -> None:
    """However wide the last words of a program are, no line is over 80 columns; where some of it is left out in the
    complaint, dots say so, and it stands in full below.
    """
    (learner.root / "01_first" / "fetch.py").write_bytes(program)
    complaint, below = learner("check", code=1).split("What the program said at its end:\n")
    last = "for details" if program != WIDE.encode() else "and some words and some words"

    assert max(map(len, (complaint + below).splitlines())) <= 80
    assert re.search(r" \.{4} [A-Z]", " ".join(complaint.split()))
    assert last in " ".join(below.split()).replace("\\ ", "")
    assert str(learner.root) not in complaint + below


def test_check_of_a_sleeper(learner: Learner) -> None:
    """A program that sleeps outside of all sockets is ended, and the traceback that this makes is called our doing."""
    (learner.root / "01_first" / "fetch.py").write_text("import time\ntime.sleep(1000)\n")
    text = " ".join(learner("check", code=1).split())

    assert "ends/asleep: line 2: it sleeps in time.sleep(1000), and has made no call" in text
    assert "Where the program was when it was told to end (by Ctrl-C):" in text
    assert "KeyboardInterrupt" in text


def test_check_passes(learner: Learner, small: Sequence[Lesson]) -> None:
    """A program that does it passes: that is noted, the solution is there to be compared, and the next lesson is named."""
    learner.solve(small[0])
    text = learner("check")

    assert "PASSED: 01_first/fetch.py" in text
    assert "Go on to lesson 02, The second one:" in text
    assert small[0].marked().solved() == (learner.root / "solutions" / "01_first.py").read_text()
    assert learner.status["first"]["passed"]


def test_check_without_a_file(learner: Learner) -> None:
    """A program that is not there is said in two lines, with the remedy."""
    (learner.root / "01_first" / "fetch.py").unlink()

    assert "tracedemo workshop reset" in learner.refused("check", code=4)[1]


def test_hints(learner: Learner) -> None:
    """There are three hints, one at a time, each with its number; then all of them again, and the way to the solution."""
    for number in (1, 2, 3):
        text = learner("hint")
        assert [f"Hint {number} of 3"] == re.findall(r"Hint \d of \d", text)
        assert ("workshop solution" in text) == (number == 3)
    text = learner("hint")

    assert ["Hint 1 of 3", "Hint 2 of 3", "Hint 3 of 3"] == re.findall(r"Hint \d of \d", text)
    assert "workshop solution" in text
    assert 3 == learner.status["first"]["hints"]


@pytest.mark.parametrize("way", ["passed", "hints", "--yes"])
def test_solution(way: str, learner: Learner, small: Sequence[Lesson]) -> None:
    """A solution can be had by who has passed, by who has seen all hints, and by who asks twice; else that is said."""
    assert "tracedemo workshop solution --yes" in learner.refused("solution")[1]
    if way == "passed":
        learner.solve(small[0])
        learner("check")
    for _ in range(3 if way == "hints" else 0):
        learner("hint")
    text = learner("solution", *["--yes"] * (way == "--yes"))

    assert small[0].marked().solution.strip() in text
    assert small[0].marked().solved() == (learner.root / "solutions" / "01_first.py").read_text()
    assert (way != "passed") == learner.status["first"]["looked_at_solution"]


# From lesson to lesson


def test_next_always_works(learner: Learner) -> None:
    """A lesson can be left before it is done, which is noted; after the last one what was left out is named, and opened."""
    assert "Lesson 01 is left out for now" in learner("next")
    assert "Lesson 03 (3 of 3)" in learner("next")
    last = learner("next")
    assert "Lesson 03, The third one, is the last one of your track" in " ".join(last.split())
    assert "Left out until now: 01 first, 02 second." in last
    assert "left out for now" not in last
    assert [True, True, False] == [one["left_out"] for one in learner.status.values()]
    assert "Lesson 01 (1 of 3)" in learner("next", "first")
    assert "01_first" == json.loads(learner("status", "--json"))["current"]


def test_next_after_a_pass(learner: Learner, small: Sequence[Lesson]) -> None:
    """A lesson that was passed is not left out; one that was left out and is passed later, is passed."""
    learner("next")
    learner("next", "1")
    learner.solve(small[0])
    learner("check")
    text = learner("next")

    assert "left out" not in text
    assert not learner.status["first"]["left_out"]


def test_next_to_where_one_is(learner: Learner) -> None:
    """Whoever asks for the lesson that is open is told so, and leaves nothing out."""
    text = learner("next", "1")

    assert "You are in lesson 01, The first one, already." in text
    assert "left out" not in text
    assert not learner.status["first"]["left_out"]


def test_next_to_nowhere(learner: Learner) -> None:
    """A lesson that is not there is refused, and all that are there are named."""
    assert "Lessons: 01 first, 02 second, 03 third" in learner.refused("next", "fourth")[1]


def test_shown_lesson(outside: Learner) -> None:
    """In a track in which the teacher shows a lesson, the exercise is said to be optional, and how it can be done."""
    outside("start", "--track", "half")
    outside.go(outside.root / "tracedemo-workshop")
    outside("next")
    outside("predict", "a")
    text = outside("run")

    assert "On your track (half) this exercise is optional" in text
    assert "You left one out, lesson 01" in text.partition("tracedemo workshop check\n")[2]
    assert "shown by your teacher" in outside("list")
    assert "seen" == outside.status["second"]["is"]


def test_several_are_left_out(learner: Learner, small: Sequence[Lesson]) -> None:
    """At the end it is said how many lessons were left out, and which is the first of them."""
    learner("next", "3")
    learner("predict", "a")
    learner("run")
    learner.solve(small[2])
    text = " ".join(learner("check").split())

    assert "You left 2 out; the first is lesson 01, The first one:" in text


def test_end_of_a_shorter_track(outside: Learner, small: Sequence[Lesson]) -> None:
    """At the end of a track with fewer lessons, those that it leaves out are named, and how to open one."""
    outside("start", "--track", "half")
    outside.root /= "tracedemo-workshop"
    outside.go(outside.root)
    for lesson in small[:2]:
        outside.solve(lesson)
        text = outside("check")
        outside("next")

    assert "The workshop is over: you have come to the end of all 2 lessons" in text
    assert "your track leaves out: 03 third." in text
    assert "tracedemo workshop next third" in text


def test_end(learner: Learner, small: Sequence[Lesson]) -> None:
    """When all lessons are done, whatever is typed says that it is over, and what is taken home."""
    for lesson in small:
        learner.solve(lesson)
        learner("check")
        learner("next")
    text = learner("status")

    assert 3 == len(re.findall(r"^[> ] \d\d_\w+ +passed", text, re.MULTILINE))
    for told in (text, learner(), learner("next"), learner("catch-up")):
        assert "The workshop is over: you have come to the end of all 3 lessons" in told
        assert "Take home this folder" in told
        assert "left out" not in told
    assert "workshop status" in learner()


def test_reset(learner: Learner, small: Sequence[Lesson]) -> None:
    """Without a terminal a reset puts the files back at once, and names where the others lie."""
    file = learner.root / "01_first" / "fetch.py"
    before = file.read_bytes()
    file.write_text("mine")
    text = learner("reset")

    assert before == file.read_bytes()
    backup = re.search(r"lies in\s+(\S+)\.$", text.strip())[1]
    assert "mine" == (learner.root / backup / "fetch.py").read_text()
    assert "nothing is to be put back" in learner("reset")


def test_reset_all(learner: Learner) -> None:
    """All lessons that were opened are put back, and no other one is made."""
    learner("next")
    for name in ("01_first", "02_second"):
        (learner.root / name / "fetch.py").write_text("mine")
    text = learner("reset", "--all", "--yes")

    assert "01_first is as it was" in text
    assert "02_second is as it was" in text
    assert not (learner.root / "03_third").exists()


def test_reset_refused(learner: Learner) -> None:
    """A lesson that is not there or not open, and one together with all, are refused."""
    assert "has not been opened" in learner.refused("reset", "third")[0]
    assert "there is no lesson" in learner.refused("reset", "fourth")[0]
    assert "Leave one of them out" in learner.refused("reset", "first", "--all")[1]


def test_catch_up(learner: Learner, small: Sequence[Lesson]) -> None:
    """Before the lesson to which one catches up every check passes; what passed already is left alone, the rest is kept."""
    first, second = (learner.root / lesson.folder_name / "fetch.py" for lesson in small[:2])
    passed = small[0].marked().solved() + "\n# mine\n"
    first.write_text(passed)
    learner("check")
    learner("next")
    second.write_text("half done")
    text = learner("catch-up", "third")

    assert "Lesson 03 (3 of 3)" in text
    assert passed == first.read_text()
    backup = re.search(r"lies in\s+(\S+)\.\n", text)[1]
    assert "half done" == (learner.root / backup / "fetch.py").read_text()
    assert [False, True, False] == [one["caught_up"] for one in learner.status.values()]
    for name in ("first", "second"):
        learner("next", name)
        assert "PASSED" in learner("check")


def test_catch_up_without_a_word(learner: Learner, small: Sequence[Lesson]) -> None:
    """Without a lesson it lays this one's solution down and opens the next; at the end it lays down the last one's."""
    assert "Lesson 02" in learner("catch-up")
    assert "Lesson 03" in learner("catch-up")
    learner("catch-up")

    texts = [(learner.root / lesson.folder_name / "fetch.py").read_text() for lesson in small]
    assert [lesson.marked().solved() for lesson in small] == texts
    assert "03_third" == json.loads(learner("status", "--json"))["current"]


def test_catch_up_says_a_thing_once(learner: Learner) -> None:
    """What an earlier catch-up laid down is not told again; behind the last lesson it is said that this is the last."""
    assert "01_first/fetch.py is a solution now" in learner("catch-up")
    second = learner("catch-up")
    assert "01_first" not in second
    assert "02_second/fetch.py is a solution now" in second
    last = learner("catch-up")
    assert "Lesson 03, The third one, is the last one of your track" in last
    assert "The workshop is over" in last
    assert "is a solution now" not in learner("catch-up")


def test_status_and_list(learner: Learner) -> None:
    """Both name every lesson, with what has become of it; the one that is open has a sign."""
    learner("hint")
    learner("next")
    for command in ("status", "list"):
        text = learner(command)
        assert re.search(r"^  01_first +left out", text, re.MULTILINE)
        assert re.search(r"^> 02_second +open", text, re.MULTILINE)
        assert re.search(r"^  03_third +not opened", text, re.MULTILINE)
    assert "1 of 3 hints" in learner("status")


# What can go wrong


def test_broken_state(learner: Learner) -> None:
    """A broken state is set aside and rebuilt by whatever is typed next, which then does its work, and says so once."""
    state = learner.root / ".tracedemo" / "state.json"
    state.write_text('{"schema": 2, "lessons"')
    done = learner.typed("workshop", "hint")

    assert 0 == done.returncode
    assert "Hint 1 of 3" in done.stdout
    assert "tracedemo: " == done.stderr[:11]
    assert "tracedemo: the workshop's state was broken, and is now state.json.broken-1" in done.stderr
    assert 2 == done.stderr.count("\n")
    assert max(map(len, done.stderr.splitlines())) <= 80
    assert '{"schema": 2, "lessons"' == state.with_name("state.json.broken-1").read_text()
    assert "Hint 2 of 3" in learner("hint")


@pytest.mark.parametrize("words", [[], *([name] for name in LEARNERS), ["start"]], ids=str)
def test_newer_state(words: list[str], learner: Learner) -> None:
    """No command changes a workshop of a newer tracedemo; each says what to do."""
    state = learner.root / ".tracedemo" / "state.json"
    data = json.dumps({"schema": SCHEMA + 1}).encode()
    state.write_bytes(data)
    lines = learner.refused(*words, code=4)

    assert "newer tracedemo" in lines[0]
    assert data == state.read_bytes()


@pytest.mark.parametrize("name", ["state.json", "lock"])
def test_folder_that_cannot_be_used(name: str, learner: Learner) -> None:
    """Where something else stands in the place of the workshop's own files, that is said in two lines."""
    path = learner.root / ".tracedemo" / name
    path.unlink()
    path.mkdir()

    assert name in learner.refused("hint", code=4)[0] or "cannot write" in learner.refused("hint", code=4)[0]


# How it is said


@pytest.mark.parametrize("name", THERE)
def test_help(name: str, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command has a help within 80 columns, and is named in the help of all."""
    monkeypatch.setenv("COLUMNS", "80")
    done = typed("workshop", name, "--help")

    assert (0, "") == (done.returncode, done.stderr)
    assert done.stdout.startswith(f"usage: tracedemo workshop {name}")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.search(rf"^  {name}\b", parser_for("workshop").epilog or "", re.MULTILINE)


@pytest.mark.parametrize(
    ("word", "remedy"),
    [
        ("chekc", "Did you mean: tracedemo workshop check"),
        ("frobnicate", "All there are: tracedemo workshop --help"),
    ],
)
def test_unknown_command(word: str, remedy: str, learner: Learner) -> None:
    """A command that the workshop has not is refused, with the nearest one, or all."""
    lines = learner.refused(word)

    assert f"tracedemo: the workshop has no command '{word}'" == lines[0]
    assert re.fullmatch(remedy, lines[1].strip())


@pytest.mark.parametrize("width", ["60", "80"])
@pytest.mark.parametrize("name", THERE)
def test_help_fits(name: str, width: str, typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    """The help of each command fits the screen, whatever its width, and no word of its examples is lost."""
    monkeypatch.setenv("COLUMNS", width)
    text = typed("workshop", name, "--help").stdout
    about = getattr(import_module(f"tracedemo.cli.workshop.{SUBCOMMANDS[name].module}"), "ABOUT", "")

    assert max(map(len, text.splitlines())) <= int(width)
    assert " ".join(about.split()) in " ".join(text.split())


def test_width(learner: Learner, small: Sequence[Lesson]) -> None:
    """Whatever is typed, no line is longer than 80 columns."""
    texts = [learner(), learner("predict"), learner("predict", "a"), learner("run"), learner("check", code=1)]
    texts += [learner("hint") for _ in range(4)]
    learner.solve(small[0])
    texts += [learner(word) for word in ("solution", "check", "status", "list", "next", "catch-up", "reset")]
    lines = [line for text in texts for line in text.splitlines()]

    assert max(map(len, lines)) <= 80


JOURNEY = (
    ["start"],
    [],
    ["predict"],
    ["predict", "a", "a"],
    ["run"],
    ["hint"],
    ["status"],
    ["list"],
    ["solution", "--yes"],
)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_poor_encodings(encoding: str, shell: Shell) -> None:
    """In an encoding without our signs other signs stand for them, and nothing fails."""
    for number, words in enumerate(JOURNEY):
        if number == 1:
            shell.folder /= "tracedemo-workshop"
            shell("workshop", "next", "nonblocking")
        done = shell("workshop", *words, environ={"PYTHONIOENCODING": encoding}, encoding=encoding)
        assert (0, "") == (done.returncode, done.stderr)
        assert done.stdout.strip()
        assert ("◆" in done.stdout) == (encoding == "utf-8" and words == ["run"])
        if words == ["run"]:
            assert re.search(r"Every line with (◆|!) is a BlockingIOError", done.stdout)


# For who writes lessons


def test_dev_check(typed: Typed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A proven lesson is said to be so; what is wrong with another one is said, each fault in a line, exit code 1."""
    folder = tmp_path / "lessons"
    make_lesson(folder, 1, "good")
    bad = make_lesson(folder, 2, "bad")
    for path in (bad / "wrong").iterdir():
        if path.name != "none.py":
            path.unlink()
    (bad / "wrong" / "none.py").write_text("# fails: fds/closed\ndef read_all(sock):\n    return b''\n\n\n")
    text = (bad / "lesson.toml").read_text()
    (bad / "lesson.toml").write_text(text.replace('formula = "0"', 'formula = "1"'))
    found = catalogue.lessons(folder)
    monkeypatch.setattr(catalogue, "lessons", lambda: found)

    good = typed("workshop", "dev", "check", "good")
    assert (0, "") == (good.returncode, good.stderr)
    assert "ok    01_good" in good.stdout
    done = typed("workshop", "dev", "check", "2")
    text = " ".join(done.stdout.split())
    assert (1, "") == (done.returncode, done.stderr)
    assert "FAULT wrong/ holds 1 answers" in text
    assert "FAULT wrong/none.py must fail with fds/closed, and fails with: result/body" in text
    assert "The run says 0; 0 options do" in text
    assert "FAULT 02_bad" in text


def test_dev_without_a_word(typed: Typed) -> None:
    """What is to be done must be said."""
    assert 2 == typed("workshop", "dev").returncode
