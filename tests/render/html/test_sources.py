"""The text of source files on a page: short names, and long files cut around the lines that are used."""

from __future__ import annotations

from tracedemo.render.html.sources import AROUND, WHOLE, WIDEST, file_form, short_names


def numbered(count: int) -> str:
    return "\n".join(f"line {number}" for number in range(1, count + 1))


def test_files_are_named_without_folders() -> None:
    """A file has its bare name, whichever way its folders are written, so that nobody's home is told."""
    files = ["/home/me/work/selector.py", "C:\\Users\\me\\client.py", "<string>"]

    assert list(short_names(files).values()) == ["selector.py", "client.py", "<string>"]


def test_files_of_one_name_are_told_apart() -> None:
    """Two files of one name have as much of their folders as tells them apart, and no more."""
    names = short_names(["/home/me/a/util.py", "/home/me/b/util.py", "/home/me/b/main.py"])

    assert list(names.values()) == ["a/util.py", "b/util.py", "main.py"]


def test_a_short_file_is_whole() -> None:
    """A file of up to 1,500 lines is there with all its lines."""
    form = file_form("a.py", numbered(WHOLE), [3])

    assert form["lines"] == WHOLE
    assert form["blocks"] == [[1, numbered(WHOLE).split("\n")]]


def test_a_long_file_is_cut_around_its_lines() -> None:
    """Of a longer file only what is around the lines in use is there; stretches that touch are one."""
    form = file_form("a.py", numbered(10_000), [5, 30, 9_000])

    assert form["lines"] == 10_000
    assert [(first, first + len(lines) - 1) for first, lines in form["blocks"]] == [
        (1, 30 + AROUND), (9_000 - AROUND, 9_000 + AROUND),
    ]  # fmt: skip
    assert form["blocks"][1][1][AROUND] == "line 9000"


def test_a_long_line_is_cut_and_says_so() -> None:
    """A line of a million characters ends after 400, with how many there were more."""
    ((_, (line,)),) = file_form("a.py", "x" * 1_000_000, [1])["blocks"]

    assert line == "x" * WIDEST + "… (999,600 more characters)"


def test_an_unknown_file_has_no_lines() -> None:
    """A file whose text is not in the trace is named, and has no lines; nor has one that is empty."""
    assert file_form("a.py", None, [3]) == {"name": "a.py", "lines": 0, "blocks": []}
    assert file_form("a.py", "", [3]) == {"name": "a.py", "lines": 0, "blocks": []}
