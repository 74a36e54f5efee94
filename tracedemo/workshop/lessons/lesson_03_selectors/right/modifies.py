# passes: each wakeup is for what was yielded; the registration is kept, and given up at the end
"""Keeps the registration, and changes its event."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    with selectors.DefaultSelector() as sel:
        sock, event = next(gen)
        sel.register(sock, event)
        try:
            while True:
                sel.select()
                sock, event = next(gen)
                sel.modify(sock, event)
        except StopIteration as stop:
            sel.unregister(sock)
            return stop.value
