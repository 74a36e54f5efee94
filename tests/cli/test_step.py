"""`tracedemo step`, as a person uses it: on a terminal, with keys, reading what is on the screen; and without one."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest

pytest.importorskip("termios", reason="these tests need a POSIX terminal")

from tests.cli.conftest import Typed
from tests.cli.screen import Screen, screen
from tests.cli.shell import Shell, said
from tracedemo import tracefile
from tracedemo.analysis.walk import Walk
from tracedemo.cli.keys import take
from tracedemo.cli.present import studies_of
from tracedemo.render.glyphs import UTF8
from tracedemo.render.lines import safe
from tracedemo.runner import RunOptions, find_target, run
from tracedemo.server import ServerOptions
from tracedemo.variants import VARIANTS

SIZES = [(80, 24), (100, 30), (160, 45)]
EVERY_SIZE = pytest.mark.parametrize("size", SIZES, ids=str)
EVERY_VARIANT = pytest.mark.parametrize("name", [variant.name for variant in VARIANTS])


@pytest.fixture(scope="session")
def lockstep(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two fetches of each variant, paced by cause, saved."""
    folder = tmp_path_factory.mktemp("lockstep")
    options = RunOptions(capture=True, requests=2, server=ServerOptions(pace="lockstep", nonce="n"))
    paths = {}
    for variant in VARIANTS:
        paths[variant.name] = folder / f"{variant.name}.jsonl"
        tracefile.write(run(find_target([variant.name]), options).trace, paths[variant.name])
    return paths


def walks(*paths: Path) -> list[Walk]:
    return [Walk(study) for study in studies_of([tracefile.read(path).trace for path in paths])]


def unfolded(text: str) -> str:
    return re.sub(r"\s+", "", text)


def shows(seen: Screen, walk: Walk, step: int, begin: int = 0, end: int | None = None) -> str:
    """Wait until a step is on the screen, with its whole sentence; or on that part of it, from column to column."""
    title = re.compile(rf" {step + 1:,}(?: of |/){len(walk):,} ")  # short, where a long time stands beside it
    sentence = unfolded(safe(walk.sentence(step), UTF8))

    def there(text: str) -> object:
        part = "\n".join(f"{line[begin:end]} " for line in text.split("\n"))
        return title.search(part) and sentence in unfolded(part)

    return seen.wait_for(there)


# The screen


@EVERY_VARIANT
def test_every_step_of_every_variant(name: str, shell: Shell, lockstep: dict[str, Path]) -> None:
    """Key by key, to the end and back, the screen shows each step of a run with the sentence that every view says of it."""
    (walk,) = walks(lockstep[name])
    with screen(shell, "step", str(lockstep[name])) as seen:
        shows(seen, walk, 0)
        for step in range(1, len(walk)):
            seen.press("right")
            shows(seen, walk, step)
        for step in reversed(range(len(walk) - 1)):
            seen.press("left")
            shows(seen, walk, step)
        seen.press("q")
        seen.ended(0)


@EVERY_SIZE
def test_three_runs(size: tuple[int, int], shell: Shell, lockstep: dict[str, Path]) -> None:
    """Of three runs one is walked, and where the others stand is on the screen, too."""
    names = ("blocking", "nonblocking", "selector")
    found = walks(*(lockstep[name] for name in names))
    wide = size[0] // 3 >= 50
    each = (size[0] + 2) // 3 if wide else 0
    places = [(each * run, each * (run + 1) - 2 if wide else None) for run in range(3)]
    with screen(shell, "step", *(str(lockstep[name]) for name in names), size=size) as seen:
        shows(seen, found[0], 0, *places[0])
        seen.press("f", "]", "]")
        moments = list(found[0].moments)
        text = shows(seen, found[0], moments[1], *places[0])
        assert "together by phase" in text
        for number, walk in enumerate(found[1:], start=2):
            assert f" {number} {walk.study.name[:12]}" in text
        seen.press("3")
        seen.wait_for(
            lambda text: re.search(rf"3 {found[2].study.name} +(step )?\d+( of |/){len(found[2])}", text)
        )
        seen.press("end")
        shows(seen, found[2], len(found[2]) - 1, *places[2])
        seen.press("tab", "home")
        shows(seen, found[0], 0, *places[0])
        seen.press("q")
        seen.ended(0)


