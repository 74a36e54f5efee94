"""Found through PYTHONPATH by the interpreter of a traced program, before anything of the program runs.

It starts the recorder, takes every trace of itself out of the environment and of sys.path, and then lets the user's own
sitecustomize run, if there is one. When there is none, the ImportError that says so goes up to `site`, which expects it.
"""

import os
import sys


def _begin() -> None:
    prefix = "TRACEDEMO_HOOK_"
    settings = {
        name[len(prefix) :]: os.environ.pop(name) for name in list(os.environ) if name.startswith(prefix)
    }
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    _restore("PYTHONPATH", settings.pop("PYTHONPATH", None))
    if "FOLDER" not in settings:
        return
    root = here
    for _ in range(4):  # startup, inprocess, recorders, tracedemo
        root = os.path.dirname(root)
    sys.path.insert(0, root)
    try:
        from tracedemo.recorders.inprocess import hook

        hook.start(settings)
    except Exception as error:  # noqa: BLE001  # whatever it is, the program must run as if we were not there
        _complain(settings["FOLDER"], error)
    finally:
        sys.path.remove(root)


def _restore(name: str, value: "str | None") -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _complain(folder: str, error: Exception) -> None:
    try:
        with open(os.path.join(folder, f"{os.getpid()}.trouble"), "w", encoding="utf-8") as file:
            file.write(f"{type(error).__name__}: {error}")
    except OSError:
        pass


_begin()
del sys.modules["sitecustomize"], _begin, _restore, _complain
import sitecustomize  # noqa: E402, F401  # the user's own
