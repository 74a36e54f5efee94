# passes: the loop closes the socket of a fetch that failed, and the fetch itself is the post's
"""Closes in the loop."""


def fetch_data(address, page):
    """Fetch one page; yield (socket, event) wherever there is something to wait for."""
    sock = socket.socket()
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
        if not chunk:
            break
        response += chunk
    sock.close()
    return whole(response)


def run_all(gen_funcs):
    """Drive all; the loop, which knows the socket of each, closes the one of a fetch that failed."""
    results = [None] * len(gen_funcs)
    sel = selectors.DefaultSelector()

    def resume(number, gen, sock=None):
        try:
            sock, event = next(gen)
        except StopIteration as stop:
            results[number] = stop.value
        except Exception as error:
            results[number] = error
            if sock is not None:
                sock.close()
        else:
            sel.register(sock, event, data=(number, gen))

    for number, gen_func in enumerate(gen_funcs):
        resume(number, gen_func())

    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(*key.data, sock=key.fileobj)

    sel.close()
    return results
