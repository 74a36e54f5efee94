# fails: ends/deadlock
"""Waits for bytes before it has asked for any: they never come."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, selectors.EVENT_READ)
            sel.select()
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
