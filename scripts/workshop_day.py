#!/usr/bin/env python3
"""A whole workshop, as a learner types it: what must hold on any laptop, held here.

Of each lesson: `run` refuses before a prediction; then it answers; the file as it is handed out fails by a named rule;
there are three hints; the solution, laid down, passes. In the end nobody is left behind, and `status` knows all of it.

Or, with --printed, each command that a page tells a learner or a teacher to type is typed.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.printed import commands  # noqa: E402
from tests.tagged import wait_until_gone  # noqa: E402
from tracedemo.workshop.catalogue import find_lesson, on_track  # noqa: E402
from tracedemo.workshop.lesson import Lesson  # noqa: E402

TAG = "TRACEDEMO_WORKSHOP_DAY"
"""Names, in the environment, all that a day starts."""

CALLS = "connect,sendto,sendmsg,sendmmsg"
FAMILY = re.compile(r"sa_family=(AF_\w+)")
ADDRESS = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""netdevice(7)."""
LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")


class Day:
    """One learner's folder, and what is typed there."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "workshop"
        self.faults: list[str] = []
        self.typed = 0
        self.environ = os.environ | {
            "XDG_STATE_HOME": str(place / "state"),
            "PYTHONPATH": str(ROOT),
            TAG: str(place),
        }

    def type(self, *words: str, where: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Type `tracedemo WORDS`."""
        command = [sys.executable, "-m", "tracedemo", *words]
        self.typed += 1
        return subprocess.run(command, cwd=where or self.folder, env=self.environ, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=120, check=False)  # fmt: skip

    def expect(self, what: str, codes: int | Sequence[int], *words: str, where: Path | None = None) -> str:
        """The same, held to one of these exit codes and to no traceback of ours; what was printed."""
        done = self.type(*words, where=where)
        said = done.stdout + done.stderr
        wanted = (codes,) if isinstance(codes, int) else codes
        if done.returncode not in wanted or "Traceback" in done.stderr:
            self.faults.append(
                f"{what}: `tracedemo {' '.join(words)}` ended with {done.returncode}, not {codes}:\n{said[-2000:]}"
            )
        return said

    def where(self, folder: Path | None = None) -> dict[str, object]:
        """What `status --json` says."""
        done = self.type("workshop", "status", "--json", where=folder)
        found: dict[str, object] = json.loads(done.stdout)
        return found


def learn(day: Day, wanted: Sequence[str]) -> None:
    """From doctor to the last lesson."""
    doctor = day.type("doctor", where=ROOT)
    if doctor.returncode not in (0, 1):
        day.faults.append(f"doctor ended with {doctor.returncode}")
    day.expect("start", 0, "workshop", "start", str(day.folder), "--track", "self", where=ROOT)
    chosen = {find_lesson(word).name for word in wanted}
    for lesson in on_track("self"):
        if not chosen or lesson.name in chosen:
            begin = time.monotonic()
            _lesson(day, lesson)
            print(f"  {lesson.number:02} {lesson.title:<40} {time.monotonic() - begin:5.1f} s", flush=True)
        day.expect(lesson.name, 0, "workshop", "next")


def _lesson(day: Day, lesson: Lesson) -> None:
    name, file = lesson.folder_name, day.folder / lesson.folder_name / lesson.file
    if lesson.questions:
        day.expect(f"{name}: before a prediction", 2, "workshop", "run")
        day.expect(name, 0, "workshop", "predict", *("a" for _ in lesson.questions))
    day.expect(name, 0, "workshop", "run")
    unsolved = day.expect(f"{name}, unsolved", 1, "workshop", "check")
    if not re.search(r"\b[a-z-]+/[a-z-]+\b", unsolved):
        day.faults.append(f"{name}: no rule is named for the unsolved file:\n{unsolved[-500:]}")
    hints = [day.expect(name, 0, "workshop", "hint") for _ in range(3)]
    day.faults += [
        f"{name}: hint {n} does not say `{n} of 3`"
        for n, text in enumerate(hints, 1)
        if f"{n} of 3" not in text
    ]
    day.expect(name, 0, "workshop", "solution")
    shutil.copyfile(day.folder / "solutions" / f"{name}.py", file)
    day.expect(f"{name}, solved", 0, "workshop", "check")


# What is printed


PAGES = ("handout.md", "guide.md", "slides.md")
HELD_ELSEWHERE = ("workshop bundle", "workshop dev", "workshop notes --follow")
"""A stick needs a package index, `dev` is for who writes lessons, and who follows goes on until Ctrl-C: they have tests of
their own.
"""
MAY_FAIL = {
    "workshop check": (0, 1),
    "doctor": (0, 1),
    "workshop solution": (0, 2),
    "workshop predict": (0, 2),
}
"""An unsolved file, a machine that lacks something, hints that are left, a lesson that is done: all are said."""
THEIR_OWN = "import socket\nleft, right = socket.socketpair()\nleft.send(b'x')\nright.recv(1)\n"


def follow_pages(day: Day) -> None:
    """Type what the pages say: each in a folder of its own, but those of lessons, which are typed in the lesson's."""
    for name in PAGES:
        begin = time.monotonic()
        where = day.folder.with_name(f"for-{name.removesuffix('.md')}")
        day.expect(name, 0, "workshop", "start", str(where), where=ROOT)
        _follow(day, name, (ROOT / "docs" / "workshop" / name).read_text(encoding="utf-8"), where)
        print(f"  {name:<43} {time.monotonic() - begin:5.1f} s", flush=True)
    day.expect("start", 0, "workshop", "start", str(day.folder), where=ROOT)
    for lesson in on_track("self"):
        begin = time.monotonic()
        where = day.folder / lesson.folder_name
        day.expect(lesson.name, 0, "workshop", "next", lesson.name)
        day.expect(lesson.name, 0, "workshop", "run", "--no-predict")
        day.expect(lesson.name, 0, "workshop", "solution", "--yes")
        shutil.copyfile(day.folder / "solutions" / f"{where.name}.py", where / lesson.file)
        for name in ("learner.md", "instructor.md"):
            _follow(day, f"{where.name}, {name}", lesson.text(name), where)
        print(f"  {lesson.number:02} {lesson.title:<40} {time.monotonic() - begin:5.1f} s", flush=True)


