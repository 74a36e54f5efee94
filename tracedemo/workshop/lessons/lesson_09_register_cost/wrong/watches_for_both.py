# fails: wait/until-ready
"""Registers both events once: a socket may nearly always be written, so select() returns at once."""


def run_all(gen_funcs):
    """Drive all generators on this one thread; return what they returned, in their order."""
    results = {}
    registered = {}
    sel = selectors.DefaultSelector()

    def resume(gen):
        try:
            sock, event = next(gen)
        except StopIteration as stop:
            results[gen] = stop.value
            if gen in registered:
                sock, _event = registered.pop(gen)
                sel.unregister(sock)
                sock.close()
            return
        if gen not in registered:
            sel.register(sock, selectors.EVENT_READ | selectors.EVENT_WRITE, data=gen)
        registered[gen] = sock, event

    gens = [gen_func() for gen_func in gen_funcs]
    for gen in gens:
        resume(gen)

    while sel.get_map():
        for key, _events in sel.select():
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
