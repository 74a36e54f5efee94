"""Presenting: commands are really run, what cannot be run is shown from a recording that says so."""

from __future__ import annotations

import fcntl
import json
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="these tests type into a POSIX terminal")

from tests.cli.screen import JOBS
from tests.cli.shell import Shell, Terminal
from tracedemo import tracefile
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop import present as command
from tracedemo.cli.workshop.stage import Show, _lines
from tracedemo.cli.workshop.tee import Sieve, Tee
from tracedemo.errors import FileError, UsageError
from tracedemo.events import Header
from tracedemo.workshop.asciicast import Cast
from tracedemo.workshop.catalogue import find_lesson, lessons
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.notes import shown_values
from tracedemo.workshop.presenting import Card, Command, Evidence, Reveal, Stage, label, revealed, steps_of

PRESENT = """
import sys
from tracedemo import cli
from tracedemo.cli.parser import Parser
from tracedemo.cli.workshop import present

def dispatch(words):
    parser = Parser(prog="tracedemo workshop present")
    present.prepare(parser)
    return present.run(parser.understand(words))

cli._dispatch = dispatch
sys.exit(cli.main())
"""
"""`tracedemo workshop present`, and nothing before it."""


@pytest.fixture
def lesson() -> Lesson:
    return find_lesson("nonblocking")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def stage(tmp_path: Path) -> Callable[[Lesson], Stage]:
    """Makes a stage with a place for recordings that all stages of a test share."""
    numbers = iter(range(100))

    def make(lesson: Lesson, **fields: str) -> Stage:
        folder = tmp_path / f"stage-{next(numbers)}"
        folder.mkdir()
        made = Stage(lesson, folder, tmp_path / "kept", **fields)
        made.set()
        return made

    return make


def with_words(lesson: Lesson, *words: str, **fields: object) -> Lesson:
    """The lesson with another command."""
    return replace(lesson, runs=(replace(lesson.runs[0], words=words, **fields),))


BROKEN = ("run", "selector", "--there-is-no-such-option")


# What is shown


def test_steps_of_a_lesson(lesson: Lesson) -> None:
    """The questions come before the commands, the answers behind theirs, and the exercise last."""
    steps = list(steps_of(lesson, demo=False))
    titles = [step.title for step in steps if isinstance(step, Card)]

    assert f"02 {lesson.title}" == titles[0]
    assert ["See", "Exercise", "A solution"] == titles[-3:]
    assert len(lesson.questions) == titles.count("Predict") == sum(isinstance(step, Reveal) for step in steps)
    kinds = [type(step) for step in steps]
    asked = [at for at, step in enumerate(steps) if getattr(step, "title", "") == "Predict"]
    assert max(asked) < kinds.index(Command) < kinds.index(Reveal) < kinds.index(Evidence)
    assert all("{k}" not in getattr(step, "text", getattr(step, "command", "")) for step in steps)


def test_answers_follow_their_run(lesson: Lesson) -> None:
    """Each command is followed by the answers that it gives, and only by these."""
    first, *_ = lesson.runs
    other = replace(first, words=("run", "blocking"))
    asked = tuple(replace(question, of=of) for question, of in zip(lesson.questions, (1, 0), strict=True))
    steps = list(steps_of(replace(lesson, runs=(first, other), questions=asked), demo=True))

    ran = None
    for step in steps:
        ran = step.run if isinstance(step, Command) else ran
        assert getattr(step, "run", ran) == ran
    told = [step.question for step in steps if isinstance(step, Reveal)]
    assert [asked[1], asked[0]] == told


def test_demo_has_no_exercise(lesson: Lesson) -> None:
    """Of a lesson that is only shown, neither exercise nor solution is shown."""
    titles = [getattr(step, "title", "") for step in steps_of(lesson, demo=True)]

    assert "See" == titles[-1]
    assert "A solution" not in titles


def test_track_decides_what_is_a_demo() -> None:
    """What is presented is what the track has, in order, and as it has it."""
    parts = command.parts_of("90", None)

    assert [part.lesson.number for part in parts] == sorted(part.lesson.number for part in parts)
    assert all(part.demo == ("90" in part.lesson.demo) for part in parts)
    assert [parts[0]] == command.parts_of("90", parts[0].lesson.name)