@EVERY_SIZE
def test_moments_search_and_number(size: tuple[int, int], shell: Shell, lockstep: dict[str, Path]) -> None:
    """One goes to the next moment, to what is searched for, to a number, ten steps on, and to the end."""
    (walk,) = walks(lockstep["selector"])
    eagain = [step for step in range(len(walk)) if walk.event(step).errno == "EAGAIN"]
    with screen(shell, "step", str(lockstep["selector"]), size=size) as seen:
        shows(seen, walk, 0)
        seen.press("]")
        first = next(iter(walk.moments))
        shows(seen, walk, first)
        seen.press("pgdn")
        shows(seen, walk, first + 10)
        seen.press("g", "1", "2")
        seen.wait_for("go to step: 12")
        seen.press("\r")
        shows(seen, walk, 11)
        seen.press("/", *"EAGAIN", "\r")
        shows(seen, walk, eagain[0])
        seen.press("]")
        shows(seen, walk, eagain[1])
        seen.press("\x1b", "end")
        shows(seen, walk, len(walk) - 1)
        seen.press("?")
        seen.wait_for("previous moment")
        seen.press("q")
        seen.ended(0)


def test_resize(shell: Shell, lockstep: dict[str, Path]) -> None:
    """A window of another size is filled anew, and one stands at the same step."""
    (walk,) = walks(lockstep["selector"])
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.press("]", "]")
        step = list(walk.moments)[1]
        shows(seen, walk, step)
        for columns, lines in ((160, 45), (60, 12), (100, 30), (20, 5), (80, 24)):
            seen.resize(columns, lines)
            title = f"{step + 1}/{len(walk)}" if columns < 30 else f"step {step + 1} of {len(walk)}"
            seen.wait_for(
                lambda text, title=title, lines=lines: (
                    title in text.split("\n")[0] and "step" in text.split("\n")[lines - 1]
                )
            )
        shows(seen, walk, step)
        seen.press("q")
        seen.ended(0)


def test_begins_where_it_is_told_to(shell: Shell, lockstep: dict[str, Path]) -> None:
    """--at begins at a step, and --only at the first one that is found."""
    (walk,) = walks(lockstep["selector"])
    eagain = next(step for step in range(len(walk)) if walk.event(step).errno == "EAGAIN")
    for words, step in ((("--at", "17"), 16), (("--only", "EAGAIN"), eagain)):
        with screen(shell, "step", str(lockstep["selector"]), *words) as seen:
            shows(seen, walk, step)
            seen.press("q")
            seen.ended(0)


def test_target_is_run_first(shell: Shell) -> None:
    """A target is run, walked through, and kept as the last run, which is walked through when nobody says which."""
    with screen(shell, "step", "selector", "-n", "1", "--pace", "lockstep") as seen:
        seen.wait_for("The loop makes a selector")
        seen.press("q")
        seen.ended(0)
    with screen(shell, "step") as seen:
        seen.wait_for("The loop makes a selector")
        seen.press("q")
        seen.ended(0)


# It leaves the terminal as it was


@pytest.mark.parametrize("keys", [(), ("]", "s"), ("/", "x"), ("?",)], ids=str)
def test_ctrl_c(keys: tuple[str, ...], shell: Shell, lockstep: dict[str, Path]) -> None:
    """Ctrl-C ends it, whatever is being done, and the terminal is as it was."""
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.wait_for("step 1 of")
        seen.press(*keys, "\x03")
        seen.ended(130)
    assert b"Traceback" not in seen.sent


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_told_to_end(number: signal.Signals, shell: Shell, lockstep: dict[str, Path]) -> None:
    """A signal that ends it leaves the terminal as it was, too."""
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.wait_for("step 1 of")
        seen.signal(number)
        seen.ended(128 + number)


def test_ctrl_z(shell: Shell, lockstep: dict[str, Path]) -> None:
    """Ctrl-Z gives the shell its terminal as it was; brought back, it stands where it stood, again and again."""
    (walk,) = walks(lockstep["selector"])
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.wait_for("step 1 of")
        for step in (1, 2, 3):
            seen.press("right")
            shows(seen, walk, step)
            seen.press("\x1a")
            seen.wait_for("STOPPED as it was.")
            seen.left()
            seen.press("\n")
            seen.wait_for(lambda text: "STOPPED" not in text)
            shows(seen, walk, step)
        seen.press("\x03")
        seen.ended(130)


def test_stopped_by_somebody_else(shell: Shell, lockstep: dict[str, Path]) -> None:
    """Stopped by a signal that nobody can catch, it draws its screen again when it goes on."""
    (walk,) = walks(lockstep["selector"])
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.wait_for("step 1 of")
        seen.signal(signal.SIGSTOP)
        seen.wait_for_sent(b"STOPPED")
        before = len(seen.sent)
        # The shell would swallow the next key, too, if it came before the terminal is ours again.
        seen.press("\n")
        seen.wait_for(lambda _: b"\x1b[?1049h" in seen.sent[before:])
        shows(seen, walk, 0)
        seen.press("right")
        shows(seen, walk, 1)
        seen.press("q")
        seen.wait_for("ENDED 0 as it was.")


def test_window_closed(shell: Shell, lockstep: dict[str, Path]) -> None:
    """When the window is closed, it ends, and no process is left."""
    with screen(shell, "step", str(lockstep["selector"])) as seen:
        seen.wait_for("step 1 of")
    assert [] == shell.left_behind()


