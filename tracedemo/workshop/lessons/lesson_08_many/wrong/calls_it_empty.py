# fails: many/told
"""Takes a broken connection for the end of the answer: nobody hears that it broke."""


def fetch_data(address, page):
    """Fetch one page; yield (socket, event) wherever there is something to wait for."""
    sock = socket.socket()
    try:
        sock.setblocking(False)
        try:
            sock.connect(address)
        except BlockingIOError:
            pass
        yield sock, selectors.EVENT_WRITE

        sock.send(make_request(address, page))
        yield sock, selectors.EVENT_READ

        response = b""
        while True:
            try:
                chunk = sock.recv(4096)
            except BlockingIOError:
                yield sock, selectors.EVENT_READ
                continue
            except ConnectionError:
                return response
            if not chunk:
                return whole(response)
            response += chunk
    finally:
        sock.close()


def run_all(gen_funcs):
    """Drive all generators on this one thread; return for each, in order, what it returned, or its exception."""
    results = {}
    sel = selectors.DefaultSelector()

    def resume(gen):
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            results[gen] = stop.value
        except Exception as error:
            results[gen] = error

    gens = [gen_func() for gen_func in gen_funcs]
    for gen in gens:
        resume(gen)

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)

    sel.close()
    return [results[gen] for gen in gens]
