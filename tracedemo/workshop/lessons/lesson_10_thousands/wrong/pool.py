# fails: together/one-thread
"""A pool of threads."""


def run_all(gen_funcs):
    """A pool of threads, each of which drives one generator at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(drive, gen_funcs))


def drive(gen_func):
    """One generator, to its end."""
    gen = gen_func()
    with selectors.DefaultSelector() as sel:
        try:
            while True:
                sock, event = next(gen)
                sel.register(sock, event)
                sel.select()
                sel.unregister(sock)
        except StopIteration as stop:
            return stop.value
