"""trio: which task makes a call, and what the run loop runs.

trio has a door for this: an Instrument (trio.lowlevel) is told of each task that is spawned, and of each of its steps. Ours
is added when a run is set up. A task's number is set in the context variable of its own context, as for asyncio.
"""

from __future__ import annotations

from tracedemo.recorders.inprocess.callbacks import Written, site_of_coroutine
from tracedemo.recorders.inprocess.layout import OWNER
from tracedemo.recorders.inprocess.spool import owner_var
from tracedemo.recorders.inprocess.wrappers import entered

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch
    from tracedemo.recorders.inprocess.spool import Spool


class Steps:
    """An Instrument: the methods that trio looks for, and no others without an underscore."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._written = Written()
        self._names: dict[str, int] = {}

    def task_spawned(self, task: Any) -> None:
        """A task has been made."""
        spool = self._spool
        if not spool.on:
            return
        index = spool.next_index()
        spool.tell(OWNER, index, self._name(task))
        task.context.run(owner_var.set, index)

    def _name(self, task: Any) -> str:
        """The name that the program gave; else the function's, numbered as generators are."""
        name = str(task.name)
        ours = name.endswith(f".{task.coro.__qualname__}")
        if ours:
            name = task.coro.__name__
        count = self._names[name] = self._names.get(name, 0) + 1
        return f"{name} #{count}" if ours or count > 1 else name

    def before_task_step(self, task: Any) -> None:
        """A task goes on."""
        spool = self._spool
        if spool.on:
            place = site_of_coroutine(spool, task.coro)
            number = spool.fact(task.coro.__qualname__) << 32 | 1
            self._written.open(spool, place, task.context.get(owner_var, 0), number)

    def after_task_step(self, _task: Any) -> None:
        """It waits for something, or has ended."""
        if self._written.n:
            self._written.close(self._spool)


def install(spool: Spool, module: ModuleType, patch: Patch) -> None:
    """Add the Instrument to each run.

    Args:
        module: trio._core._run.
    """
    original = module.setup_runner

    def setup_runner(*args: Any, **kwargs: Any) -> Any:
        try:
            runner = original(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise
        if spool.on:
            try:
                runner.instruments.add_instrument(Steps(spool))
            except Exception as trouble:  # noqa: BLE001  # another trio than those that we know
                spool.trouble("trio", trouble)
        return runner

    patch.set(module, "setup_runner", entered("setup_runner", setup_runner, original))
