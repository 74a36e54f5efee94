"""The pages of docs/: what they show, tell and point to is what the tool shows now."""

from __future__ import annotations

import json
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts" / "pages"))
try:
    import make
    import record
finally:
    sys.path.remove(str(ROOT / "scripts" / "pages"))

from tracedemo import cli, tracefile
from tracedemo.render import VIEWS

DOCS = ROOT / "docs"
OURS = [DOCS / "README.md", DOCS / "tour.md", DOCS / "scheduler.md", *sorted((DOCS / "views").glob("*.md"))]
TRACES = sorted((DOCS / "traces").glob("*.jsonl"))
PICTURES = sorted((DOCS / "pictures").glob("*.svg"))
COMMANDS = sorted({command for path in OURS for command in make.commands(path.read_text(encoding="utf-8"))})
TOUR = (DOCS / "tour.md").read_text(encoding="utf-8")
CHANGED = "the tool shows something else now: run scripts/docs, look at what it wrote, and commit that"


def name(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


@pytest.fixture(autouse=True)
def at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Commands are typed in the checkout, and leave nothing there."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("COLUMNS", raising=False)


SHOWN = make.shown(path.read_text(encoding="utf-8") for path in make.pages())


@pytest.mark.parametrize("picture", sorted(SHOWN))
def test_picture_is_what_its_command_draws(picture: str) -> None:
    """Every picture of a page is, to the letter, what the command above it draws from the recorded trace."""
    assert make.draw(SHOWN[picture]) == (DOCS / "pictures" / picture).read_text(encoding="utf-8"), CHANGED


def test_no_picture_is_left_over() -> None:
    """Every picture is shown on a page, below its command."""
    assert SHOWN
    assert [] == make.orphans()


@pytest.mark.parametrize("path", make.pages(), ids=name)
def test_every_picture_has_a_command(path: Path) -> None:
    """A page shows no picture of ours without the command that draws it, and none without words for who cannot see it."""
    text = path.read_text(encoding="utf-8")

    assert sorted(re.findall(r"pictures/([\w-]+\.svg)", text)) == sorted(make.shown([text]))


@pytest.mark.parametrize("path", make.pages(), ids=name)
def test_numbers_are_those_of_the_traces(path: Path) -> None:
    """A number with a comment behind it, which says whence it is, is the number that is there."""
    text = path.read_text(encoding="utf-8")

    assert make.with_numbers(text) == text, CHANGED


def test_tour_tells_no_number_of_its_own() -> None:
    """Behind each time, share and count that the tour tells stands whence it is; only what the server was told is not."""
    _, delay, _, gap = record.SERVER
    said = f"{delay} ms to the first byte, then three pieces, {gap} ms apart"
    told = re.sub(make.NUMBER, "", re.sub(make.BLOCK, "", TOUR))

    assert len(make.NUMBER.findall(TOUR)) > 30
    assert said in told
    assert [] == re.findall(
        r"\d[\d.,]* ?(?:ns|µs|ms|s|%|calls|wakeups|requests|times|EAGAINs)(?!\w)", told.replace(said, "")
    )


def test_numbers_are_found_and_mended() -> None:
    """A number that is wrong is written anew, with its unit; the text around it stays."""
    text = (
        "In 999 ms<!-- selector wall -->, 77<!-- selector wakeups -->, <1 %<!-- blocking states.asleep% -->."
    )
    mended = make.with_numbers(text)

    trace = tracefile.read(DOCS / "traces" / "selector.jsonl").trace
    wakeups = sum(event.op == "select" and event.t1 is not None for event in trace)
    expected = rf"In [\d.]+ ms<!-- \S+ wall -->, {wakeups}<!-- \S+ wakeups -->, 0 %<!-- \S+ \S+ -->\."
    assert re.fullmatch(expected, mended)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_of_a_page_works(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What a page tells the reader to type does not fail, and shows something."""
    words = shlex.split(command)[1:]
    if any(word in command for word in ("your_script", "-n 5000")):
        pytest.skip("it is about the reader's own program, or more sockets than may be had")
    code = cli.main(words)

    assert 0 == code, capsys.readouterr().err
    assert len(capsys.readouterr().out) > 100


def test_there_are_commands() -> None:
    """Each page of a view has commands, also for the plain and the JSON form of that view."""
    for path in OURS[3:]:
        found = make.commands(path.read_text(encoding="utf-8"))
        assert {"plain", "jsonl"} <= {word for command in found for word in command.split()}, path
        assert sum(f"--view {path.stem}" in command for command in found) >= 3, path


def test_every_view_has_its_page() -> None:
    """The index of docs/ points to a page for each view."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    for view in VIEWS:
        page = "findings.md" if view == "findings" else f"views/{view}.md"
        assert f"[{view}]({page})" in index
        assert (DOCS / page).is_file()


@pytest.mark.parametrize("path", make.pages(), ids=name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every link of a page to a file of the project finds it, and to a heading finds that."""
    text = re.sub(make.BLOCK, "", path.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\((?!\w+://)([^)\s]+)\)", text):
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def headings(path: Path) -> Iterator[str]:
    """The names by which headings of a page can be pointed to."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            yield re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")


def test_every_page_is_in_the_index() -> None:
    """From the index every page of docs/ is one step away."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")

    assert [] == [
        name(path) for path in make.pages() if path.name != "README.md" and f"({name(path)})" not in index
    ]


# Pictures


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_a_picture_that_asks_nobody(
    view: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each view can be drawn: well-formed SVG with a title and a description, and no address in it but SVG's own name."""
    path = tmp_path / "x.svg"
    trace = DOCS / "traces" / "careless.jsonl"
    assert 0 == cli.main(["show", str(trace), "--view", view, "-o", str(path)])
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    shown = capsys.readouterr().out.split()

    assert ["http://www.w3.org/2000/svg"] == re.findall(r"\w+://[^\"'\s<)]+", text)
    assert not re.search(r"@import|@font-face|url\(|<script|<image|<foreignObject|<use|\bhref|\bon\w+=", text)
    assert VIEWS[view].title in root.findtext("{*}title", "")
    assert len(root.findtext("{*}desc", "")) > 40
    drawn = " ".join(element.text or "" for element in root.iterfind(".//{*}text")).split()
    # On a pipe nothing is cut and nothing wrapped, so each of the first words has its place.
    assert set(shown[:4]) <= set(drawn)


@pytest.mark.parametrize("path", PICTURES, ids=name)
def test_nothing_is_drawn_beyond_the_edge(path: Path) -> None:
    """Each text of a picture lies inside it, no two lie on each other, and none hangs on how spaces are read."""
    root = ET.parse(path).getroot()
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    ends: dict[str, float] = {}
    for text in root.iterfind(".//{*}text"):
        left, top = float(text.get("x", 0)), text.get("y", "")
        assert ends.get(top, 0) <= left + 0.2, text.text
        ends[top] = left + float(text.get("textLength", 0))
        assert ends[top] <= width
        assert " ".join((text.text or "").split()) == text.text
        assert float(top) <= height

    assert ends


# Traces


@pytest.mark.parametrize("path", TRACES, ids=name)
def test_trace_is_recorded_by_the_script(path: Path) -> None:
    """Every trace is one that scripts/docs --record knows to record, is whole, and has lost nothing."""
    assert path.stem in record.RECORDINGS
    if path.stem == "thousands":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        assert list(record.MANY) == [row["connections"] for row in rows]
        assert not any(row["dropped"] or row["never_closed"] for row in rows)
        return
    loaded = tracefile.read(path)

    assert "" == loaded.problem
    assert not loaded.trace.header.dropped


def test_every_recording_is_there() -> None:
    """What the script records is in docs/traces/, and is less than a megabyte and a quarter together."""
    assert sorted(record.RECORDINGS) == sorted(path.stem for path in TRACES)
    assert sum(path.stat().st_size for path in TRACES) < 1_250_000


@pytest.mark.parametrize("path", TRACES, ids=name)
def test_trace_tells_nothing_of_a_machine(path: Path) -> None:
    """In a trace of docs/ paths begin where every Linux has the same, or are not absolute; and source text is ours."""
    text = path.read_text(encoding="utf-8")
    paths = {found for found in re.findall(r'(?<=[":])/[\w.][^"\s\\]*', text) if found.count("/") > 1}
    common = re.compile(r"/(?:etc|lib|lib64|usr|dev|proc|sys|var/run)/|/dev/shm/tracedemo-\w+/")

    assert [] == [found for found in paths if not common.match(found)]
    assert not re.search(r"/(?:root|home|Users|work|tmp)\b", text)
    for line in text.splitlines():
        if line.startswith('{"source"'):
            assert (ROOT / json.loads(line)["source"]).is_file()


@pytest.mark.parametrize("path", [path for path in TRACES if path.stem != "thousands"], ids=name)
def test_lines_of_our_programs_are_those_of_today(path: Path) -> None:
    """The programs that were recorded are those in the checkout, so the lines that a picture names are theirs."""
    sources = tracefile.read(path).trace.sources

    assert sources
    for file, text in sources.items():
        assert text == (ROOT / file).read_text(encoding="utf-8"), "scripts/docs --record " + path.stem


def test_recordings_are_made_portable() -> None:
    """Folders become relative; the build of the kernel, foreign source text and the checksum go; all else stays."""
    text = (
        '{"tracedemo":1,"platform":"Linux 6.1.5-x x86_64","argv":["/a b/c/v.py","/py/lib/s.py","/usr/x"]}\n'
        '{"op":"getcwd","args":{"path":"/a b/c"},"t0":5}\n'
        '{"source":"/py/lib/s.py","text":"x"}\n'
        '{"source":"/a b/c/v.py","text":"y"}\n'
        '{"end":1,"crc":2}\n'
    )

    assert (
        '{"tracedemo":1,"platform":"Linux 6.1 x86_64","argv":["v.py","lib/s.py","/usr/x"]}\n'
        '{"op":"getcwd","args":{"path":"."},"t0":5}\n'
        '{"source":"v.py","text":"y"}\n'
        '{"end":1}\n'
    ) == record.portable(text, Path("/a b/c"), Path("/py"))
