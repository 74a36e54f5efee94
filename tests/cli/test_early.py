"""The first page of a long file's log is there before the file has been read, and is the one that it would be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.big import big_trace
from tracedemo import tracefile
from tracedemo.cli import early, main
from tracedemo.cli.early import watcher
from tracedemo.events import Trace
from tracedemo.render import log

PAGE, ROWS = 50, 500


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is long enough, where pages are short."""
    monkeypatch.setattr(log, "PAGE", PAGE)
    monkeypatch.setattr(early, "ROWS", ROWS)
    monkeypatch.delenv("COLUMNS", raising=False)
    path = tmp_path / "run.jsonl"
    tracefile.write(big_trace(100), path)
    return path


def show(path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["show", "--view", "log", *words, str(path)])
    return code, *capsys.readouterr()


@pytest.mark.parametrize("words", [(), ("--unfold",), ("--only", "recv"), ("--format", "plain")])
def test_same_log(
    file: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the first page comes early or not, all of the log comes, each line once."""
    late = show(file, capsys, *words)
    asked: list[Path] = []
    real = tracefile.read_beginning
    monkeypatch.setattr(early, "LONG", 0)
    monkeypatch.setattr(
        tracefile, "read_beginning", lambda path, rows: asked.append(path) or real(path, rows)
    )

    assert late == show(file, capsys, *words)
    assert ([] if words else [file]) == asked
    assert (0, "") == (late[0], late[2])


def test_first_page_comes_first(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page is written before the file is read."""
    _, whole, _ = show(file, capsys)
    monkeypatch.setattr(early, "LONG", 0)
    seen: list[str] = []

    def read(*_: object) -> None:
        seen.append(capsys.readouterr().out)
        raise KeyboardInterrupt

    monkeypatch.setattr(tracefile, "read", read)
    show(file, capsys)

    assert PAGE + 3 == len(seen[0].splitlines())
    assert whole.startswith(seen[0])


def test_what_differs_is_told_anew(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the whole file tells its beginning otherwise, that is said, and all of it is shown."""
    _, whole, _ = show(file, capsys)
    monkeypatch.setattr("tracedemo.cli.show.show_beginning", lambda *_: ["something else\n"])
    code, out, err = show(file, capsys)

    assert (0, whole) == (code, out)
    assert "tells its beginning otherwise" in err


def test_nobody_reads() -> None:
    """When the reader of a pipe goes away, its writer finds out without writing."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        look = watcher(stream)
        assert look is not None
        look()
        os.close(reading)
        with pytest.raises(BrokenPipeError):
            look()


def test_nobody_reads_a_file(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then no more of the file is read, and that is no failure."""

    def gone() -> None:
        raise BrokenPipeError

    monkeypatch.setattr(early, "LONG", 0)
    monkeypatch.setattr("tracedemo.cli.show.watcher", lambda _: gone)
    monkeypatch.setattr("tracedemo.cli.hang_up", lambda _: None)
    code, out, err = show(file, capsys)

    assert (0, PAGE + 3, "") == (code, len(out.splitlines()), err)


def test_beginning_of_a_file(file: Path) -> None:
    """The beginning of a file has its first rows, its header, and the sources that stand at its end."""
    whole, part = tracefile.read(file).trace, tracefile.read_beginning(file, ROWS)

    assert part is not None
    assert (list(whole)[:ROWS], whole.header, whole.sources) == (list(part), part.header, part.sources)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(b'"op":"connect"', b'"op":7', 1),
        lambda text: text.replace(b'{"end":', b'{"fin":'),
        lambda text: b"\n".join([(rows := text.split(b"\n"))[0], rows[9], rows[1], *rows[2:]]),
        lambda text: b"no trace",
    ],
)
def test_unusual_file(file: Path, change: object) -> None:
    """Of a file that is cut short, broken, not in order, or none, there is no beginning: to read it all tells why."""
    assert callable(change)
    file.write_bytes(change(file.read_bytes()))

    assert tracefile.read_beginning(file, ROWS) is None


def test_short_file(tmp_path: Path) -> None:
    """A file that has no more rows than are asked for is no beginning."""
    path = tmp_path / "short.jsonl"
    tracefile.write(Trace(events=list(big_trace(5))), path)

    assert tracefile.read_beginning(path, ROWS) is None
    assert tracefile.read_beginning(tmp_path / "none.jsonl", ROWS) is None
