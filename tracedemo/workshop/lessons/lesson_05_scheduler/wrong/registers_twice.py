# fails: ends/well
"""Registers a socket that is registered already."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    sel = selectors.DefaultSelector()
    try:
        sock, event = next(gen)
        sel.register(sock, event, data=gen)

        while True:
            ready = sel.select()

            for key, mask in ready:
                sock, event = next(key.data)
                sel.register(sock, event, data=key.data)

    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
