"""The one recorder of a process that traces itself, shared by all who trace at the same time.

Rules
    * Patched once. Each `begin` gives a Window over the same spool, and the last `end` takes every wrapper away.
    * A process that `tracedemo run` records already has a recorder (`hook.active`): windows lie over its spool, and nothing
      is patched.
    * Modules that matter may be there, or be imported later, or be in the middle of it in another thread: the Finder waits
      for them while somebody traces, as it does in a run.
    * A forked child records nothing into its parent's memory. Its windows have ended, and it is as bare as before.
"""

from __future__ import annotations

import itertools
import os
import stat
import sys
from _thread import RLock

from tracedemo.recorders.inprocess import children, flow, hook
from tracedemo.recorders.inprocess.layout import PAGE
from tracedemo.recorders.inprocess.spool import Spool
from tracedemo.recorders.inprocess.window import Before, Window, position

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any


class Shared(hook.Recorder):
    """A recorder that may end while another thread imports a module that it waits for."""

    ended = False

    def patch(self, name: str, module: ModuleType) -> None:
        """Set the wrappers of one module, unless we are gone by now."""
        with _lock:
            if not self.ended:
                super().patch(name, module)


class Watcher(hook.Finder):
    """A Finder that comes and goes: what a run patches for good (`children`) is left alone."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """As it does, for the modules that Shared patches."""
        return None if name in children.MODULES else super().find_spec(name, path, target)


_lock = RLock()
_windows: list[Window] = []
_recorder: Shared | None = None
_finder: Watcher | None = None
_indices = itertools.count(1)
"""Numbers of owners go on from one spool to the next: a task that the last one numbered may live on."""
_MOST_INDICES = 1 << 24
_knows_forks = False


def begin(slots: int) -> Window:
    """Record this process, or go on doing so, and begin a window.

    Args:
        slots: how many calls are kept; no matter when somebody records already.

    Raises:
        OSError: there is no memory for it.
    """
    from tracedemo.recorders.inprocess import patchpoints  # noqa: F401  # imported before the lock is held

    _wait_for_imports()
    with _lock:
        spool = _running()
        if spool is None:
            spool = _start(slots)
        window = Window(spool)
        _windows.append(window)
    try:
        window.before = Before(_peers(), _accepting())
    except BaseException:  # Ctrl-C: nobody will end it
        end(window)
        raise
    return window


def end(window: Window) -> None:
    """End a window; the last one takes everything away."""
    with _lock:
        if window not in _windows:
            return
        _windows.remove(window)
        spool = window.spool
        window.end()
        ours = _recorder is not None and spool is _recorder.spool
        if ours and not any(other.spool is spool for other in _windows):
            _stop()
        else:
            window.keep()


def _running() -> Spool | None:
    """The spool that records this process now."""
    if _recorder is not None:
        return _recorder.spool
    return hook.active.spool if hook.active is not None and hook.active.spool.on else None


def _start(slots: int) -> Spool:
    global _recorder, _finder, _indices  # noqa: PLW0603  # there is one in a process
    spool = Spool("", slots, slots >> 1, slots)
    if position(_indices) > _MOST_INDICES:
        _indices = itertools.count(1)
    spool.next_index = _indices.__next__
    flow.prepare(spool, "script")
    for name in hook.BEYOND:
        if name in sys.modules:
            spool.meta("beyond", name)
    _know_forks()
    _recorder = Shared(spool)
    _finder = Watcher(_recorder)
    try:
        sys.meta_path.insert(0, _finder)
        _recorder.patch_present()
        _recorder.on()
    except BaseException:
        _stop()
        raise
    return spool


def _stop() -> None:
    global _recorder, _finder
    recorder, finder, _recorder, _finder = _recorder, _finder, None, None
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
    if recorder is not None:
        recorder.ended = True
        recorder.off()
        monitor = getattr(recorder.spool.watch_flow, "__self__", None)
        if monitor is not None:
            monitor.end()


def _wait_for_imports() -> None:
    """A module that another thread is in the middle of importing is patched when that is done."""
    for name in hook.MODULES:
        if hook.half_imported(sys.modules.get(name)):
            __import__(name)


# -- Forks


def _know_forks() -> None:
    """Hear of forks from now on; there is no way to take that back."""
    global _knows_forks  # noqa: PLW0603  # as above
    if not _knows_forks and hasattr(os, "register_at_fork"):
        _knows_forks = True
        os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_in_child)


def _before_fork() -> None:
    _lock.acquire()


def _after_in_parent() -> None:
    _lock.release()


def _in_child() -> None:
    """The map is still the parent's: leave it alone, and be bare."""
    global _lock  # noqa: PLW0603  # the thread that may have held it more than once is not here
    _lock = RLock()
    while _windows:
        window = _windows.pop()
        window.end()
        window.seal()
        window.forked = True
    if _recorder is not None:
        spool = _recorder.spool
        try:
            spool.renew()
        except OSError:
            spool.map = bytearray(PAGE)  # type: ignore[assignment]  # for the little that is still written
        _stop()


# -- What is connected already


def _peers() -> dict[int, Any]:
    """The other sides of sockets that are open now, by descriptor: a send on one of them does not say where to.

    With a default timeout, to look at a descriptor would make it non-blocking: then nothing is known.
    """
    module: Any = sys.modules.get("_socket")
    folder = next(filter(os.path.isdir, ("/proc/self/fd", "/dev/fd")), None)
    if module is None or folder is None or module.getdefaulttimeout() is not None:
        return {}
    try:
        numbers = [int(name) for name in os.listdir(folder)]
    except (OSError, ValueError):
        return {}
    return {fd: peer for fd in numbers if (peer := _peer(module, fd)) is not None}


def _accepting() -> int:
    """How many threads are inside of `socket.accept`."""
    frames = sys._current_frames().values()  # noqa: SLF001  # there is no other way
    return sum(frame.f_code.co_qualname == "socket.accept" for frame in frames)


def _peer(module: Any, fd: int) -> Any:
    sock = None
    try:
        if not stat.S_ISSOCK(os.fstat(fd).st_mode):
            return None
        sock = module.socket(fileno=fd)
        return sock.getpeername()
    except OSError:  # not connected, or closed meanwhile
        return None
    finally:
        if sock is not None:
            sock.detach()
