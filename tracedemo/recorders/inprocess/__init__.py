"""The in-process recorder: wrappers on the socket interface of the traced interpreter.

Theory of operation
    `startup/sitecustomize.py` runs when the traced interpreter starts and calls `hook`, which waits until the program
    imports socket, select, selectors, ssl or asyncio. Then `patchpoints` sets wrappers (`wrappers`) on the classes and
    modules; each call writes one packed record into a memory-mapped file (`spool`), with `side` facts where a number
    is not enough. `flow` writes the steps of generators. `pace` talks to the server when the run is lock-step.
    Nothing is decoded in the traced program. When it has ended, however it ended, the parent reads the file (`decode`).

Two halves, one package
    spool, wrappers, patchpoints, describe, flow, pace and hook run inside the traced program: they import nothing but
    small built-in modules, and no name of typing. decode and launch run in our own process.

Imported inside traced programs: keep it empty.
"""
