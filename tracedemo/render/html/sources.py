"""Where each step was written, and the text of those files: of a long file what is around the lines that are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath, PureWindowsPath
from typing import Any

from tracedemo.analysis.text import clean
from tracedemo.render.html.steps import Steps

WHOLE = 1_500
"""A file of so many lines is shown whole ..."""
AROUND = 20
"""... of a longer one, so many lines before and behind each line that is used."""
WIDEST = 400
"""Characters of a line."""


def sources_form(steps: Steps, *, texts: bool = True) -> dict[str, Any]:
    """The places in source, and the text of their files, if that is wanted."""
    known = steps.study.trace.sources if texts else {}
    sites = steps.sites
    names = short_names(dict.fromkeys(site.file for site in sites))
    lines: dict[str, set[int]] = {}
    for site in sites:
        lines.setdefault(site.file, set()).add(site.line)
    files = [file_form(names[file], known.get(file), used) for file, used in lines.items()]
    places = {name: number for number, name in enumerate(lines)}
    return {
        "sites": [[places[site.file], site.line, clean(site.function)] for site in sites],
        "files": files,
    }


def short_names(files: Iterable[str]) -> dict[str, str]:
    """Files without their folders; where that leaves two with one name, with as many folders as tell them apart."""
    parts = {file: (PureWindowsPath if "\\" in file else PurePath)(file).parts or ("",) for file in files}
    names = {file: clean(own[-1]) for file, own in parts.items()}
    for depth in range(2, max(map(len, parts.values()), default=0) + 1):
        seen = list(names.values())
        for file, own in parts.items():
            if seen.count(names[file]) > 1:
                names[file] = clean("/".join(own[-depth:]))
    return names


def file_form(name: str, text: str | None, used: Iterable[int]) -> dict[str, Any]:
    """A file: its lines in blocks, each behind the number of its first line."""
    lines = [] if text is None else text.splitlines()
    wanted = sorted(line for line in used if 0 < line <= len(lines))
    whole = len(lines) <= WHOLE
    spans = [(1, len(lines))] if whole else list(_spans(wanted, len(lines)))
    blocks = [[first, [_line(line) for line in lines[first - 1 : last]]] for first, last in spans if lines]
    return {"name": name, "lines": len(lines), "blocks": blocks}


def _spans(wanted: Sequence[int], count: int) -> Iterator[tuple[int, int]]:
    """First and last lines of what is shown."""
    first = last = 0
    for line in wanted:
        if first and line - AROUND <= last + 1:
            last = min(line + AROUND, count)
            continue
        if first:
            yield first, last
        first, last = max(line - AROUND, 1), min(line + AROUND, count)
    if first:
        yield first, last


def _line(text: str) -> str:
    shown = clean(text.expandtabs(4))
    if len(shown) <= WIDEST:
        return shown
    return f"{shown[:WIDEST]}… ({len(shown) - WIDEST:,} more characters)"
