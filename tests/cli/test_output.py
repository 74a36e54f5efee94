"""`-o`: files whose ending says what goes in; found out before anything runs if that cannot be."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.conftest import Typed
from tests.cli.shell import Shell, said
from tracedemo import tracefile

QUICK = ("--delay", "0", "--gap", "0")


def test_again_and_again(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """A trace, a text and a picture can be had at once, and each is named when it is written."""
    done = typed("show", recorded, "-o", "a.jsonl", "-o", "a.txt", "-o", "a.svg", "-o", "b.txt")

    assert 0 == done.returncode
    assert ["wrote a.jsonl", "wrote a.txt", "wrote a.svg", "wrote b.txt"] == done.stderr.splitlines()
    assert recorded.read_bytes() == (tmp_path / "a.jsonl").read_bytes()
    assert (tmp_path / "a.txt").read_bytes() == (tmp_path / "b.txt").read_bytes()


@pytest.mark.parametrize("name", ["a.jsonl", "a.html", "a.svg", "a.txt", "a.perfetto.json"])
def test_what_stood_there_stays(
    name: str, recorded: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that cannot be written to its end is left as it was, and nothing lies about beside it."""
    (tmp_path / name).write_text("what stood there")

    def full(self: Path, *_args: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    before = set(tmp_path.iterdir())
    lines = said(typed("show", recorded, "-o", name), 4)

    assert f"tracedemo: cannot write {name}: No space left on device" == lines[0]
    assert "what stood there" == (tmp_path / name).read_text()
    assert before == set(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.svg", "a.txt"])
def test_damage_is_handed_on(name: str, recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """What is made from a damaged file says so itself."""
    text = recorded.read_text()
    (tmp_path / "t.jsonl").write_text("".join(text.splitlines(keepends=True)[:-1]))
    done = typed("show", "t.jsonl", "--view", "summary", "-o", name)

    assert 4 == done.returncode
    text = " ".join(re.sub(r"<[^>]*>", " ", (tmp_path / name).read_text()).split())
    assert "was cut short" in text


def test_text_is_what_a_pipe_gets(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """The text of the views is that which goes to a pipe: of any width, and without colour."""
    done = typed("show", recorded, "--view", "log,timeline", "-o", "a.txt")

    assert done.stdout == (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_text_without_colour(
    recorded: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text has neither colour nor bold, though the environment wants them on the screen."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "70")
    done = typed("show", recorded, "--view", "log", "-o", "a.txt")

    assert "\x1b[" in done.stdout
    assert "\x1b" not in (tmp_path / "a.txt").read_text(encoding="utf-8")


def test_plain_text(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """Asked for sentences, the text has sentences, too."""
    done = typed("show", recorded, "--view", "log", "--format", "plain", "-o", "a.txt")

    assert done.stdout == (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert done.stdout.startswith("At ")


@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb", "COLUMNS": "40"}])
def test_picture(
    environ: dict[str, str], recorded: Path, typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture is SVG in colour that asks no server for anything, whatever the screen is like."""
    for name, text in environ.items():
        monkeypatch.setenv(name, text)
    typed("show", recorded, "--view", "log,summary", "-o", "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    root = ET.fromstring(text)

    assert "{http://www.w3.org/2000/svg}svg" == root.tag
    assert ["http://www.w3.org/2000/svg"] == re.findall(r"\w+://[^\"'\s<)]+", text)
    assert not re.search(r"@import|@font-face|<script|<image|<foreignObject|\bhref=", text)
    assert len(set(re.findall(r"fill: (#\w{6})", text))) > 4
    words = "".join(root.itertext()).replace("\xa0", " ")
    assert "◆ EINPROGRESS" in words
    assert "asleep in select()" in words


def test_names_for_several(recorded: Path, recorded_too: Path, typed: Typed, tmp_path: Path) -> None:
    """Several runs are saved in files of their own, named after them; views of all go into one file."""
    done = typed("show", recorded, recorded_too, recorded, "-o", "t.jsonl", "-o", "t.txt")

    assert ["t-blocking.jsonl", "t-selector-2.jsonl", "t-selector.jsonl", "t.txt"] == sorted(
        path.name for path in tmp_path.iterdir()
    )
    assert 4 == len(done.stderr.splitlines())


def test_name_that_is_no_name(typed: Typed, tmp_path: Path) -> None:
    """A target's name never leads out of the folder that was asked for."""
    for number, name in enumerate(("../../x", "a/b", "", "\x1b", "ü y")):
        header = f'{{"tracedemo":1,"target":"{name}"}}'.replace("\x1b", "\\u001b")
        (tmp_path / f"{number}.jsonl").write_text(header + '\n{"end":0}\n')
    (tmp_path / "out").mkdir()
    done = typed("show", *sorted(tmp_path.glob("*.jsonl")), "-o", "out/t.jsonl")

    assert 0 == done.returncode, done.stderr
    assert 5 == len(list((tmp_path / "out").iterdir()))


def test_the_same_file(recorded: Path, typed: Typed, tmp_path: Path) -> None:
    """A trace can be written over the file that it was read from."""
    (tmp_path / "t.jsonl").write_bytes(recorded.read_bytes())
    done = typed("show", "t.jsonl", "-o", "t.jsonl", "--no-source")

    assert 0 == done.returncode
    assert ("", {}) == (
        tracefile.read(tmp_path / "t.jsonl").problem,
        tracefile.read(tmp_path / "t.jsonl").trace.sources,
    )


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [
        ("x.pdf", 2, "cannot tell from the ending of x.pdf what to write"),
        ("x", 2, "cannot tell from the ending of x what to write"),
        (".", 2, "cannot tell from the ending of . what to write"),
        (".svg", 2, "cannot tell from the ending of .svg what to write"),
        ("none/x.txt", 4, "cannot write none/x.txt: No such file or directory"),
        ("file/x.svg", 4, "cannot write file/x.svg: Not a directory"),
        ("folder.txt", 4, "cannot write folder.txt: Is a directory"),
        ("/proc/x.jsonl", 4, "cannot write /proc/x.jsonl: No such file or directory"),
        ("x" * 300 + ".txt", 4, "cannot write x+.txt: File name too long"),
        ("a\x1b[31m/x.txt", 4, r"cannot write a\\x1b\[31m/x.txt: No such file or directory"),
    ],
)
@pytest.mark.parametrize("command", [["run", "selector"], ["compare"], ["run", "script.py"]], ids=" ".join)
def test_place_that_cannot_be(
    command: list[str], name: str, code: int, message: str, typed: Typed, tmp_path: Path
) -> None:
    """A place where nothing can be written is told before anything runs."""
    (tmp_path / "file").touch()
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "script.py").write_text("raise SystemExit('it ran')")
    first, *rest = command
    lines = said(typed(first, "-o", "good.txt", "-o", name, *rest), code)

    assert re.fullmatch(f"tracedemo: {message}", lines[0])
    assert 2 == len(lines)
    assert not (tmp_path / "good.txt").exists()
    assert not (tmp_path / "state").exists()


def test_file_of_before_stays(typed: Typed, tmp_path: Path) -> None:
    """A file that is there is left as it is when the command line has a mistake."""
    (tmp_path / "t.jsonl").write_text("precious")
    typed("run", "selector", "-o", "t.jsonl", "-o", "x.pdf")

    assert "precious" == (tmp_path / "t.jsonl").read_text()


def test_written_though_nobody_reads(shell: Shell) -> None:
    """Files are written, too, when the reader of stdout has gone."""
    shell.run("python -m tracedemo run selector -o t.svg --delay 0 | true".replace("python", shell.python))

    assert "</svg>" in (shell.folder / "t.svg").read_text(encoding="utf-8")
