"""Looking at the program's objects without being seen.

A callback, a coroutine, what a task factory makes can be an object that answers every question (`__getattr__`), and may
print, or raise. So only objects of known types are asked, and all others in a way that runs no code of theirs.
"""

from __future__ import annotations

import sys
from types import MethodType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any


def name_of(thing: Any, attribute: str = "__qualname__") -> str:
    """A name also for what has none: a partial is called as what it will call, an object by its class."""
    functools = sys.modules["functools"]  # asyncio has it
    while issubclass(type(thing), functools.partial):
        thing = functools.partial.func.__get__(thing)
    try:
        # Not getattr(): this way no `__getattr__` or `__getattribute__` of the program's is called.
        found = object.__getattribute__(thing.__func__ if type(thing) is MethodType else thing, attribute)
    except AttributeError:
        found = None
    return found if type(found) is str else type(thing).__qualname__


def leave_out(filename: str, task: Any, caller: FrameType) -> None:
    """Take a frame of ours from the lines that say where a task was made, and put back the oldest, which it pushed out.

    They are kept in debug mode (Lib/asyncio/format_helpers.py, extract_stack).
    """
    trace = task._source_traceback  # noqa: SLF001  # there is no other way
    ours = next((at for at, line in enumerate(trace or ()) if line.filename == filename), None)
    if ours is not None:
        behind = trace[ours + 1 :]
        before = sys.modules["asyncio.format_helpers"].extract_stack(caller)
        trace[:] = before[len(behind) - len(trace) :] + behind
