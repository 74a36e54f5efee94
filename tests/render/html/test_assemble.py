"""The page is one file whose skeleton is the same whatever a trace holds."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render import traces
from tracedemo.analysis.study import Study
from tracedemo.events import Header, Trace
from tracedemo.render.html import page
from tracedemo.render.html.assemble import PLAIN, SCRIPTS, STYLES, assembled, json_text

STATIC = files("tracedemo.render.html") / "static"

HOSTILE = st.lists(
    st.sampled_from(["</script>", "</SCRIPT >", "<!--", "-->", "<script>", "]]>", "</style>", "</title>", "<!--DATA-->",
                     "/*SCRIPT*/", "<img src=x onerror=alert(1)>", "&amp;", '"',
                     "'", "\u2028", "\ud800", "\x00", "\x1b[2J"])
    | st.text(max_size=5)
).map("".join)  # fmt: skip


class Skeleton(HTMLParser):
    """Elements with their attributes, comments and declarations, in order; and the text in each element `#data`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.data = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(f"<{tag} {attrs}>")
        self._inside = ("id", "data") in attrs

    def handle_endtag(self, tag: str) -> None:
        self.found.append(f"</{tag}>")
        self._inside = False

    def handle_comment(self, data: str) -> None:
        self.found.append(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self.found.append(f"<!{decl}>")

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.data += data


def parsed(text: str) -> Skeleton:
    skeleton = Skeleton()
    skeleton.feed(text)
    skeleton.close()
    return skeleton


PLAIN_PAGE = parsed("".join(assembled({}, "A run"))).found


@given(st.dictionaries(HOSTILE, HOSTILE), HOSTILE)
def test_the_skeleton_is_always_the_same(data: dict[str, str], title: str) -> None:
    """Data and title change no element of the page, and the data is read back as it was."""
    title = title.encode("utf-8", "replace").decode()
    found = parsed("".join(assembled(data, title)))

    assert found.found == PLAIN_PAGE
    assert json.loads(found.data) == json.loads(json.dumps(data))


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_hostile_trace_changes_no_element(target: str, note: str, source: str) -> None:
    """A trace full of markup gives the elements that any other gives, in a file that can be written as UTF-8."""
    hostile = traces.hostile()
    trace = Trace(Header(target=target, notes=(note,)), hostile, dict.fromkeys(hostile.sources, source))
    text = "".join(page([Study(trace)]))

    assert parsed(text).found == PLAIN_PAGE
    text.encode()


@given(st.recursive(HOSTILE, lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_json_ends_no_element(data: object) -> None:
    """Nothing in the JSON of a page ends a script element or begins a comment, and it is JSON all the same."""
    text = json_text(data)

    assert "</" not in text
    assert "<!--" not in text
    assert json.loads(text) == json.loads(json.dumps(data))


def test_much_data_is_packed() -> None:
    """More than 200,000 characters of data are compressed, and are the same when opened."""
    data = {"text": "all work and no play " * 10_000}
    assert len(json_text(data)) > PLAIN
    found = parsed("".join(assembled(data, "A run")))

    assert "<script [('type', 'application/gzip+base64'), ('id', 'data')]>" in found.found
    assert json.loads(gzip.decompress(base64.b64decode(found.data))) == data


def test_nothing_is_made_of_a_clock() -> None:
    """The same traces give the same page, whenever it is made."""
    assert list(page([Study(traces.selector())])) == list(page([Study(traces.selector())]))


def test_nothing_points_outside() -> None:
    """No file of the page names an address, but that of the SVG name space."""
    for name in ("page.html", *(f"css/{name}" for name in STYLES), *(f"js/{name}" for name in SCRIPTS)):
        text = (STATIC / name).read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//\w+\.\w|@import|url\((?!#|data:)", text), name


@pytest.mark.parametrize(("folder", "names"), [("css", STYLES), ("js", SCRIPTS)])
def test_every_file_is_in_the_page(folder: str, names: tuple[str, ...]) -> None:
    """Each file of style and script has its place in the page, once."""
    assert sorted(names) == sorted(path.name for path in (STATIC / folder).iterdir())
