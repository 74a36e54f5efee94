# fails: resume/told
"""Registers and unregisters, and never asks the kernel."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, event)
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
