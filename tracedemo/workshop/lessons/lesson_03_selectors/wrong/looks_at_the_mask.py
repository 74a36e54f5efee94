# fails: ends/spin
"""Looks at the mask, but is told all the time that the socket can be written to."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        sock, event = next(gen)
        sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while True:
            for key, mask in sel.select():
                if mask & event:
                    sock, event = next(gen)
    except StopIteration as stop:
        sel.unregister(sock)
        return stop.value
    finally:
        sel.close()
