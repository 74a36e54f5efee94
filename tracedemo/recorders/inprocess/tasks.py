"""asyncio: which task makes a call.

Each task gets a number in a context variable, from which its callbacks inherit it: a transport's callbacks run in the
context in which they were registered, where `current_task()` is None. Tasks that share one context (`context=`) would all
have the number of the last; so for these it is set again before each of their steps.
"""

from __future__ import annotations

import sys

from tracedemo.recorders.inprocess.layout import OWNER
from tracedemo.recorders.inprocess.looks import leave_out, name_of
from tracedemo.recorders.inprocess.mapping import suppress
from tracedemo.recorders.inprocess.spool import owner_var
from tracedemo.recorders.inprocess.standins import entered, is_ours

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch
    from tracedemo.recorders.inprocess.spool import Spool


class Tasks:
    """What is known of a program's tasks."""

    def __init__(self, spool: Spool, module: ModuleType) -> None:
        self.spool = spool
        tasks = module.tasks
        self.classes = tuple(dict.fromkeys((tasks.Task, tasks._PyTask)))  # noqa: SLF001  # in C, and in Python
        self.unseen: dict[int, tuple[int, str, str]] = {}
        """Tasks that have not run yet, by address: number, name, coroutine. Many a task is named after it was made."""
        self.shared: dict[int, tuple[int, Any]] = {}
        """Tasks that share a context, by address: their numbers, and what takes them out of here."""
        self.special: set[int] = set()
        """The addresses of both kinds."""

    def known(self, task: Any) -> Any:
        """The class whose methods tell of a task what a subclass may tell otherwise; None: it is no task of asyncio's."""
        kind = type(task)
        if kind in self.classes:
            return kind
        return next((each for each in self.classes if issubclass(kind, each)), None)

    def created(self, task: Any, coroutine: Any, index: int, *, shares: bool) -> None:
        """A task has been made."""
        kind = self.known(task)
        label = name_of(coroutine, "__name__")
        if kind is None:  # by a task factory
            self.spool.tell(OWNER, index, name_of(type(task)), label)
            return
        name = str(kind.get_name(task))
        self.spool.tell(OWNER, index, name, label)
        key = id(task)
        self.unseen[key] = index, name, label
        self.special.add(key)
        if shares:
            from _weakref import ref

            self.shared[key] = index, ref(task, lambda _: self.gone(key))

    def gone(self, key: int) -> None:
        """A task that shared its context is no more."""
        self.shared.pop(key, None)
        self.special.discard(key)

    def named(self, task: Any) -> None:
        """A task that may have another name than it had: it runs for the first time, or was told one."""
        index, name, label = self.unseen[id(task)]
        kind = self.known(task)
        # Its coroutine is not asked for again: 3.12.1 crashes on that when an eager task has ended.
        if kind is not None and kind.get_name(task) != name:
            self.spool.tell(OWNER, index, str(kind.get_name(task)), label)

    def look_at(self, task: Any, handle: Any) -> None:
        """A task is about to run that may be one of those that need more than a look."""
        key = id(task)
        if key not in self.special:
            return
        if key in self.unseen:
            self.named(task)
            del self.unseen[key]
        if key in self.shared:
            handle._context.run(owner_var.set, self.shared[key][0])  # noqa: SLF001
        else:
            self.special.discard(key)


def tag(tasks: Tasks, module: Any, patch: Patch) -> None:
    """Give each task its number as it is made: a task copies the current context.

    With a context of the program's own it is set in there.
    """
    spool, var = tasks.spool, owner_var
    original = module.BaseEventLoop.create_task

    def create_task(*args: Any, **kwargs: Any) -> Any:
        try:
            if not spool.on:
                return original(*args, **kwargs)
            index = spool.next_index()
            context = kwargs.get("context")
            token = var.set(index)
            try:
                if context is not None:
                    with suppress(RuntimeError):  # the program is inside it already
                        context.run(var.set, index)
                task = original(*args, **kwargs)
            finally:
                var.reset(token)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]
            raise
        with Noting(spool, "create_task"):  # a task factory may make anything
            coroutine = args[1] if len(args) > 1 else kwargs.get("coro")
            tasks.created(task, coroutine, index, shares=context is not None)
            if args[0].get_debug():
                leave_out(__file__, task, sys._getframe(1))  # noqa: SLF001  # of whoever made the task
        return task

    patch.set(module.BaseEventLoop, "create_task", entered("create_task", create_task, original))
    named_later = getattr(module.tasks, "_set_task_name", None)
    if (
        named_later is not None
    ):  # until 3.12 `asyncio.create_task(..., name=...)` gives the name when the task is there

        def _set_task_name(task: Any, name: Any) -> None:
            named_later(task, name)
            if spool.on and name is not None and id(task) in tasks.unseen:
                with Noting(spool, "create_task"):
                    tasks.named(task)

        patch.set(module.tasks, "_set_task_name", entered("_set_task_name", _set_task_name, named_later))


class Noting:
    """Whatever goes wrong with our notes is noted, and the program runs on."""

    def __init__(self, spool: Spool, where: str) -> None:
        self.spool = spool
        self.where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, Exception) or not is_ours(error):
            return False
        self.spool.trouble(self.where, error)
        return True
