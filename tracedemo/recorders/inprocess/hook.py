"""What runs inside the traced interpreter from its first moment: it waits for the modules that matter, then patches.

Plan
    `start()` is called by `startup/sitecustomize.py`. It makes the spool, and puts a finder at the head of
    `sys.meta_path` that lets the real finders do their work and only adds one step after the module has run: set the
    wrappers. So nothing is imported early, the order of imports is the program's own, and a program that uses no socket
    pays for one small file and this module.
    A module that is there already (a .pth file imported it) is patched at once.
    After a fork the child starts a spool of its own.

Nothing here writes to stdout or stderr: what goes wrong is noted in the spool, and the program runs on untraced.
"""

from __future__ import annotations

import os
import sys

from tracedemo.recorders.inprocess.layout import OWNER
from tracedemo.recorders.inprocess.mapping import suppress
from tracedemo.recorders.inprocess.spool import Spool, owner_var

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.patchpoints import Patch

MODULES = ("socket", "select", "selectors", "ssl", "asyncio.base_events")
"""Whose import is waited for."""

BEYOND = ("uvloop", "gevent", "psycopg2", "psycopg_c", "psycopg_binary", "pycurl", "grpc", "zmq")
"""Whose sockets are not Python's, so that a reader must be told that they are not seen."""


class Recorder:
    """A spool and what is patched for it.  One is active in a process at a time."""

    def __init__(self, spool: Spool, *, control: str = "", servers: frozenset[int] = frozenset()) -> None:
        self.spool = spool
        self.control = control
        self.patches: list[Patch] = []
        self.below = False
        spool.servers = servers

    def patch(self, name: str, module: ModuleType) -> None:
        """Set the wrappers of one module that has just been run, or was there before us."""
        from tracedemo.recorders.inprocess import patchpoints

        if self.control and self.spool.pace is None:
            from tracedemo.recorders.inprocess.pace import Pace

            self.spool.pace = Pace(self.spool, self.control)
        patch = patchpoints.Patch()
        self.patches.append(patch)
        if name == "asyncio.base_events":
            _tag_tasks(self.spool, module, patch)
        else:
            patchpoints.install(self.spool, name, module, patch)
        if patch.proxied:
            self.spool.meta("proxied", tuple(patch.proxied))
        if name == "socket":
            self._patch_below_socket()

    def _patch_below_socket(self) -> None:
        """`socket` has copied the functions of `_socket`: both are patched together, at the first import of socket."""
        if self.below:
            return
        self.below = True
        self.patch("_socket", sys.modules["_socket"])
        self.patch("os", os)
        if self.spool.watch_flow is not None:
            self.spool.watch_flow()

    def patch_present(self) -> None:
        """Patch what has been imported already."""
        for name in MODULES:
            module = sys.modules.get(name)
            if module is not None:
                self.patch(name, module)

    def on(self) -> None:
        """Begin to record."""
        self.spool.switch_on()

    def off(self) -> None:
        """Stop recording and take every wrapper away; `patch_present` sets them again."""
        self.spool.switch_off()
        while self.patches:
            self.patches.pop().undo()
        self.below = False


def _tag_tasks(spool: Spool, module: Any, patch: Patch) -> None:
    """Give each asyncio task its number in a context variable, from which its callbacks inherit it.

    A transport's callbacks run in the context in which they were registered, where `current_task()` is None. The
    variable is set around the creation, since a task copies the current context; with a context of the program's own
    it is set in there.
    """
    original = module.BaseEventLoop.create_task
    var = owner_var

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
            error.__traceback__ = error.__traceback__.tb_next  # type: ignore[union-attr]  # our frame is in no traceback
            raise
        newest[:] = id(task), index
        _name_owner(spool, task, index)
        return task

    from tracedemo.recorders.inprocess.wrappers import entered

    newest = [0, 0]
    patch.set(module.BaseEventLoop, "create_task", entered("create_task", create_task, original))
    named_later = getattr(module.tasks, "_set_task_name", None)
    if (
        named_later is not None
    ):  # until 3.12 `asyncio.create_task(..., name=...)` gives the name when the task is there

        def _set_task_name(task: Any, name: Any) -> None:
            named_later(task, name)
            if spool.on and newest[0] == id(task):
                _name_owner(spool, task, newest[1])

        patch.set(module.tasks, "_set_task_name", entered("_set_task_name", _set_task_name, named_later))


def _name_owner(spool: Spool, task: Any, index: int) -> None:
    try:
        spool.tell(OWNER, index, str(task.get_name()), str(task.get_coro().__name__))
    except Exception as error:  # noqa: BLE001  # a task factory may make anything
        spool.trouble("create_task", error)


class Finder:
    """At the head of sys.meta_path: finds nothing itself, but sees what is imported."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Ask the other finders, and put a step behind the loader of a module that matters."""
        if name not in MODULES and name not in BEYOND:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec: Any = finder.find_spec(name, path, target)
            if spec is not None:
                spec.loader = Loader(spec.loader, self.recorder)
                return spec
        return None


class Loader:
    """The real loader with one step more.  It puts the real one back, so that the module looks as it always does."""

    def __init__(self, real: Any, recorder: Recorder) -> None:
        self.real = real
        self.recorder = recorder

    def create_module(self, spec: Any) -> Any:
        """Let the real loader make the module."""
        return self.real.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """Let the real loader run the module, then patch it."""
        module.__spec__.loader = module.__loader__ = self.real
        self.real.exec_module(module)
        try:
            if module.__name__ in BEYOND:
                self.recorder.spool.meta("beyond", module.__name__)
            else:
                self.recorder.patch(module.__name__, module)
        except Exception as error:  # noqa: BLE001  # whatever it is, the program runs on
            self.recorder.spool.trouble(module.__name__, error)

    def __getattr__(self, name: str) -> Any:
        """What a program asks of a loader that `importlib.util.find_spec` gave it."""
        return getattr(self.real, name)


def start(settings: dict[str, str]) -> Recorder:
    """Begin to trace this interpreter.

    Args:
        settings: the TRACEDEMO_HOOK_* variables: FOLDER for the spool; SLOTS; SERVERS, ports of our server; CONTROL, its
            control socket when the run is lock-step; FLOW, `variant` or `script`.

    Raises:
        OSError: the spool cannot be made.
    """
    size = int(settings.get("SLOTS") or 1 << 20)
    spool = Spool(settings["FOLDER"], size, size >> 1, size)
    ports = frozenset(int(port) for port in settings.get("SERVERS", "").split(",") if port)
    recorder = Recorder(spool, control=settings.get("CONTROL", ""), servers=ports)
    from tracedemo.recorders.inprocess import flow

    flow.prepare(spool, settings.get("FLOW", ""))
    sys.meta_path.insert(0, Finder(recorder))
    recorder.patch_present()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: after_fork(recorder))
    recorder.on()
    return recorder


def after_fork(recorder: Recorder) -> None:
    """In the child: a spool of its own, or nothing at all when that cannot be made."""
    spool = recorder.spool
    if not spool.on:
        return
    try:
        spool.renew()
        if spool.pace is not None:
            spool.pace.renew()
    except OSError:
        spool.give_up()