def test_answer_is_what_the_run_says(lesson: Lesson, stage: Callable[..., Stage]) -> None:
    """The answer to a question is counted in the run that was just made."""
    shown = stage(lesson).run(lesson.runs[0])
    errors = sum(
        event.exc == "BlockingIOError" for event in shown.studies[0].events if event.lane == "python"
    )

    assert "" == shown.why
    assert f"The run says {errors}: answer a." in revealed(lesson, lesson.questions[0], shown.studies)
    assert errors == shown_values(lesson)["k"] + 1


# What cannot be run


def test_failure_shows_what_was_kept(lesson: Lesson, stage: Callable[..., Stage]) -> None:
    """When a command fails, what it recorded the last time stands in its place; what fails the first time has none."""
    broken = with_words(lesson, *BROKEN)
    first = stage(broken).run(broken.runs[0])
    assert (True, (), ()) == (first.failed, tuple(first.studies), first.recording)
    assert first.why

    good = stage(lesson).run(lesson.runs[0])
    again = stage(broken).run(broken.runs[0])

    assert again.failed
    assert 1 == len(again.recording)
    assert good.studies[0].trace.header == again.studies[0].trace.header


def test_several_programs_are_kept_together(lesson: Lesson, stage: Callable[..., Stage]) -> None:
    """Of a command that runs several programs all are kept, in their order, and none of an earlier command stays."""
    three = with_words(
        lesson, "compare", "blocking", "nonblocking", "selector", "-n", "1", "--pace", "lockstep"
    )
    two = with_words(lesson, "compare", "selector", "blocking", "-n", "1", "--pace", "lockstep")
    broken = with_words(lesson, *BROKEN)
    for each, names in ((three, ["blocking", "nonblocking", "selector"]), (two, ["selector", "blocking"])):
        assert not stage(each).run(each.runs[0]).failed
        shown = stage(broken).run(broken.runs[0])

        assert names == [study.trace.header.target for study in shown.studies]
        assert len(names) == len(shown.recording)


def test_without_an_engine_the_lesson_brings_its_recording(
    lesson: Lesson, stage: Callable[..., Stage], tmp_path: Path
) -> None:
    """Where no system calls can be recorded, the lesson's own recording is shown, and that is no failure."""
    kernel = with_words(lesson, "run", "selector", kernel=True, recorded="kernel.jsonl")
    folder = tmp_path / "lesson"
    folder.mkdir()
    for path in lesson.folder.glob("*.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    kernel = replace(kernel, folder=folder)
    recorded = stage(lesson).run(lesson.runs[0]).studies[0].trace
    tracefile.write(recorded, folder / "kernel.jsonl")

    run = replace(kernel.runs[0], words=("run", "selector", "--view", "log", "-n", "2", "--only", "recv"))
    shown = stage(replace(kernel, runs=(run,)), without="no engine works here").run(run)

    assert ("no engine works here", False) == (shown.why, shown.failed)
    assert (folder / "kernel.jsonl",) == shown.recording
    assert ["show", str(shown.recording[0]), "--view", "log", "--only", "recv"] == shown.words(run)
    assert recorded.header == shown.studies[0].trace.header


def test_damaged_recording_is_none(lesson: Lesson, stage: Callable[..., Stage], tmp_path: Path) -> None:
    """A recording that cannot be read is not shown, and does not end the presentation."""
    broken = with_words(lesson, *BROKEN)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "02_nonblocking-1-001.jsonl").write_bytes(b"\0\0\0")

    shown = stage(broken).run(broken.runs[0])

    assert ((), True) == (shown.recording, shown.failed)


def test_label_names_the_machine() -> None:
    """A recording is labelled with the system, the Python and the day."""
    header = Header(platform="Linux 6.1 x86_64", python="3.12.4", clock_start=(5, 1_700_000_000_000_000_000))

    assert "RECORDED on Linux 6.1 x86_64, Python 3.12.4, 2023-11-14" == label(header)
    assert "RECORDED on an unknown system, Python ?" == label(Header())


