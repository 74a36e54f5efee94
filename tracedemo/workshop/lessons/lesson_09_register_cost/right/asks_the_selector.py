# passes: what a socket is registered for stands in the selector's own key
"""Keeps no table."""


def run_all(gen_funcs):
    """The selector knows what it was told: ask it, and keep no table."""
    gens = [gen_func() for gen_func in gen_funcs]
    results = {}
    with selectors.DefaultSelector() as sel:
        for gen in gens:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        while sel.get_map():
            for key, _events in sel.select():
                try:
                    sock, event = next(key.data)
                except StopIteration as stop:
                    results[key.data] = stop.value
                    sel.unregister(key.fileobj)
                    key.fileobj.close()
                    continue
                if event != key.events:
                    sel.modify(sock, event, data=key.data)
    return [results[gen] for gen in gens]
