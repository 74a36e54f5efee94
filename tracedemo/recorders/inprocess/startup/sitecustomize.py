"""Found through PYTHONPATH by the interpreter of a traced program, before anything of the program runs.

It starts the recorder, takes every trace of itself out of the environment and of sys.path, and then lets the user's own
sitecustomize run, if there is one. When there is none, the ImportError that says so goes up to `site`, which expects it.

Under `--children` the environment stays as it is, so that the programs that this one starts find us, too. Any Python may
be among them: so this file is written in what all of them can read, and stands aside in those that are too old.
"""

import os
import sys


def _begin():  # noqa: ANN202  # no annotations: see above
    prefix = "TRACEDEMO_HOOK_"
    settings = {name[len(prefix) :]: os.environ[name] for name in list(os.environ) if name.startswith(prefix)}
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    if not settings.get("CHILDREN"):
        _clean(prefix, settings)
    if "FOLDER" not in settings:
        return
    if sys.version_info < (3, 11):  # noqa: UP036  # see above
        _complain(settings["FOLDER"], "it is Python %d.%d, and 3.11 is needed" % sys.version_info[:2])  # noqa: UP031
        return
    root = here
    for _ in range(4):  # startup, inprocess, recorders, tracedemo
        root = os.path.dirname(root)
    sys.path.insert(0, root)
    try:
        from tracedemo.recorders.inprocess import hook

        hook.start(settings)
    except Exception as error:  # noqa: BLE001  # whatever it is, the program must run as if we were not there
        _complain(settings["FOLDER"], "%s: %s" % (type(error).__name__, error))  # noqa: UP031  # see above
    finally:
        sys.path.remove(root)


def _clean(prefix, settings):  # noqa: ANN001, ANN202
    for name in settings:
        del os.environ[prefix + name]
    if "PYTHONPATH" in settings:
        os.environ["PYTHONPATH"] = settings["PYTHONPATH"]
    else:
        os.environ.pop("PYTHONPATH", None)


def _complain(folder, text):  # noqa: ANN001, ANN202
    try:
        with open(os.path.join(folder, "%d.trouble" % os.getpid()), "w") as file:  # noqa: UP031  # see above
            file.write(text)
    except OSError:
        pass


_begin()
del sys.modules["sitecustomize"], _begin, _clean, _complain
import sitecustomize  # noqa: E402, F401  # the user's own
