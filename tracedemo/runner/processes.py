"""The processes of a run: which of them were not recorded, and one that was several programs, one after another.

A program that another one has started is recorded when it has left a spool that was not begun by a fork. A fork leaves one,
too, and then the process may become another program: by `exec`, or inside subprocess, which forks for a `preexec_fn`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tracedemo.events import LANES
from tracedemo.recorders.inprocess.decode import Recording

MOST_NAMED = 8
"""Processes that are named, each in a note of its own."""


def one_after_another(recordings: Sequence[Recording]) -> list[Recording]:
    """The same recordings, with rows numbered on where a process has left several: it became another program."""
    made: defaultdict[tuple[int, str], int] = defaultdict(int)
    numbered = []
    for recording in recordings:
        before = {lane: made[recording.pid, lane] for lane in LANES}
        if any(before.values()):
            events = [event._replace(seq=event.seq + before[event.lane]) for event in recording.events]
            numbered.append(replace(recording, events=events))
        else:
            numbered.append(recording)
        rows = Counter(event.lane for event in recording.events)
        for lane in LANES:
            made[recording.pid, lane] += rows[lane] + recording.dropped.get(lane, 0)
    return numbered


def not_recorded(
    recordings: Sequence[Recording], unreadable: Collection[int], folder: Path, *, children: bool
) -> Iterator[str]:
    """Sentences about programs that were started and left no spool, and what to do about it.

    Args:
        unreadable: processes whose spools are there, but cannot be read.
        children: whether they were to be recorded.
    """
    programs = Counter(recording.pid for recording in recordings if not recording.facts.meta["forked"])
    started = _started(recordings)
    unseen = [
        (pid, words)
        for pid, commands in started.items()
        if pid not in unreadable
        for words in commands[programs[pid] :]
    ]
    for pid, words in unseen[:MOST_NAMED]:
        yield f"not recorded: process {pid}: {words}{_why(folder, pid)}"
    if more := len(unseen) - MOST_NAMED if len(unseen) > MOST_NAMED else 0:
        yield f"not recorded: {more:,} more {'process' if more == 1 else 'processes'} that the program started"
    became = list(_became(recordings, programs))
    yield from became
    shells = [str(words) for recording in recordings for words in recording.facts.meta["system"]]
    if shells:
        yield _of_shells(shells, children=children)
    if (unseen or became or shells) and not children:
        yield "--children records those of them that are Python"
    elif unseen:
        yield (
            "with --children a program is recorded if it is Python 3.11 or newer, and was not started with -I, -E or -S,"
            " or with an environment of its own"
        )


def _started(recordings: Sequence[Recording]) -> Mapping[int, list[str]]:
    """The commands that a process became, without those that could not be started."""
    started: defaultdict[int, list[str]] = defaultdict(list)
    for recording in recordings:
        for pid, words in (fact for fact in recording.facts.meta["child"] if _is_child(fact)):
            if words is not None:
                started[pid].append(str(words))
            elif started[pid]:
                started[pid].pop()
    for recording in recordings:
        # Where a forked child became another program, and its parent did not say so: os.spawn* and their like.
        if recording.facts.meta["forked"] and not started[recording.pid]:
            started[recording.pid] += _execs(recording)
    return started


def _is_child(fact: object) -> bool:
    return isinstance(fact, tuple) and len(fact) == 2 and isinstance(fact[0], int)


def _execs(recording: Recording) -> list[str]:
    return [str(words) for words in recording.facts.meta["exec"] if words is not None]


def _became(recordings: Sequence[Recording], programs: Mapping[int, int]) -> Iterator[str]:
    """What is to be said of programs that became others by exec: the last of them was not recorded, or was."""
    execs = [(recording.pid, words) for recording in recordings
             if not recording.facts.meta["forked"] for words in _execs(recording)]  # fmt: skip
    seen: Counter[int] = Counter()
    for pid, words in execs:
        seen[pid] += 1
        what = "that was recorded, too" if programs[pid] > seen[pid] else "what it did then was not recorded"
        yield f"process {pid} became another program (exec): {words}; {what}"


def _of_shells(shells: Sequence[str], *, children: bool) -> str:
    times = "1 command" if len(shells) == 1 else f"{len(shells):,} commands"
    what = "of these only Python is recorded" if children else "these were not recorded"
    return f"os.system ran {times}, whose process numbers are not known: {what}: {shells[0]}" + (
        " ..." if len(shells) > 1 else ""
    )


def _why(folder: Path, pid: int) -> str:
    """What kept the recorder out, if it could say so."""
    try:
        return f" ({(folder / f'{pid}.trouble').read_text(encoding='utf-8')})"
    except (OSError, UnicodeDecodeError):
        return ""
