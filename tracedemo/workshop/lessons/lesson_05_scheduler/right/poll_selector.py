# passes: any selector will do
"""Uses poll(), and a function that makes one step."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    sel = selectors.PollSelector()

    def step(gen):
        sock, event = next(gen)
        sel.register(sock, event, data=gen)

    try:
        step(gen_func())
        while True:
            for key, mask in sel.select():
                sel.unregister(key.fileobj)
                step(key.data)
    except StopIteration as stop:
        return stop.value
    finally:
        sel.close()
