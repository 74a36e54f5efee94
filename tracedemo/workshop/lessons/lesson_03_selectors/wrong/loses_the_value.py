# fails: ends/well
"""Drives the generator with a for loop, which throws away what it returns."""


def drive(gen):
    """Drive a generator to its end with one selector, and return what it returned."""
    with selectors.DefaultSelector() as sel:
        for sock, event in gen:
            sel.register(sock, event)
            sel.select()
            sel.unregister(sock)
