"""The learner's folder: what is laid down in it, put back, and kept.

    README.md           what to type
    02_nonblocking/     README.md, the exercise, and the programs of the lesson: the learner's from then on
    solutions/          the solutions that were earned, or asked for
    .tracedemo/         state.json (`state`); track, a word that outlives it; traces/ of runs and checks; backup/, what was
                        replaced, by lesson

Nothing of the learner's is ever overwritten but by what says so (reset, catch-up), and then there is a backup.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tracedemo.errors import UsageError
from tracedemo.replacing import in_place_of
from tracedemo.workshop import state as states
from tracedemo.workshop.catalogue import find_lesson, on_track
from tracedemo.workshop.checking import draw
from tracedemo.workshop.lesson import TRACKS, Lesson
from tracedemo.workshop.questions import filled
from tracedemo.workshop.state import State, moment

HIDDEN, TRACES, BACKUP, SOLUTIONS, TRACK = ".tracedemo", "traces", "backup", "solutions", "track"
PASSED = "passed.py"
"""In the backup of a lesson: the learner's program, as it was when it passed."""

_README = """\
# A workshop of tracedemo

Type, in this folder or in one below it:

    tracedemo workshop              where you are, and the next thing to do; on a terminal it leads you through
    tracedemo workshop predict      say what will happen, before you see it
    tracedemo workshop run          see it
    tracedemo workshop check        try your program
    tracedemo workshop hint         a hint; there are three
    tracedemo workshop next         the next lesson, whether this one is done or not
    tracedemo workshop --help       all there is

The lessons follow a blog article, "Unraveling an Async HTTP Request", and call it the post; you need not have read it.
Letters such as k (the pieces of an answer) and n (mostly the number of fetches) are numbers that were drawn for you.

The programs in the folders of lessons are yours: change them as you like. `tracedemo workshop reset` puts those of a
lesson back, and keeps what was there. What the workshop remembers lies in `.tracedemo`; nothing leaves this machine.
"""


