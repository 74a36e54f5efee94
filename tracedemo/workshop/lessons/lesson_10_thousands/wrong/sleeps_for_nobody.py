# fails: ends/deadlock
"""Waits until all have ended, and begins only the first AT_MOST."""


def run_all(gen_funcs):
    """Until all have ended."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    for gen in gens[:AT_MOST]:
        resume(gen)

    while len(results) < len(gens):
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
