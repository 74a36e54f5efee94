# fails: ends/well
"""The post's way: a coroutine that ends before its first yield takes the whole program with it."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    with selectors.DefaultSelector() as sel:
        sock, event = next(gen)
        while True:
            sel.register(sock, event, data=gen)
            for key, mask in sel.select():
                sel.unregister(key.fileobj)
                try:
                    sock, event = next(key.data)
                except StopIteration as stop:
                    return stop.value
