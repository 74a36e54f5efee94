"""Small lessons for tests: each a folder as `tracedemo/workshop/lessons` has them, with nothing in it that takes long."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tracedemo.workshop.catalogue import lessons
from tracedemo.workshop.lesson import Lesson

TOML = """\
title = "{title}"
goal = "Fetch a page."
minutes = {{ {minutes} }}
demo = [{demo}]
hints = ["Which call brings the answer?", "Look at the last recv().", "Read until recv() gives no bytes."]

[draw]
k = [3, 7]

[[run]]
words = ["run", "blocking", "--pieces", "{{k}}", "--pace", "lockstep", "--view", "summary"]

[[question]]
text = "The answer comes in {{k}} pieces. How many calls say \\"not yet\\"?"
measure = "not_yet"
proof = "recv"
[[question.option]]
formula = "0"
thinks = "A blocking call waits until it can do its work."
[[question.option]]
formula = "k"
thinks = "Each piece is waited for."
[[question.option]]
formula = "k + 1"
thinks = "And the connection, too."

[exercise]
file = "fetch.py"

[[exercise.scenario]]
name = "an answer in {{k}} pieces"
server = {{ pieces = "k" }}
rules = ["ends/well", "result/body", "fds/closed"]
cpu_s = 2
"""

LEARNER = """\
# {title}

## Goal

Fetch a page, and all of it.

## Run

A fetch whose answer comes in {{k}} pieces.

## See

Each recv() waits:

- for the first piece
- for the others

## Exercise

Let `{{file}}` read all of it.
"""

INSTRUCTOR = "# {title}\n\n## Say\n\nRead on.\n\n## Watch\n\nLoops.\n\n## Drop\n\nAll of it.\n"

SOLUTION = '''\
"""Fetch a page, and print the SHA-256 of its body."""

import hashlib
import socket
import sys


# [solution]
def read_all(sock):
    """All that comes."""
    response = b""
    while chunk := sock.recv(4096):
        response += chunk
    return response


# [exercise]
#| def read_all(sock):
#|     """All that comes."""
#|     return sock.recv(4096)
#|
#|
# [end]
host, _, port = sys.argv[1].partition(":")
with socket.create_connection((host, int(port))) as sock:
    sock.sendall(f"GET / HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: close\\r\\n\\r\\n".encode())
    print(hashlib.sha256(read_all(sock).partition(b"\\r\\n\\r\\n")[2]).hexdigest())
'''

RIGHT = SOLUTION.partition("# [solution]\n")[2].partition("# [exercise]")[0]
WRONG = {
    "two": ("result/body", "return sock.recv(4096) + sock.recv(4096)"),
    "none": ("result/body", 'return b""'),
    "raises": ("ends/well", 'raise ValueError("no")'),
    "open": (
        "fds/closed",
        "globals()['kept'] = socket.socket()\n    return b''.join(iter(lambda: sock.recv(4096), b''))",
    ),
    "turns": ("ends/endless", "while True:\n        pass"),
}
"""Name -> the rule that is broken, and a body of read_all."""


def make_lesson(
    folder: Path, number: int, name: str, *, minutes: str = "half = 10, self = 12", demo: str = ""
) -> Path:
    """Write the folder of a lesson below another one."""
    place = folder / f"lesson_{number:02}_{name}"
    title = f"The {name} one"
    for part in ("right", "wrong"):
        (place / part).mkdir(parents=True)
    texts = {
        "lesson.toml": TOML.format(title=title, minutes=minutes, demo=demo),
        "learner.md": LEARNER.format(title=title),
        "instructor.md": INSTRUCTOR.format(title=title),
        "solution.py": SOLUTION,
        "helper.py": "HELP = 1\n",
        "right/same.py": f"# a copy\n{RIGHT}",
        **{f"wrong/{key}.py": f"# fails: {rule}\ndef read_all(sock):\n    {body}\n\n\n"
           for key, (rule, body) in WRONG.items()},
    }  # fmt: skip
    for file, text in texts.items():
        (place / file).write_text(text, encoding="utf-8")
    return place


def three_lessons(folder: Path) -> Sequence[Lesson]:
    """A first, a second that is shown in the half-day track, and a third that only those have who learn alone."""
    make_lesson(folder, 1, "first")
    make_lesson(folder, 2, "second", demo='"half"')
    make_lesson(folder, 3, "third", minutes="self = 12")
    return lessons(folder)


class Clock:
    """Stands still, until it is set."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now
