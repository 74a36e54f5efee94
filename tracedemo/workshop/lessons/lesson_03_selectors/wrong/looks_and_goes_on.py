# fails: resume/told
"""Looks for a moment, and resumes the generator whatever it saw."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, event)
            sel.select(timeout=0)
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
