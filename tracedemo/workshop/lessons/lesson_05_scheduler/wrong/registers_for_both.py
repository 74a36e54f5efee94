# fails: watch/as-yielded
"""Registers for both events, so that it is woken for what nobody waits for."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    sel = selectors.DefaultSelector()
    try:
        sock, event = next(gen)
        sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, data=gen)

        while True:
            ready = sel.select()

            for key, mask in ready:
                sel.unregister(key.fileobj)
                sock, event = next(key.data)
                sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, data=key.data)

    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
