# fails: fetches/at-most
"""Keeps within the descriptors, and not within what it was told."""


def run_all(gen_funcs):
    """Half as many again."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    room = AT_MOST + AT_MOST // 2
    for first in range(0, len(gens), room):
        for gen in gens[first : first + room]:
            resume(gen)
        while sel.get_map():
            for key, _events in sel.select():
                sel.unregister(key.fileobj)
                resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
