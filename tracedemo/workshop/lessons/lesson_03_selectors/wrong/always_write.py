# fails: resume/told
"""Waits until it may write, whatever was yielded."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, selectors.EVENT_WRITE)
            sel.select()
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
