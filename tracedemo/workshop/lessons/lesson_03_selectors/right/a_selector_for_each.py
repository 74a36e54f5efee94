# passes: a selector that is closed forgets what it watched
"""Makes a selector for each wait, and closes it behind that."""


def drive(gen):
    """Drive a generator to its end, each wait with a selector of its own, and return what it returned."""
    try:
        while True:
            sock, event = next(gen)
            with selectors.DefaultSelector() as sel:
                sel.register(sock, event)
                sel.select()
    except StopIteration as stop:
        return stop.value
