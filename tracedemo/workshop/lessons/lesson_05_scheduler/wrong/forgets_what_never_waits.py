# fails: run/returns
"""Returns nothing for a coroutine that has nothing to wait for."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    with selectors.DefaultSelector() as sel:
        try:
            sock, event = next(gen)
        except StopIteration:
            return b""
        sel.register(sock, event, data=gen)
        while True:
            for key, mask in sel.select():
                sel.unregister(key.fileobj)
                try:
                    sock, event = next(key.data)
                except StopIteration as stop:
                    return stop.value
                sel.register(sock, event, data=key.data)
