# fails: watch/nothing-left
"""Changes the event each time, and forgets to unregister at the end."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    sel = selectors.DefaultSelector()
    try:
        sock, event = next(gen)
        sel.register(sock, event)
        while True:
            sel.select()
            sock, event = next(gen)
            sel.modify(sock, event)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
