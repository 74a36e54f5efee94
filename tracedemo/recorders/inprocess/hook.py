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

from tracedemo.recorders.inprocess import children
from tracedemo.recorders.inprocess.spool import Spool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

    from tracedemo.recorders.inprocess.loops import Loops
    from tracedemo.recorders.inprocess.patchpoints import Patch
    from tracedemo.recorders.inprocess.watchdog import Watchdog

MODULES = ("signal", "socket", "select", "selectors", "ssl", "asyncio.base_events", "trio._core._run")
"""Whose import is waited for."""

BEYOND = ("uvloop", "gevent", "psycopg2", "psycopg_c", "psycopg_binary", "pycurl", "grpc", "zmq")
"""Whose sockets are not Python's, so that a reader must be told that they are not seen."""

LEAST_CHUNKS = 1 << 13
"""Room for side facts, however few calls are kept: where the program makes calls must be told in any case."""


class Recorder:
    """A spool and what is patched for it.  One is active in a process at a time."""

    def __init__(self, spool: Spool, *, control: str = "", servers: frozenset[int] = frozenset()) -> None:
        self.spool = spool
        self.control = control
        self.patches: list[Patch] = []
        self.below = False
        self.of_variant = False
        """Whether generators are watched from the import of selectors on, too: one variant has no sockets."""
        self.watches_flow = False
        self.loops: Loops | None = None
        self.watch = False
        """Whether a watchdog is to look at event loops."""
        self.watchdog: Watchdog | None = None
        spool.servers = servers

    def patch(self, name: str, module: ModuleType) -> None:
        """Set the wrappers of one module that has just been run, or was there before us."""
        if name == "signal" and not self.below:  # of no interest without sockets; they bring it along
            return
        from tracedemo.recorders.inprocess import patchpoints

        if self.control and self.spool.pace is None:
            from tracedemo.recorders.inprocess.pace import Pace

            self.spool.pace = Pace(self.spool, self.control)
        patch = patchpoints.Patch()
        self.patches.append(patch)
        if name == "asyncio.base_events":
            from tracedemo.recorders.inprocess import loops

            self.loops = loops.install(self.spool, module, patch)
            if self.watch:
                from tracedemo.recorders.inprocess.watchdog import Watchdog

                self.watchdog = Watchdog(self.loops)
        elif name == "trio._core._run":
            from tracedemo.recorders.inprocess import trio_tasks

            trio_tasks.install(self.spool, module, patch)
        else:
            patchpoints.install(self.spool, name, module, patch)
        if patch.proxied:
            self.spool.meta("proxied", tuple(patch.proxied))
        if name == "socket":
            self._patch_below_socket()
        elif name == "selectors" and self.of_variant:
            self._watch_flow()

    def _patch_below_socket(self) -> None:
        """`socket` has copied the functions of `_socket`: both are patched together, at the first import of socket."""
        if self.below:
            return
        self.below = True
        self.patch("_socket", sys.modules["_socket"])
        self.patch("os", os)
        if "signal" in sys.modules:
            self.patch("signal", sys.modules["signal"])
        self._watch_flow()

    def _watch_flow(self) -> None:
        if self.spool.watch_flow is not None and not self.watches_flow:
            self.watches_flow = True
            self.spool.watch_flow()

    def patch_present(self) -> None:
        """Patch what has been imported already."""
        for name in MODULES:
            module = sys.modules.get(name)
            if module is not None and not half_imported(module):
                self.patch(name, module)

    def on(self) -> None:
        """Begin to record."""
        self.spool.switch_on()

    def off(self) -> None:
        """Stop recording and take every wrapper away; `patch_present` sets them again."""
        self.spool.switch_off()
        while self.patches:
            self.patches.pop().undo()
        self.below = self.watches_flow = False


def half_imported(module: ModuleType | None) -> bool:
    """Whether a module is still being run; the Finder sees the end of it."""
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


active: Recorder | None = None
"""The recorder that `start` has made: this process is one that `tracedemo run` records."""


class Finder:
    """At the head of sys.meta_path: finds nothing itself, but sees what is imported."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Ask the other finders, and put a step behind the loader of a module that matters."""
        if name not in MODULES and name not in BEYOND and name not in children.MODULES:
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
            elif module.__name__ in children.MODULES:
                children.patch(self.recorder.spool, module.__name__, module)
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
            control socket when the run is lock-step; FLOW, `variant` or `script`; KEEP, `first` or `last`;
            WATCHDOG, not empty when one is wanted; INJECT, a word of `inject`, or empty.

    Raises:
        OSError: the spool cannot be made.
    """
    size = int(settings.get("SLOTS") or 1 << 20)
    keeps_first = settings.get("KEEP") == "first"
    spool = Spool(settings["FOLDER"], size, max(size >> 1, 1), max(size, LEAST_CHUNKS), first=keeps_first)
    ports = frozenset(int(port) for port in settings.get("SERVERS", "").split(",") if port)
    recorder = Recorder(spool, control=settings.get("CONTROL", ""), servers=ports)
    recorder.watch = bool(settings.get("WATCHDOG"))
    spool.inject = settings.get("INJECT", "")
    from tracedemo.recorders.inprocess import flow

    flow.prepare(spool, settings.get("FLOW", ""))
    recorder.of_variant = settings.get("FLOW") == "variant"
    sys.meta_path.insert(0, Finder(recorder))
    recorder.patch_present()
    children.watch(spool)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: after_fork(recorder))
    recorder.on()
    global active  # noqa: PLW0603  # there is one in a process
    active = recorder
    return recorder


def after_fork(recorder: Recorder) -> None:
    """In the child: a spool of its own, or nothing at all when that cannot be made."""
    spool = recorder.spool
    if not spool.on:
        return
    try:
        spool.renew()
        spool.meta("forked", os.getppid())
        if recorder.loops is not None:
            recorder.loops.renew()
        if recorder.watchdog is not None:
            recorder.watchdog.renew()
        if spool.pace is not None:
            spool.pace.renew()
    except OSError:
        spool.give_up()
