"""What is made in docs/: calls.md from the table, pictures from commands, numbers from traces.

A page shows a command and, below it, the picture that it draws:

    ```
    tracedemo show docs/traces/selector.jsonl --view wakeups
    ```

    ![...](../pictures/wakeups.svg)

A number that a page tells about a trace is followed by a comment that says where it comes from, and is written by us:
`12<!-- selector wakeups -->`, `90 %<!-- selector states.asleep% -->`. The words are the name of a file in docs/traces/,
and a field of what `--view summary --format jsonl` gives, with a `%` behind it for its share of the threads' time.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

from tracedemo import cli
from tracedemo.analysis.text import duration_text
from tracedemo.render import calls_page
from tracedemo.render.words import percent

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TRACES = DOCS / "traces"
PICTURES = DOCS / "pictures"

BLOCK = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(
    r"^```\n(tracedemo [^\n]*)\n```\n\n!\[[^]]+]\((?:\.\./)?pictures/([\w-]+\.svg)\)$", re.MULTILINE
)
NUMBER = re.compile(r"(<?[\d][\d.,]*(?: (?:ns|µs|ms|s|%))?|\?)<!-- ([\w-]+) ([\w./ ]+%?) -->")
TIMES = ("wall", "thread_time", "cpu_user", "cpu_system", "states")


def pages() -> list[Path]:
    """Every page of docs/."""
    return sorted(DOCS.rglob("*.md"))


def made() -> dict[Path, str]:
    """Each file that is made, and what is to stand in it."""
    texts = {path: path.read_text(encoding="utf-8") for path in pages()}
    told = {path: with_numbers(text) for path, text in texts.items() if NUMBER.search(text)}
    drawn = {PICTURES / name: draw(command) for name, command in shown(texts.values()).items()}
    return {DOCS / "calls.md": calls_page.page(), **drawn, **told}


def orphans() -> list[Path]:
    """Pictures that no page shows."""
    names = shown(path.read_text(encoding="utf-8") for path in pages())
    return [path for path in sorted(PICTURES.glob("*.svg")) if path.name not in names]


def shown(texts: Iterable[str]) -> dict[str, str]:
    """Name of each picture -> the command above it.

    Raises:
        ValueError: two pages have different commands above the same picture.
    """
    found: dict[str, str] = {}
    for text in texts:
        for command, name in SHOWN.findall(text):
            if found.setdefault(name, command) != command:
                raise ValueError(f"{name} is drawn by two commands: {found[name]}; {command}")
    return found


def commands(text: str) -> list[str]:
    """What a page tells the reader to type: the lines of its blocks that begin with `tracedemo`."""
    lines = (line for block in BLOCK.findall(text) for line in block.splitlines())
    return [line.partition("  #")[0].strip() for line in lines if line.startswith("tracedemo ")]


def draw(command: str) -> str:
    """The picture that a command draws.

    Raises:
        ValueError: the command failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.svg"
        said = io.StringIO()
        with chdir(ROOT), redirect_stdout(said), redirect_stderr(said):
            code = cli.main([*shlex.split(command)[1:], "-o", str(path)])
        if code:
            raise ValueError(f"{command} ended with {code}: {said.getvalue()[-500:]}")
        return path.read_text(encoding="utf-8")


def with_numbers(text: str) -> str:
    """A page with every number that is followed by a comment as the trace has it."""
    return NUMBER.sub(lambda match: f"{number(match[2], match[3])}<!-- {match[2]} {match[3]} -->", text)


def number(name: str, field: str) -> str:
    """A number as a page tells it: `1,234`, `12.3 ms`, `90 %`.

    Args:
        name: of a trace; `thousands-1000` is the line of a thousand fetches in thousands.jsonl.
        field: such as `wakeups`, `by_op.recv`, `states.asleep%`; `calls/connections` is a quotient.
    """
    summary = _summary(name)
    if "/" in field:
        over, _, under = field.partition("/")
        return f"{summary[over] / summary[under]:.1f}"
    path = field.removesuffix("%").split(".")
    value: Any = summary
    for key in path:
        value = value[key]
    if field.endswith("%"):
        return percent(value / summary["thread_time"])
    return duration_text(value) if path[0] in TIMES else f"{value:,}"


@cache
def _summary(name: str) -> Mapping[str, Any]:
    if name.startswith("thousands-"):
        rows = map(json.loads, (TRACES / "thousands.jsonl").read_text(encoding="utf-8").splitlines())
        return next(row for row in rows if row["connections"] == int(name.removeprefix("thousands-")))
    said = io.StringIO()
    with redirect_stdout(said):
        cli.main(["show", str(TRACES / f"{name}.jsonl"), "--view", "summary", "--format", "jsonl"])
    return json.loads(said.getvalue())  # type: ignore[no-any-return]
