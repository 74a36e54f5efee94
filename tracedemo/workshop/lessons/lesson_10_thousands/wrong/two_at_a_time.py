# fails: together/as-many
"""Two at a time are more than one, and a tenth of what there is room for."""


def run_all(gen_funcs):
    """Two, then the next two."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    for first in range(0, len(gens), 2):
        for gen in gens[first : first + 2]:
            resume(gen)
        while sel.get_map():
            for key, _events in sel.select():
                sel.unregister(key.fileobj)
                resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