def test_fault_of_our_own(shell: Shell, lockstep: dict[str, Path]) -> None:
    """Even when the drawing fails, the terminal is as it was, and the traceback can be read."""
    shell.write("sitecustomize.py", """
        import sys
        if "step" in sys.argv or "step" in sys.orig_argv:
            import tracedemo.render.step as step
            real, times = step.draw, []
            def draw(*args):
                times.append(1)
                return real(*args) if len(times) < 3 else 1 / 0
            step.draw = draw
    """)  # fmt: skip
    path = f"{shell.folder}:{shell.environ['PYTHONPATH']}"
    with screen(shell, "step", str(lockstep["selector"]), size=(100, 50), PYTHONPATH=path) as seen:
        seen.wait_for("step 1 of")
        seen.press("right")
        seen.ended(125)
    assert "ZeroDivisionError" in seen.text


def test_colour_and_alphabet(shell: Shell, lockstep: dict[str, Path]) -> None:
    """NO_COLOR takes the colours away, an encoding without our glyphs gets ascii; without both, one sees where one is."""
    path = str(lockstep["selector"])
    with screen(shell, "step", path) as seen:
        seen.wait_for("s scale")
        assert re.search(rb"\x1b\[[\d;]*[39]\d[;m]", seen.sent)
    with screen(shell, "step", path, NO_COLOR="1", PYTHONIOENCODING="ascii") as seen:
        text = seen.wait_for("s scale")
        assert not re.search(rb"\x1b\[[\d;]*[39]\d[;m]", seen.sent)
        assert text.isascii()
        assert re.search(r"^> *\d+ ", text, re.MULTILINE)
        seen.press("q")
        seen.ended(0)


def test_hostile_trace(shell: Shell) -> None:
    """A trace that would like to rule the terminal is shown as text."""
    from tests.render import traces

    path = shell.folder / "hostile.jsonl"
    tracefile.write(traces.hostile(), path)
    (walk,) = walks(path)
    with screen(shell, "step", str(path)) as seen:
        for step in range(len(walk)):
            shows(seen, walk, step)
            seen.press("right")
        seen.wait_for("This is the last step.")
        seen.press("q")
        seen.ended(0)
    assert not re.search(rb"\x1b\](?!\d+;?$)|\x07|\x1b\[31m\r", seen.sent)
    assert "\u202e" not in seen.sent.decode()


# Keys


@pytest.mark.parametrize(
    ("sent", "keys", "rest"),
    [
        ("a]é", ["a", "]", "é"], ""),
        ("\x1b[C\x1bOD\x1b[5~", ["right", "left", "pgup"], ""),
        ("\x1b[", [], "\x1b["),
        ("x\x1b", ["x"], "\x1b"),
        ("\x1bO", [], "\x1bO"),
        ("\x1b[1;5Cx", ["x"], ""),
        ("\x1bx", ["esc", "x"], ""),
        ("\r\t\x7f", ["enter", "tab", "backspace"], ""),
        ("\x1b[200~", [], ""),
        ("\x1b[" + "1" * 20, ["esc", "[", *"1" * 20], ""),
    ],
)
def test_keys(sent: str, keys: list[str], rest: str) -> None:
    """What terminals send for keys is told apart; what is not finished is kept, and what is unknown is no key."""
    assert (keys, rest) == take(sent)


# Without a screen


@EVERY_VARIANT
def test_plain_says_the_same(name: str, shell: Shell, lockstep: dict[str, Path]) -> None:
    """In plain form, an Enter at a time, each step ends with the sentence that every view says of it."""
    (walk,) = walks(lockstep[name])
    done = shell("step", "--format", "plain", str(lockstep[name]), input="\n" * (len(walk) - 1))
    lines = done.stdout.splitlines()

    assert (0, "") == (done.returncode, done.stderr)
    assert lines[0].startswith("Enter: next step.")
    assert len(walk) == len(lines) - 2
    for step, line in enumerate(lines[2:]):
        assert line.startswith(f"Step {step + 1:,} of {len(walk):,}, ")
        assert line.endswith(f": {walk.sentence(step)}")


def test_plain_commands(shell: Shell, lockstep: dict[str, Path]) -> None:
    """Commands are read line by line, and what is no command is said to be none."""
    done = shell(
        "step", "--format", "plain", str(lockstep["selector"]), input="next\nb\n]\njuggle\n17\nm\nq\n\n\n"
    )
    steps = re.findall(r"^Step (\d+)", done.stdout, re.MULTILINE)

    assert ["1", "2", "1", "5", "17"] == steps
    assert "juggle is no command" in done.stdout
    assert "fetch_data #1, fd 4, " in done.stdout


