# passes: before each sleep begins as many as there is room for
"""Counts what the selector watches."""


def run_all(gen_funcs):
    """Before each sleep begin as many as there is room for."""
    results = {}
    sel = selectors.DefaultSelector()
    gens = [gen_func() for gen_func in gen_funcs]

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value

    waiting = gens[::-1]
    while waiting or sel.get_map():
        while waiting and len(sel.get_map()) < AT_MOST:
            resume(waiting.pop())
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
