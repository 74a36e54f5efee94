# passes: send(None) is next(); the registration lies between two yields
"""Resumes with send(), and has one place for register."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    with selectors.DefaultSelector() as sel:
        while True:
            try:
                sock, event = gen.send(None)
            except StopIteration as stop:
                return stop.value
            key = sel.register(sock, event, gen)
            assert sel.select() == [(key, event)]
            sel.unregister(sock)
