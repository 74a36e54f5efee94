# fails: watch/let-go
"""Changes the registration, and leaves it there when the generator closes its socket."""


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
                sel.modify(sock, event, data=key.data)

    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
