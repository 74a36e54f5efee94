# passes: batches keep within the limit, too, though each waits for its slowest
"""AT_MOST, all of them, then the next ones."""


def run_all(gen_funcs):
    """AT_MOST begin, and when all of these have ended, the next."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    for first in range(0, len(gens), AT_MOST):
        for gen in gens[first : first + AT_MOST]:
            resume(gen)
        while sel.get_map():
            for key, _events in sel.select():
                sel.unregister(key.fileobj)
                resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
