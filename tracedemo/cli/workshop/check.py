"""`tracedemo workshop check`: the learner's program in each scenario; what its trace lacks is said, one thing at a time."""

from __future__ import annotations

import argparse

from tracedemo import tracefile
from tracedemo.analysis.segments import is_call
from tracedemo.analysis.study import Study
from tracedemo.analysis.text import clean
from tracedemo.analysis.walk import Walk
from tracedemo.cli.parser import Parser
from tracedemo.cli.progress import Progress
from tracedemo.cli.workshop.common import glance, here, near, remembered, suggest_next
from tracedemo.cli.workshop.voice import Voice
from tracedemo.cli.workshop.watching import SAVED, Watch
from tracedemo.errors import FileError
from tracedemo.events import Trace
from tracedemo.workshop.checking import Verdict, check
from tracedemo.workshop.folder import Folder
from tracedemo.workshop.lesson import Lesson
from tracedemo.workshop.questions import filled

TAIL = 8
"""Lines of a traceback that are shown: its last ones."""
ABOUT = """\
The program is run in each scenario of the lesson, unmodified, and recorded;
what the lesson draws is drawn anew each time. The first thing that is wrong is
said, with the place. The exit code is 1 as long as something is.
"""


def prepare(parser: Parser) -> None:
    """What can be typed."""
    parser.add_argument(
        "--watch", action="store_true", help="again whenever the file is saved; Enter checks, too"
    )


def run(args: argparse.Namespace) -> int:
    """Check, once or again and again."""
    voice, folder = Voice(), here()
    if "watch" in args:
        return _watch(voice, folder)
    passed = try_it(voice, folder)
    if passed:
        suggest_next(voice, folder, glance(folder))
    return int(not passed)


def _watch(voice: Voice, folder: Folder) -> int:
    """Until it passes, or somebody ends it."""
    watch = Watch(voice, folder.file(folder.current(glance(folder))))
    wanted = f"Save {near(watch.file)}, or press Enter to check (q and Enter: end)."
    while not watch.looked(lambda: try_it(voice, folder)):
        voice.say()
        if not _goes_on(voice, watch, wanted):
            return 1
    suggest_next(voice, folder, glance(folder))
    return 0


def _goes_on(voice: Voice, watch: Watch, wanted: str) -> bool:
    """Wait for a reason to check again; False: somebody has had enough."""
    try:
        return watch.wait(wanted) in (SAVED, "")
    except KeyboardInterrupt:
        voice.say()
        return False


def try_it(voice: Voice, folder: Folder) -> bool:
    """Check the program of the open lesson, and say what came of it.  Returns whether it passed.

    Raises:
        FileError: it is not there.
        KeyboardInterrupt: it was stopped while the program ran.
    """
    lesson = folder.current(glance(folder))
    file = folder.file(lesson)
    try:
        program = file.read_bytes()
    except FileNotFoundError:
        raise FileError(f"{near(file)} is not there", "Put it back: tracedemo workshop reset") from None
    try:
        failed = _first_failing(folder, lesson)
    except KeyboardInterrupt:
        voice.say()
        voice.say("Stopped: nothing was judged, and this check does not count.")
        raise
    with remembered(folder) as state:
        state.of(lesson.name).checks += 1
    if failed is not None:
        _say_failed(voice, folder, lesson, *failed)
        return False
    with remembered(folder) as state:
        folder.note_pass(state, lesson, program)
    count = len(lesson.scenarios)
    voice.say(f"PASSED: {near(file)} does what lesson {lesson.number:02} asks, in"
              f" {'its scenario' if count == 1 else f'all {count} scenarios'}.")  # fmt: skip
    voice.say(f"A solution to compare it with: {near(folder.solution(lesson))}")
    return True


def _first_failing(folder: Folder, lesson: Lesson) -> tuple[int, Verdict] | None:
    """Number and verdict of the first scenario that fails; the last trace with a step in it is kept."""
    file = folder.file(lesson)
    with Progress(len(lesson.scenarios)) as progress:
        for number, verdict in enumerate(check(lesson, file, tell=progress.step), start=1):
            if verdict.trace is not None and _has_steps(verdict.trace):
                folder.traces.mkdir(parents=True, exist_ok=True)
                tracefile.write(verdict.trace, folder.trace(lesson))
            if not verdict.passed:
                return number, verdict
    return None


def _has_steps(trace: Trace) -> bool:
    """Whether there is something to walk through."""
    return len(Walk(Study(trace))) > 0


def _say_failed(voice: Voice, folder: Folder, lesson: Lesson, number: int, verdict: Verdict) -> None:
    """The first complaint in full; the others are counted, since they often go with it."""
    first, *others = verdict.complaints
    place = f" {number} of {len(lesson.scenarios)}" if len(lesson.scenarios) > 1 else ""
    voice.say(f"NOT YET. Scenario{place}: {filled(verdict.scenario.name, verdict.values)}")
    file = folder.file(lesson)
    voice.say(clean(str(first).replace(str(file), near(file))), indent=2)
    if others:
        count = "1 more rule is" if len(others) == 1 else f"{len(others)} more rules are"
        voice.say(f"{count} broken; look at this one first.", indent=2)
    if verdict.errors.strip():
        voice.say()
        voice.say(_saying(verdict))
        said = verdict.errors.replace(str(file), near(file))
        voice.program((clean(line) for line in said.rstrip().splitlines()[-TAIL:]), indent=2)
    if verdict.trace is not None and _has_steps(verdict.trace):
        voice.say()
        voice.say("See it happen:" if first.event else "See what it did last:")
        step = first.event or _last_step(Walk(Study(verdict.trace)))
        voice.typed(f"step {near(folder.trace(lesson))} --at {step}")
    drawn = ": its numbers are drawn anew each time" if lesson.draw else ""
    voice.say(f"Then change the file, and check again{drawn}. A hint: tracedemo workshop hint")


def _saying(verdict: Verdict) -> str:
    """What stands above what it said: the traceback of a program that we have ended is our doing."""
    if verdict.trace is not None and verdict.trace.header.ended in ("asleep", "its time was over"):
        return "Where the program was when it was told to end (by Ctrl-C):"
    return "What the program said at its end:"


def _last_step(walk: Walk) -> int:
    """Where to look when a complaint has no place: at the last call that did something, and not only tidied up."""
    events = ((step, walk.event(step)) for step in reversed(range(len(walk))))
    did = (step for step, event in events if is_call(event) and event.op not in _TIDYING)
    return next(did, len(walk) - 1) + 1


_TIDYING = frozenset({"close", "unregister", "detach", "shutdown", "getsockname", "getpeername"})
"""What a program does when it is about to end, or the interpreter for it."""
