"""What a window holds, as a Trace: decoded, with a header, identified, with the sources."""

from __future__ import annotations

import linecache
import platform
import threading
from dataclasses import replace

import tracedemo
from tracedemo.analysis.identity import identify
from tracedemo.analysis.study import Study
from tracedemo.events import Header, Site, Trace
from tracedemo.recorders.inprocess.decode import Recording, read_window
from tracedemo.recorders.inprocess.notes import add_up, beyond, notes
from tracedemo.recorders.inprocess.window import Window
from tracedemo.tracefile.finishing import read_sources, rows_by_lane

_one_at_a_time = threading.Lock()


def read(window: Window, name: str, max_events: int) -> Study:
    """Decode a window as it is now.

    Args:
        max_events: how many calls it was to keep.
    """
    with _one_at_a_time:  # threads that parse at once disturb each other (`decode`)
        recording = read_window(window)
    trace = Trace(_header(window, recording, name, max_events), recording.events).sorted()
    trace = identify(trace)
    trace.sources.update(_sources(trace))
    return Study(trace.replace(header=replace(trace.header, recorded=rows_by_lane(trace))), name)


def is_settled(study: Study, window: Window) -> bool:
    """Whether nothing that is in this study can become known better: no call is open, or the block has ended."""
    return bool(window.ended[0]) or all(event.t1 is not None for event in study.events)


def _header(window: Window, recording: Recording, name: str, max_events: int) -> Header:
    meta = recording.facts.meta
    room = (
        (f"it shares the memory of a trace that began before, with room for {window.slots:,} calls",)
        if window.slots < max_events
        else ()
    )
    return Header(
        target=name,
        kind="code",
        python=platform.python_version(),
        implementation=str(meta["implementation"][-1]) if meta["implementation"] else "",
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        recorder_version=tracedemo.__version__,
        flow=str(meta["flow"][-1]) if meta["flow"] else "",
        clock_start=window.began,
        clock_end=window.ended,
        pid=recording.pid,
        dropped=add_up([recording.dropped]),
        beyond=tuple(beyond([recording])),
        notes=(*notes([recording]), *room),
    )


def _sources(trace: Trace) -> dict[str, str]:
    """The text of every source file that a site names; that of a notebook's cells is in memory only."""
    found = dict(read_sources(trace))
    for name in ("site", "user_site"):
        files = {site.file for site in trace.column(name) if isinstance(site, Site)}
        for file in files - found.keys():
            if lines := linecache.getlines(file):
                found[file] = "".join(lines)
    return found
