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

    def plain(self, studies: Sequence[Study], options: Options) -> Iterator[str]:
        """The view in sentences, one a line."""
        from tracedemo.render.lines import safe

        for found in self._parts(studies):
            if len(studies) > 1 and not self.joint:
                yield safe(f"{found.name}:", options.glyphs)
            for text in self._module.plain(found, options):
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

    def _lines(self, studies: Sequence[Study], options: Options) -> Iterator[Line]:
        from tracedemo.render.lines import trimmed

        for number, found in enumerate(self._parts(studies)):
            if number:
                yield ()
            for line in self._module.table(found, options):
                yield line if not line or line[-1][0][-1:] != " " else trimmed(line)


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
            "connections",
            "The connections",
            "peer, times, bytes, reuse and end of each connection",
            filtered=True,
        ),
        View("comparison", "The comparison", "runs side by side: numbers, phases, timelines", joint=True),
    )
}
"""Views by name, in the order in which they are listed."""
