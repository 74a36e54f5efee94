"""The views, by name: what `--view` can ask for.

A view is a module with three functions over one Study (over all of them, if it is joint):

    table(study, options) -> lines          for a screen, and for a file without a width
    plain(study, options) -> texts          one plain sentence a line, nothing drawn: for screen readers
    rows(study, options) -> objects         one object a row, for programs (the log has `jsonl` instead: lines as in a file)

A new view is a new module and a new row here. Modules are loaded when their view is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracedemo.analysis.study import Study
    from tracedemo.render.lines import Line, Sheet
    from tracedemo.render.options import Options

FORMATS = ("table", "plain", "jsonl")


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at runs."""

    name: str
    title: str
    help: str
    joint: bool = False
    """Shows several runs in one picture; else they come one after the other."""
    filtered: bool = False
    """Does what `only` says; the others show the whole run whatever it says."""

    def table(self, studies: Sequence[Study], options: Options) -> Sheet:
        """The view as a rich renderable."""
        from tracedemo.render.lines import Sheet

        return Sheet(lambda: self._lines(studies, options))

    def beginning(self, study: Study, options: Options, certain: int) -> list[str]:
        """The first lines of the view of a run of which only the beginning is known, each with its end; none where this
        view, or this run, has none that are certain.

        Args:
            certain: the row from which on the whole may tell otherwise.
        """
        if not hasattr(self._module, "beginning"):
            return []
        from tracedemo.render.lines import Sheet, trimmed

        lines = self._module.beginning(study, options, certain)
        said = self._parts_said(study, options)
        return list(Sheet(lambda: map(trimmed, chain(said, lines))).texts()) if lines else []

    def plain(self, studies: Sequence[Study], options: Options) -> Iterator[str]:
        """The view in sentences, one a line."""
        from tracedemo.render.lines import safe

        for found in self._parts(studies):
            if len(studies) > 1 and not self.joint:
                yield safe(f"{found.name}:", options.glyphs)
            for text in (*self._part_of(found), *self._module.plain(found, options)):
                yield safe(text, options.glyphs)

    def jsonl(self, studies: Sequence[Study], options: Options) -> Iterator[str]:
        """The view as JSON lines."""
        module = self._module
        for found in self._parts(studies):
            if hasattr(module, "jsonl"):
                yield from module.jsonl(found, options)
                continue
            run = {} if self.joint else {"run": found.name}
            for row in module.rows(found, options):
                yield json.dumps(run | row, separators=(",", ":"))

    @property
    def _module(self) -> Any:
        return import_module(f"tracedemo.render.{self.name}")

    def _parts(self, studies: Sequence[Study]) -> Sequence[Any]:
        return [studies] if self.joint else studies

    def _part_of(self, found: Any) -> Iterator[str]:
        """What is to be said first when not all of a run was kept.  Some views say it themselves."""
        from tracedemo.analysis.losses import kept

        for study in () if self.name in ("summary", "comparison") else found if self.joint else [found]:
            if part := kept(study.trace.header):
                whose = f"{study.name}: " if self.joint else ""
                yield f"{whose}{part}: what follows is about these."

    def _lines(self, studies: Sequence[Study], options: Options) -> Iterator[Line]:
        from tracedemo.render.lines import trimmed

        for number, found in enumerate(self._parts(studies)):
            if number:
                yield ()
            yield from self._parts_said(found, options)
            for line in self._module.table(found, options):
                yield line if not line or line[-1][0][-1:] != " " else trimmed(line)

    def _parts_said(self, found: Any, options: Options) -> Iterator[Line]:
        from tracedemo.render.grid import note
        from tracedemo.render.lines import safe

        for text in self._part_of(found):
            yield from note(safe(text, options.glyphs), options.width, "note")
            yield ()


VIEWS = {
    view.name: view
    for view in (
        View("log", "The log", "every call with its answer, line by line", filtered=True),
        View("summary", "The summary", "the run in numbers: time by state, calls, not yets, wakeups"),
        View(
            "timeline", "The timeline", "who does what, and when: threads, wakeups, connections", joint=True
        ),
        View("phases", "The phases", "what the calls were for, and what each phase cost"),
        View("wakeups", "The wakeups", "what woke each select, and who went on because of it", filtered=True),
        View(
            "loop",
            "The event loop",
            "an event loop turn by turn: what was ready, and what ran",
        ),
        View(
            "connections",
            "The connections",
            "peer, times, bytes, reuse and end of each connection",
            filtered=True,
        ),
        View("findings", "The findings", "what the run tells about your code: evidence, cost, what to do"),
        View("comparison", "The comparison", "runs side by side: numbers, phases, timelines", joint=True),
    )
}
"""Views by name, in the order in which they are listed."""