def test_recording_is_shown_between_labels(
    lesson: Lesson, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording has its label before and behind it, the answer says that it was recorded, and the failure counts."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    good, bad = Show(keys=False, kept=tmp_path / "kept"), Show(keys=False, kept=tmp_path / "kept")
    good.lesson(lesson, demo=True)
    said = capfd.readouterr().out
    assert "RECORDED" not in said
    assert (0, 0) == (good.failures, good.recordings)

    bad.lesson(with_words(lesson, *BROKEN), demo=True)
    said = capfd.readouterr().out

    assert (1, 1) == (bad.failures, bad.recordings)
    begin, shown, end = re.split(r"^\(?(?:That was )?RECORDED on .*$", said, maxsplit=2, flags=re.MULTILINE)
    assert "Not run on this machine now" in begin
    assert "EINPROGRESS" in shown
    assert "The answer, as RECORDED" in end


@pytest.mark.parametrize("lesson", lessons(), ids=lambda one: one.folder_name)
def test_what_is_shown_fits(
    lesson: Lesson, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a screen of 80 columns every line of a card and every typed command keeps within them, and a card is counted in
    lines, so that none leaves the screen before a key was pressed.
    """
    monkeypatch.setenv("COLUMNS", "80")
    show = Show(keys=False, kept=None)
    capfd.readouterr()
    for step in steps_of(lesson, demo=False):
        if isinstance(step, Card):
            assert [] == [line for line in _lines(step.text) if "\n" in line or len(line) > 80]
        elif isinstance(step, Command):
            show.type(step.command)

    assert [] == [line for line in capfd.readouterr().out.splitlines() if len(line) > 80]


# Typed


def present(shell: Shell, *words: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return shell.run([sys.executable, "-c", PRESENT, *words], **settings)


def test_script_runs_each_command(shell: Shell, lesson: Lesson) -> None:
    """Without keys each command is typed and run once, nothing is left lying about, and it ends with 0."""
    done = present(shell, "nonblocking", "--script", environ={"COLUMNS": "80"})
    lines = done.stdout.splitlines()
    typed = [line for line in lines if line.startswith("$ tracedemo")]

    assert 0 == done.returncode, done.stderr
    assert f"$ {next(s for s in steps_of(lesson, demo=False) if isinstance(s, Command)).command}" == typed[0]
    assert f"{len(typed)} commands run; 0 failed, 0 shown from a recording" == lines[-1]
    assert "\x1b" not in done.stdout
    assert [] == list(shell.temporary.iterdir())


def test_script_fails_with_its_commands(
    monkeypatch: pytest.MonkeyPatch, lesson: Lesson, tmp_path: Path
) -> None:
    """A command that cannot be run makes the script fail."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    parser = Parser(prog="present")
    command.prepare(parser)
    args = parser.understand(["nonblocking", "--script"])
    monkeypatch.setattr(command, "find_lesson", lambda _: with_words(lesson, *BROKEN))

    assert 1 == command.run(args)


def test_ascii_is_enough(shell: Shell) -> None:
    """A terminal that has ASCII only ends nothing."""
    done = present(shell, "nonblocking", "--script", environ={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"})

    assert 0 == done.returncode, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.isascii()


def test_without_a_terminal_it_asks_for_script(shell: Shell) -> None:
    """Where nobody can press a key, it says so in two lines, and what to type."""
    done = present(shell)

    assert 2 == done.returncode
    assert 2 == len(done.stderr.splitlines())
    assert "--script" in done.stderr


def test_recording_that_cannot_be_written(shell: Shell) -> None:
    """A place that takes no recording is refused before anything is shown."""
    done = present(shell, "nonblocking", "--script", "--record", "no/such/folder.cast")

    assert (4, "") == (done.returncode, done.stdout)
    assert 2 == len(done.stderr.splitlines())


# At the keys


def at_keys(shell: Shell, *words: str) -> Terminal:
    return Terminal(shell, [sys.executable, "-c", PRESENT, *words], 80, {})


def test_keys(shell: Shell, lesson: Lesson) -> None:
    """Enter shows, s skips, b goes back, q ends; a command is run only when its turn has come and a key was pressed."""
    typed = next(step.command for step in steps_of(lesson, demo=False) if isinstance(step, Command))[:40]
    terminal = at_keys(shell, "nonblocking")
    terminal.wait_for(f"next: 02 {lesson.title}")
    terminal.press("\r")
    terminal.wait_for("EINPROGRESS (it has begun)")
    for _ in lesson.questions:
        terminal.wait_for("next: Predict")
        terminal.press("s")
    terminal.wait_for(f"next: $ {typed}")
    before = len(terminal.shown)
    terminal.press("b")
    wait_again(terminal, before, "next: Predict")
    before = len(terminal.shown)
    terminal.press(" ")
    wait_again(terminal, before, f"next: $ {typed}")
    assert lesson.questions[-1].options[0].thinks not in terminal.shown
    assert "recv(4096)" not in terminal.shown

    terminal.press(" ")
    terminal.wait_for("next: the answer")
    assert "recv(4096)" in terminal.shown
    assert ".jsonl" not in terminal.shown
    terminal.press("q")

    assert 0 == terminal.wait()


def wait_again(terminal: Terminal, before: int, text: str) -> None:
    """Wait until something is shown behind a place."""
    while text not in terminal.shown[before:]:
        assert terminal._read(), terminal.shown[before:]


def test_nothing_is_drawn_over(shell: Shell) -> None:
    """Nothing takes the screen to itself: the only thing ever erased is the line that names the keys."""
    terminal = at_keys(shell, "nonblocking")
    for _ in range(3):
        before = len(terminal.shown)
        wait_again(terminal, before, "b q]")
        terminal.press("\r")
    wait_again(terminal, len(terminal.shown), "b q]")
    terminal.press("q")
    assert 0 == terminal.wait()

    codes = set(re.findall(r"\x1b\[[\d;?]*[A-Za-z]", terminal.shown))
    assert {"\x1b[1m", "\x1b[0m", "\x1b[K"} == codes


@pytest.mark.parametrize("ending", ["\x04", "q"])
def test_terminal_is_left_as_it_was(ending: str, shell: Shell) -> None:
    """However it ends, the terminal is as it was before."""
    report = (
        "import subprocess, sys, termios\n"
        "before = termios.tcgetattr(0)\n"
        "code = subprocess.call(sys.argv[1:])\n"
        "print('SAME' if termios.tcgetattr(0) == before else 'CHANGED', code, flush=True)\n"
    )
    terminal = Terminal(
        shell, [sys.executable, "-c", report, sys.executable, "-c", PRESENT, "nonblocking"], 80, {}
    )
    terminal.wait_for("b q]")
    terminal.press(ending)
    terminal.wait()

    assert "SAME 0" in terminal.shown


@pytest.mark.parametrize("words", [(), ("--record", "x.cast")])
def test_stopped_and_interrupted(words: tuple[str, ...], shell: Shell) -> None:
    """Ctrl-Z gives the shell its terminal back as it was, and the prompt comes again; so does Ctrl-C, which ends it."""
    command = [sys.executable, "-c", JOBS, sys.executable, "-c", PRESENT, "nonblocking", *words]
    terminal = Terminal(shell, command, 80, {})
    terminal.wait_for("b q]")
    terminal.press("\x1a")
    terminal.wait_for("STOPPED as it was.")
    before = len(terminal.shown)
    terminal.press("\n")
    wait_again(terminal, before, "b q]")
    before = len(terminal.shown)
    terminal.press(" ")
    wait_again(terminal, before, "b q]")
    terminal.press("\x03")
    terminal.wait()

    assert "ENDED 130 as it was." in terminal.shown


def test_recorded_is_what_was_shown(shell: Shell) -> None:
    """A recording holds what the terminal showed, ours and that of the commands, which had a terminal to write to."""
    terminal = at_keys(shell, "nonblocking", "--record", "talk.cast")
    for _ in range(3):
        wait_again(terminal, len(terminal.shown), "b q]")
        terminal.press("\r")
    wait_again(terminal, len(terminal.shown), "b q]")
    fcntl.ioctl(terminal._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 117, 0, 0))
    terminal.press("\r")
    terminal.wait_for("next: the answer")
    terminal.press("q")
    assert 0 == terminal.wait()

    head, *events = map(json.loads, (shell.folder / "talk.cast").read_text(encoding="utf-8").splitlines())
    assert (2, 80, 40) == (head["version"], head["width"], head["height"])
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert {"o"} == {kind for _, kind, _ in events}
    cast = "".join(text for _, _, text in events)
    assert flat(terminal.shown) == flat(cast)
    assert "recv(4096)" in cast
    assert "\x1b[3" in cast  # colours, which only a terminal is given
    lines = re.sub(r"\x1b\[[\d;]*\w", "", cast).splitlines()
    assert 80 < max(len(line) for line in lines if "recv(4096)" in line) <= 117  # the window was made wider


def flat(text: str) -> str:
    return re.sub(r"[\r\n]+", "\n", text).strip()


def test_only_own_remarks_are_left_out() -> None:
    """Of what goes to stderr only whole lines that tell of a written trace are left out, in whatever pieces they come."""
    text = b"wr1\r\nwrote /tmp/a b.jsonl\r\nwrote x.svg\nwrote y.jsonl\nTraceback\nwrote z.jsonl"
    wanted = b"wr1\r\nwrote x.svg\nTraceback\nwrote z.jsonl"
    for size in (1, 2, 3, 7, len(text)):
        sieve = Sieve()
        parts = [text[at : at + size] for at in range(0, len(text), size)]
        assert wanted == b"".join(map(sieve, [*parts, b""])), size


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_end_of_what_is_seen_is_found(size: int) -> None:
    """Whatever a program writes, its end is found where it is, also behind what looks like the beginning of our mark."""
    data = b"a\0b\0tracedemo: no more\n\0trace\0"
    read, write = os.pipe()
    seen: list[bytes] = []
    tee = Tee(lambda piece: [seen.append(piece), piece][1], (write,))
    with tee:
        for at in range(0, len(data), size):
            os.write(write, data[at : at + size])
    os.close(write)
    with os.fdopen(read, "rb") as shown:
        assert data == shown.read() == b"".join(seen)


# asciicast


def test_cast_has_its_times(tmp_path: Path) -> None:
    """Each piece has the seconds since the beginning, and a character that comes in two pieces is one."""
    times = iter((100.0, 100.25, 101.5, 102.0))
    with Cast(tmp_path / "x.cast", (90, 30), title="x", environ={"TERM": "xterm", "HOME": "/h"},
              clock=lambda: next(times), now=lambda: 7.9) as cast:  # fmt: skip
        for data in (b"a\r\n", "é".encode()[:1], "é".encode()[1:] + b"!"):
            cast.shown(data)

    head, *events = map(json.loads, (tmp_path / "x.cast").read_text(encoding="utf-8").splitlines())
    assert {
        "version": 2,
        "width": 90,
        "height": 30,
        "timestamp": 7,
        "title": "x",
        "env": {"TERM": "xterm"},
    } == head
    assert [[0.25, "o", "a\r\n"], [1.5, "o", "é!"]] == events


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")  # noqa: PTH110
def test_full_disk_is_said_at_the_end() -> None:
    """A recording that runs out of room is given up, and why is kept for who asks."""
    with Cast(Path("/dev/full"), (80, 24)) as cast:
        cast.shown(b"x")
        cast.shown(b"y")

    assert cast.problem


def test_cast_in_a_wrong_place(tmp_path: Path) -> None:
    """A folder is no place for a recording."""
    with pytest.raises(FileError):
        Cast(tmp_path, (80, 24))


def test_script_needs_no_terminal_for_its_recording(shell: Shell) -> None:
    """On a pipe a recording has line ends as a terminal has them, and the pipe gets all of it."""
    done = present(shell, "nonblocking", "--script", "--record", "x.cast")
    _, *events = map(json.loads, (shell.folder / "x.cast").read_text(encoding="utf-8").splitlines())
    cast = "".join(text for _, _, text in events)

    assert 0 == done.returncode, done.stderr
    assert done.stdout == cast.replace("\r\n", "\n")
    assert cast.count("\n") == cast.count("\r\n") > 20


def test_presented_lesson_is_looked_for() -> None:
    """A lesson that there is not is refused, and those that there are, are named."""
    with pytest.raises(UsageError) as refused:
        command.parts_of("90", "nothing")

    assert "nonblocking" in refused.value.remedy