@dataclass(frozen=True)
class Folder:
    """A learner's folder."""

    root: Path
    lessons: Sequence[Lesson]
    """All that there are, by number."""
    clock: Callable[[], float]
    """Seconds since 1970."""

    @property
    def hidden(self) -> Path:
        """Where the workshop keeps what it remembers."""
        return self.root / HIDDEN

    @property
    def traces(self) -> Path:
        """Where runs and checks leave their traces."""
        return self.hidden / TRACES

    def place(self, lesson: Lesson) -> Path:
        """The folder of a lesson."""
        return self.root / lesson.folder_name

    def file(self, lesson: Lesson) -> Path:
        """The learner's program."""
        return self.place(lesson) / lesson.file

    def solution(self, lesson: Lesson) -> Path:
        """Where its solution goes."""
        return self.root / SOLUTIONS / f"{lesson.folder_name}.py"

    def trace(self, lesson: Lesson) -> Path:
        """The trace of the check that failed last, or of the last of those that passed."""
        return self.traces / f"{lesson.folder_name}-check.jsonl"

    @contextmanager
    def edit(self) -> Iterator[State]:
        """What is remembered, to be changed (`state.edit`)."""
        with states.edit(self.hidden, self._rebuilt) as state:
            if not state.order:  # of an older tracedemo
                state.order = [lesson.name for lesson in on_track(state.track, self.lessons)]
            yield state
            if self._noted_track() != state.track:
                _put(self.hidden / TRACK, f"{state.track}\n".encode())

    def _noted_track(self) -> str:
        """The track, from the file of its own; empty: it is not there, or says nothing that could be."""
        word = (_bytes(self.hidden / TRACK) or b"").decode(errors="replace").strip()
        return word if word in TRACKS else ""

    def change_track(self, state: State, track: str) -> None:
        """Take the lessons of another track; what was done stays, and so does the lesson that is open.

        Raises:
            UsageError: the track has no lesson.
        """
        state.order = [lesson.name for lesson in _lessons_of(track, self.lessons)]
        state.track = track

    def order(self, state: State) -> Sequence[Lesson]:
        """The lessons of the learner's track; those that this tracedemo does not have are left out."""
        by_name = {lesson.name: lesson for lesson in self.lessons}
        return [by_name[name] for name in state.order if name in by_name]

    def current(self, state: State) -> Lesson:
        """The lesson that is open.

        Raises:
            UsageError: this tracedemo does not have it.
        """
        return find_lesson(state.current, self.lessons)

    def after(self, state: State, lesson: Lesson) -> Lesson | None:
        """The lesson behind one."""
        return next((one for one in self.order(state) if one.number > lesson.number), None)

    # Laying down

    def open(self, state: State, lesson: Lesson) -> None:
        """Go to a lesson; what of it is not in the folder yet, is laid down."""
        record = state.of(lesson.name)
        if set(record.values) != set(lesson.draw):
            record.values = dict(draw(lesson, random.Random()))  # noqa: S311  # numbers of pieces are no secret
        record.opened = record.opened or moment(self.clock())
        state.current = lesson.name
        for path, data in self._handed_out(lesson, record.values).items():
            if not path.exists():
                _put(path, data)

    def _handed_out(self, lesson: Lesson, values: Mapping[str, int]) -> Mapping[Path, bytes]:
        """The files of a lesson, as a learner gets them."""
        place = self.place(lesson)
        text = filled(lesson.text("learner.md"), {**values, "file": lesson.file})
        return {
            place / "README.md": text.encode(),
            place / lesson.file: lesson.marked().unsolved().encode(),
            **{place / path.name: path.read_bytes() for path in lesson.programs()},
        }

    def changed(self, lesson: Lesson, values: Mapping[str, int]) -> Sequence[Path]:
        """Its files that are not as they were handed out."""
        return [path for path, data in self._handed_out(lesson, values).items() if _bytes(path) != data]

    def reset(self, lesson: Lesson, values: Mapping[str, int]) -> Path | None:
        """Put its files back, byte by byte, and touch nothing else.

        Returns:
            where those lie now that were replaced; None: nothing was there to be kept.
        """
        handed_out, changed = self._handed_out(lesson, values), self.changed(lesson, values)
        kept = self._keep(lesson, changed)
        for path in changed:
            _put(path, handed_out[path])
        return kept

    def solve(self, lesson: Lesson) -> Path | None:
        """Lay its solution down in place of the learner's program, which is kept.

        Returns:
            where that lies now; None: there was none, or it was the same.
        """
        solved = lesson.marked().solved().encode()
        if _bytes(self.file(lesson)) == solved:
            return None
        kept = self._keep(lesson, [self.file(lesson)])
        _put(self.file(lesson), solved)
        return kept

    def _keep(self, lesson: Lesson, paths: Sequence[Path]) -> Path | None:
        there = [path for path in paths if path.exists()]
        if not there:
            return None
        number, base = 1, self.hidden / BACKUP / lesson.folder_name
        while (base / str(number)).exists():
            number += 1
        for path in there:
            _put(base / str(number) / path.name, path.read_bytes())
        return base / str(number)

    # What was done

    def note_pass(self, state: State, lesson: Lesson, program: bytes) -> None:
        """This program has passed: it is kept, and the solution is earned."""
        record = state.of(lesson.name)
        record.passed = record.passed or moment(self.clock())
        record.skipped = False
        _put(self.hidden / BACKUP / lesson.folder_name / PASSED, program)
        self.earn(lesson)

    def earn(self, lesson: Lesson) -> Path:
        """Write its solution among the others."""
        _put(self.solution(lesson), lesson.marked().solved().encode())
        return self.solution(lesson)

    def still_passes(self, lesson: Lesson) -> bool:
        """Whether the learner's program is, to the byte, the one that passed."""
        kept = _bytes(self.hidden / BACKUP / lesson.folder_name / PASSED)
        return kept is not None and kept == _bytes(self.file(lesson))

    def _rebuilt(self) -> State:
        """What the folder tells without its state: lessons that were opened, passed, and given up.  Predictions and times
        are lost.
        """
        now = moment(self.clock())
        track = self._noted_track() or "self"
        order = on_track(track, self.lessons)
        state = State(track=track, order=[lesson.name for lesson in order])
        for lesson in self.lessons:
            if not self.place(lesson).is_dir():
                continue
            self.open(state, lesson)
            passed = (self.hidden / BACKUP / lesson.folder_name / PASSED).exists()
            state.of(lesson.name).passed = now if passed else ""
            state.of(lesson.name).looked = not passed and self.solution(lesson).exists()
        if not state.current and order:
            self.open(state, order[0])
        return state


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _put(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_place_of(path) as part:
        part.write_bytes(data)


# Finding and making


def find(begin: Path, lessons: Sequence[Lesson], clock: Callable[[], float]) -> Folder | None:
    """The workshop that a folder is in: itself, or the nearest one above it; None: it is in none."""
    for root in (begin, *begin.parents):
        if (root / HIDDEN).is_dir():
            return Folder(root, lessons, clock)
    return None


def make(root: Path, track: str, lessons: Sequence[Lesson], clock: Callable[[], float]) -> Folder:
    """Make one, and open its first lesson.

    Raises:
        UsageError: the folder holds something already, or the track has no lesson.
    """
    order = _lessons_of(track, lessons)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(
            f"{root} is there already, and is not empty", "Name another: tracedemo workshop start DIR"
        )
    (root / HIDDEN / TRACES).mkdir(parents=True)
    (root / SOLUTIONS).mkdir()
    _put(root / "README.md", _README.encode())
    folder = Folder(root, lessons, clock)
    state = State(track=track, order=[lesson.name for lesson in order], last=clock())
    folder.open(state, order[0])
    states.write(state, folder.hidden)
    _put(folder.hidden / TRACK, f"{track}\n".encode())
    return folder


def _lessons_of(track: str, lessons: Sequence[Lesson]) -> Sequence[Lesson]:
    order = on_track(track, lessons)
    if not order:
        raise UsageError(
            f"the track {track} has no lesson", "tracedemo workshop start begins with all lessons."
        )
    return order
