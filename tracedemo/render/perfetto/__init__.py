"""Runs as a file for Perfetto (ui.perfetto.dev, or one's own copy) and for what else reads Chrome's trace events.

lanes         which tracks there are; what nests on them
slices        which rows are slices, when they begin and end
contents      what stands in them
flows         arrows from a wakeup to those who went on
drawn         all of these as trace events

All runs are one process, so that they come up open and in order, each thread with the number of its run. Every run begins
at the same instant. An object a line, made while it is read: a file of any size needs little more memory than its Trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.render.perfetto.drawn import Drawn, event, microseconds
from tracedemo.render.perfetto.lanes import MOST, Tracks, told
from tracedemo.render.perfetto.slices import Slices
from tracedemo.render.words import count, name_of

__all__ = ["MOST", "Perfetto"]


class Perfetto:
    """Runs, ready to be written.

    Args:
        studies: the runs, in the order in which they are to be shown.
        most: tracks at most.
    """

    def __init__(self, studies: Sequence[Study], most: int = MOST) -> None:
        self._runs = [Slices(study) for study in studies]
        self._tracks = Tracks(self._runs, most)
        # The importer refuses times before 0: where something came before a run's beginning, all begin so much later.
        self._lead = max((run.study.origin - run.first for run in self._runs), default=0)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not in the file for want of room, in sentences; complete when `text` has come to its end."""
        names = [f"{number}. {run.study.name}" for number, run in enumerate(self._runs, 1)]
        return tuple(told(self._tracks, names))

    def text(self) -> Iterator[str]:
        """The file, in parts.  To be read once."""
        yield '{"displayTimeUnit":"ns","traceEvents":[\n'
        yield event("M", 0, "0", {"name": "process_name", "args": {"name": "tracedemo"}})
        for number, run in enumerate(self._runs):
            yield from (f",\n{line}" for line in Drawn(run, number, self._tracks, self._lead))
        yield from (f",\n{line}" for line in self._about())
        yield from (f",\n{line}" for line in self._names())
        yield "\n]}\n"

    def _names(self) -> Iterator[str]:
        for track in self._tracks.all:
            name = {"name": "thread_name", "args": {"name": track.name}}
            yield event("M", track.tid, "0", name)
            yield event(
                "M", track.tid, "0", {"name": "thread_sort_index", "args": {"sort_index": track.order}}
            )

    def _about(self) -> Iterator[str]:
        """What must be known, on a track of its own: of each run, and of what was left out."""
        for run in self._runs:
            yield self._note(clean(name_of(run.study)), _about(run))
        for sentence in self.left_out:
            yield self._note(sentence, {"sentence": sentence})

    def _note(self, name: str, args: dict[str, Any]) -> str:
        note = {"name": name, "cat": "about", "s": "t", "args": args}
        return event("i", self._tracks.about.tid, microseconds(self._lead), note)


def _about(run: Slices) -> dict[str, str]:
    header, summary, found = run.study.trace.header, run.study.summary, run.study.join
    facts = {
        "target": header.target, "python": header.python, "platform": header.platform, "pace": summary.pace,
        "engine": " ".join(filter(None, (header.engine, header.engine_version))), "fit": summary.fit,
        "under_no_call": count(len(found.outside), "system call") if found else "",
        "hidden": " ".join(_hidden(run)), "notes": " ".join((*header.beyond, *summary.notes)),
    }  # fmt: skip
    return {name: clean(fact) for name, fact in facts.items() if fact}


def _hidden(run: Slices) -> Iterator[str]:
    """What is not in the file, and is not the program's doing, in sentences."""
    if run.early:
        yield f"Left out: {count(run.early, 'row')} of the trace from before the program's first call."
    if found := run.study.join:
        start = count(len(found.startup), "system call")
        yield f"Left out: {start} of the interpreter's start, and {len(found.tool):,} of tracedemo's own."