def test_plain_on_a_terminal(shell: Shell, lockstep: dict[str, Path]) -> None:
    """On a terminal the plain form has no full screen: a sentence an Enter, until q."""
    with screen(shell, "step", "--format", "plain", str(lockstep["selector"])) as seen:
        seen.wait_for("Step 1 of")
        seen.press("\n")
        seen.wait_for("Step 2 of")
        seen.press("q\n")
        seen.wait_for("ENDED 0 as it was.")
    assert b"\x1b[?1049h" not in seen.sent


def test_dumb_terminal(shell: Shell, lockstep: dict[str, Path]) -> None:
    """A terminal that can do nothing gets the plain form, and is told why."""
    with screen(shell, "step", str(lockstep["selector"]), TERM="dumb") as seen:
        seen.wait_for("no full screen")
        seen.wait_for("Step 1 of")
        seen.press("q\n")
        seen.wait_for("ENDED 0 as it was.")
    assert b"\x1b" not in seen.sent


def test_into_a_pipe(shell: Shell, lockstep: dict[str, Path]) -> None:
    """Where nobody sees it, all steps are told at once; with a search, those that are found."""
    (walk,) = walks(lockstep["selector"])
    done = shell("step", str(lockstep["selector"]))
    found = shell("step", str(lockstep["selector"]), "--only", "EAGAIN")

    assert [walk.sentence(step) for step in range(len(walk))] == [
        line.split(": ", 1)[1] for line in done.stdout.splitlines()
    ]
    assert 0 < len(found.stdout.splitlines()) < len(walk)
    assert all("EAGAIN" in line for line in found.stdout.splitlines())


def test_jsonl(shell: Shell, lockstep: dict[str, Path]) -> None:
    """For programs, each step is one JSON object."""
    (walk,) = walks(lockstep["selector"])
    rows = [
        json.loads(line)
        for line in shell("step", "--format", "jsonl", str(lockstep["selector"])).stdout.splitlines()
    ]

    assert [walk.sentence(step) for step in range(len(walk))] == [row["sentence"] for row in rows]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["t.jsonl", "selector"], "t.jsonl is a saved trace, and selector is to be run"),
        (["t.jsonl", "-n", "3"], "-n is for what is run, and t.jsonl has been run before"),
        (["t.jsonl", "--at", "900"], "there is no step 900: selector has"),
        (["t.jsonl", "--only", "juggle"], "--only: what is 'juggle'?"),
        (["t.jsonl", "--only", "fd=77"], "no step of selector has fd=77"),
        (["--kernel"], "--kernel is for what is run, and the last run has been run before"),
        (["empty.jsonl"], "there is no step in empty.py"),
    ],
)
def test_wrong_usage(
    words: list[str], message: str, typed: Typed, tmp_path: Path, lockstep: dict[str, Path]
) -> None:
    """What cannot be walked through is said in a line or two."""
    (tmp_path / "t.jsonl").write_bytes(lockstep["selector"].read_bytes())
    (tmp_path / "empty.jsonl").write_text('{"tracedemo": 1, "target": "empty.py"}\n{"end": 0}\n')
    done = typed("step", *words)

    assert message in said(done, 2)[0]


@pytest.mark.parametrize(
    ("name", "text", "code", "told"),
    [
        ("t.py", "this is not python (", 1, "SyntaxError"),
        ("t.jsonl", '{"tracedemo": 1, "target": "t.py"}\n', 4, "cut short"),
    ],
)
def test_why_there_is_nothing(
    name: str, text: str, code: int, told: str, typed: Typed, tmp_path: Path
) -> None:
    """Where there is no step since the program failed, or the file is damaged, that is what is said."""
    (tmp_path / name).write_text(text)
    done = typed("step", name)

    assert (code, True) == (done.returncode, told in done.stderr)


def test_told_from_a_step_on(typed: Typed, lockstep: dict[str, Path]) -> None:
    """Told all at once, as text or as JSON, steps begin where --at says, and --only leaves out the others."""
    path = str(lockstep["selector"])
    text = typed("step", "--at", "5", path).stdout.splitlines()
    rows = typed("step", "--at", "5", "--only", "recv", "--format", "jsonl", path).stdout.splitlines()

    assert text[0].startswith("Step 5 of ")
    assert {"recv"} == {json.loads(row)["call"].partition("(")[0] for row in rows}


def test_damaged_file(typed: Typed, tmp_path: Path, lockstep: dict[str, Path]) -> None:
    """Of a damaged file what could be read is walked through; then it is said what was wrong, by the exit code, too."""
    text = lockstep["selector"].read_text()
    (tmp_path / "t.jsonl").write_text("\n".join(text.splitlines()[:20]) + "\n{broken\n")
    done = typed("step", "t.jsonl")

    assert 4 == done.returncode
    assert done.stdout.splitlines()
    assert "t.jsonl" in done.stderr
