"""Recordings of a terminal, as asciicast v2: a line of JSON with its size, then a line for each piece of output.

`asciinema play FILE` shows them, and so do players for web pages.
"""

from __future__ import annotations

import codecs
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tracedemo.errors import FileError

VERSION = 2


class Cast:
    """Writes a recording.  Each piece is in the file as soon as it was shown: what was broken off can be played, too.

    Args:
        size: columns and lines.
        clock: seconds, from anywhere.

    Raises:
        FileError: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        *,
        title: str = "",
        environ: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.problem = ""
        """Why nothing more is written; empty: it is."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._clock = clock
        self._began = clock()
        try:
            self._file = path.open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise FileError(
                f"cannot write {path}: {error.strerror}", "Choose another place for --record."
            ) from None
        known = {name: value for name, value in (environ or {}).items() if name in ("TERM", "SHELL")}
        head = {"version": VERSION, "width": size[0], "height": size[1], "timestamp": int(now())}
        self._write({**head, **({"title": title} if title else {}), **({"env": known} if known else {})})

    def shown(self, data: bytes) -> None:
        """Some bytes were shown now."""
        if text := self._decoder.decode(data):
            self._write([round(self._clock() - self._began, 6), "o", text])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:
            self.problem = self.problem or failure.strerror or "it cannot be written"

    def _write(self, value: object) -> None:
        if self.problem:
            return
        try:
            self._file.write(json.dumps(value, ensure_ascii=False) + "\n")
        except OSError as error:  # a full disk: the show goes on
            self.problem = error.strerror or "it cannot be written"
