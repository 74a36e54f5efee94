# fails: few/no-emfile
"""Asks for descriptors until there are none."""


def run_all(gen_funcs):
    """Begins as many as there is room for, and learns from EMFILE how many these are."""
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
        try:
            while waiting:
                resume(waiting[-1])
                waiting.pop()
        except OSError:
            # The generator that failed is over: a new one must take its place.
            place = gens.index(waiting.pop())
            gens[place] = gen_funcs[place]()
            waiting.append(gens[place])
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