def _follow(day: Day, page: str, text: str, where: Path) -> None:
    for words in commands(text):
        command = " ".join(words)
        if command.startswith(HELD_ELSEWHERE):
            continue
        codes = next((codes for begin, codes in MAY_FAIL.items() if command.startswith(begin)), (0,))
        if "--fault" in words:  # what the fault does to the program is what it shows
            codes = (0, 1)
        day.expect(page, codes, *_meant(day, words, where), where=where)


def _meant(day: Day, words: Sequence[str], where: Path) -> Sequence[str]:
    """With what stands for something put in, and what waits for keys told that nobody is there."""
    if "their_own.py" in words:
        (where / "their_own.py").write_text(THEIR_OWN)
    trace = next(day.folder.parent.glob("*/.tracedemo/traces/*.jsonl"), "FILE")
    put_in = [str(trace) if word == "FILE" else word for word in words]
    if words[:2] == ["workshop", "predict"]:
        current = day.where(where)["current"]
        lesson = next(one for one in on_track("self") if one.folder_name == current)
        put_in += ["a" for _ in lesson.questions]
    if words[:2] == ["workshop", "present"] and "--script" not in words:
        put_in.append("--script")
    return put_in


def witness(log: Path) -> Iterator[str]:
    """What strace saw going off loopback: a line each."""
    for line in log.read_text(errors="replace").splitlines():
        family, address = FAMILY.search(line), ADDRESS.search(line)
        if family and family[1] in ("AF_INET", "AF_INET6") and not (address and LOOPBACK.match(address[1])):
            yield line


def loopback_up() -> None:
    """In a new network namespace loopback is down."""
    with socket.socket() as sock:
        flags = struct.unpack("16sh", fcntl.ioctl(sock, SIOCGIFFLAGS, struct.pack("16sh", b"lo", 0)))[1]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh", b"lo", flags | IFF_UP))


def able(command: list[str]) -> list[str]:
    """What stands before a command, if this machine can do it; nothing otherwise, and it is said."""
    try:
        can = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        can = False
    if not can:
        print(f"{' '.join(command)} is refused here: the day goes on without it")
    return command if can else []


def offline(words: Sequence[str]) -> int:
    """The whole in a namespace with loopback only, and strace around it."""
    with tempfile.TemporaryDirectory(prefix="workshop-day-") as name:
        log = Path(name) / "strace"
        alone = able(["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"])
        strace = ["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)]
        inner = [sys.executable, str(Path(__file__).resolve()), "--inside", *words]
        code = subprocess.run(
            [*alone, sys.executable, str(Path(__file__).resolve()), "--up", *strace, *inner], check=False
        ).returncode
        seen = log.read_text(errors="replace").splitlines() if log.exists() else []
        off = list(witness(log)) if seen else []
        print(
            f"strace saw {len(seen):,} calls of {CALLS}; {len(off)} of them went off loopback",
            *off[:20],
            sep="\n  ",
        )
        return code or int(bool(off)) or int(not seen)


def ordinary(words: Sequence[str]) -> int:
    """The whole in a user namespace where nobody is root, without strace on the PATH."""
    path = os.pathsep.join(
        part for part in os.environ["PATH"].split(os.pathsep) if not shutil.which("strace", path=part)
    )
    inner = [sys.executable, str(Path(__file__).resolve()), "--inside", *words]
    return subprocess.run(
        [*able([shutil.which("unshare") or "unshare", "--user"]), *inner],
        env=os.environ | {"PATH": path},
        check=False,
    ).returncode


def main() -> int:
    """Learn, and say what was amiss; exit code 1 then."""
    parser = argparse.ArgumentParser(
        prog="scripts/workshop-day", description="A whole workshop, as a learner types it."
    )
    parser.add_argument(
        "--offline", action="store_true", help="with loopback only, and strace as the witness"
    )
    parser.add_argument("--ordinary", action="store_true", help="without privileges, and without strace")
    parser.add_argument("--printed", action="store_true", help="what the printed pages tell to type instead")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--up", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="number or name (all)")
    args = parser.parse_args()
    if args.up:
        with suppress(PermissionError):  # no namespace of our own: loopback is up already
            loopback_up()
        os.execvp(args.up[0], args.up)  # noqa: S606  # goes on as strace
    if args.offline or args.ordinary:
        return (offline if args.offline else ordinary)(args.lessons)
    return _one_day(args.lessons, printed=args.printed)


def _one_day(wanted: Sequence[str], *, printed: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="workshop-") as name:
        day = Day(Path(name))
        print(f"user {os.geteuid()}, strace {'is' if shutil.which('strace') else 'is not'} on the PATH")
        if printed:
            follow_pages(day)
        else:
            learn(day, wanted)
        passed = [one for one in day.where()["lessons"] if one.get("passed")]  # type: ignore[attr-defined]  # JSON
        left = wait_until_gone(f"{TAG}={name}")
        day.faults += [f"{one} was left behind" for one in left]
        for fault in day.faults:
            print(f"AMISS {fault}")
        print(f"{len(passed)} lessons passed, {day.typed} commands typed, {len(day.faults)} faults")
        return int(bool(day.faults) or not (passed or printed))


if __name__ == "__main__":
    sys.exit(main())
