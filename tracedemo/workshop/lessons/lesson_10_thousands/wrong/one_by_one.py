# fails: together/as-many
"""One at a time needs one descriptor, and waits for each."""


def run_all(gen_funcs):
    """One after the other."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    for first in range(0, len(gens), 1):
        for gen in gens[first : first + 1]:
            resume(gen)
        while sel.get_map():
            for key, _events in sel.select():
                sel.unregister(key.fileobj)
                resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
