# fails: result/every-body
"""Begins AT_MOST, and nothing after these."""


def run_all(gen_funcs):
    """The first AT_MOST."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    gens = gens[:AT_MOST]
    for gen in gens:
        resume(gen)

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
