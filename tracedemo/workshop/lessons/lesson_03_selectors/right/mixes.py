# passes: the same steps, some by next() and some by send()
"""Begins with next() and goes on with send()."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    with selectors.DefaultSelector() as sel:
        sock, event = next(gen)
        turn = 0
        try:
            while True:
                sel.register(sock, event)
                sel.select()
                sel.unregister(sock)
                turn += 1
                sock, event = next(gen) if turn % 2 else gen.send(None)
        except StopIteration as stop:
            return stop.value
