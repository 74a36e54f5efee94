# passes: the post's loop, with the value returned in both places
"""Goes on as long as something is registered."""


def run(gen_func):
    """Drive a generator to its end, and return what it returned."""
    gen = gen_func()
    sel = selectors.DefaultSelector()
    result = None
    try:
        sock, event = next(gen)
        sel.register(sock, event, data=gen)
    except StopIteration as stop:
        result = stop.value
    while sel.get_map():
        for key, _ in sel.select():
            sel.unregister(key.fileobj)
            try:
                sock, event = next(key.data)
                sel.register(sock, event, data=key.data)
            except StopIteration as stop:
                result = stop.value
    sel.close()
    return result
