# fails: few/no-emfile
"""Begins one more at every turn of a generator, not at its end."""


def run_all(gen_funcs):
    """With each turn begin another one."""
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
    for _ in range(AT_MOST):
        resume(waiting.pop())

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)
            if waiting:
                resume(waiting.pop())

    sel.close()
    return [results[gen] for gen in gens]
