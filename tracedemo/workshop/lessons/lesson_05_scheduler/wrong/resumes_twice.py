# fails: resume/told
"""Resumes the generator twice for one wakeup."""


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
                sel.unregister(key.fileobj)
                sock, event = next(key.data)
                sock, event = next(key.data)
                sel.register(sock, event, data=key.data)

    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
