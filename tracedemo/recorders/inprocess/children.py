"""Which programs the program starts, and when it becomes another one itself: facts for a reader who looks for their spools.

A child that was forked has a spool of its own, as always. One that is another program has one if it is a Python, and the
environment that it was given still names our folder (`--children`); whoever is named here and has none was not recorded.

What is seen
    `_posixsubprocess.fork_exec`   the one way of subprocess, asyncio's subprocesses and multiprocessing
    `os.posix_spawn`, `posix_spawnp`
    `os.execv`, `os.execve`        all of os.exec* and, in a forked child, os.spawn* come by one of these two
    `os.system`                    whose process the C library keeps to itself: no number is known

A program that cannot be started is found out by subprocess only when its process has been made; that one is taken back.
None of this is in the way of a call that is recorded.
"""

from __future__ import annotations

import os
import sys

from tracedemo.recorders.inprocess.layout import META
from tracedemo.recorders.inprocess.standins import entered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.spool import Spool

MODULES = ("_posixsubprocess", "subprocess")
"""Whose import is waited for."""

MOST_WORDS = 100
"""Characters of a command that are kept."""


def watch(spool: Spool) -> None:
    """Set the wrappers in `os`, in the module of which that has its functions, and in what has been imported already."""
    below = sys.modules.get(os.name)
    key = spool.next_index()
    for name, make in (
        ("posix_spawn", lambda original: starting(spool, original, 1)),
        ("posix_spawnp", lambda original: starting(spool, original, 1)),
        ("execv", lambda original: becoming(spool, original, key)),
        ("execve", lambda original: becoming(spool, original, key)),
        ("system", lambda original: in_shell(spool, original)),
    ):
        _replace(os, name, make)
        if hasattr(below, name) and hasattr(os, name):
            setattr(below, name, getattr(os, name))  # where pickle looks for it
    for name in MODULES:
        if name in sys.modules:
            patch(spool, name, sys.modules[name])


def patch(spool: Spool, name: str, module: ModuleType) -> None:
    """Set the wrappers of one of MODULES, which has just been run, or was there before us."""
    if name == "_posixsubprocess":
        _replace(module, "fork_exec", lambda original: starting(spool, original, 0))
        return
    if not hasattr(getattr(module, "_fork_exec", None), "__wrapped__"):  # it was taken before we came
        _replace(module, "_fork_exec", lambda original: starting(spool, original, 0))
    _replace(module.Popen, "_execute_child", lambda original: executing(spool, original))


def _replace(place: Any, name: str, make: Callable[[Any], Any]) -> None:
    original = getattr(place, name, None)
    if original is not None:
        setattr(place, name, entered(name, make(original), original))


# In each of these `error.__traceback__ = ...tb_next` takes our frame out of the program's traceback (see `wrappers`).


def starting(spool: Spool, original: Any, command: int) -> Any:
    """A function that starts a program, and gives the number of its process.

    Args:
        command: which argument holds the program's words.
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            pid = original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise
        if spool.on:
            note(spool, "child", (pid, words_of(args[command] if len(args) > command else None)))
        return pid

    return wrapper


def executing(spool: Spool, original: Any) -> Any:
    """`Popen._execute_child`, which raises when the process could not become the program."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            pid = getattr(args[0], "pid", None) if args else None
            if spool.on and type(pid) is int and isinstance(error, Exception):
                note(spool, "child", (pid, None))
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise

    return wrapper


def becoming(spool: Spool, original: Any, key: int) -> Any:
    """A function that returns only if the process could not become another program.

    Args:
        key: of the fact; what is told last under one key counts.
    """

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            if spool.on:
                note(spool, "exec", words_of(args[1] if len(args) > 1 else None), key)
            return original(*args, **kwargs)
        except BaseException as error:
            if spool.on:
                note(spool, "exec", None, key)
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise

    return wrapper


def in_shell(spool: Spool, original: Any) -> Any:
    """`os.system`."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            if spool.on:
                note(spool, "system", words_of(args[:1] or (*kwargs.values(),)))
            return original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise

    return wrapper


def note(spool: Spool, name: str, value: Any, key: int = 0) -> None:
    """Write a fact; what goes wrong is noted, and never reaches the program.

    Args:
        key: of a fact that takes the place of what was told under this key before.
    """
    try:
        spool.tell(META, key or spool.next_index(), name, value)
    except Exception as error:  # noqa: BLE001  # whatever it is, the program runs on
        spool.trouble(name, error)


def words_of(command: Any) -> str:
    """A command in one line.  Nothing of the program's own is called: of other objects than texts the type is named."""
    if type(command) not in (list, tuple):
        return "?"
    words: list[str] = []
    room = MOST_WORDS
    for word in command:
        text = word if type(word) is str else os.fsdecode(word) if type(word) is bytes else _text(word)
        words.append(text[: room + 1])
        room -= len(words[-1]) + 1
        if room < 0:
            break
    line = " ".join(" ".join(words).split())
    return line if len(line) <= MOST_WORDS else line[: MOST_WORDS - 3] + "..."


def _text(word: Any) -> str:
    kind = type(word)
    return os.fspath(word) if kind.__module__.startswith("pathlib") else f"<{kind.__name__}>"
