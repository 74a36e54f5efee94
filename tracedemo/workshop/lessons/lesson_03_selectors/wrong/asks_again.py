# fails: select/sleeps
"""Waits for the right event, but by asking again and again: a busy loop in select()."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        while True:
            sock, event = next(gen)
            sel.register(sock, event)
            while not sel.select(timeout=0):
                pass
            sel.unregister(sock)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
