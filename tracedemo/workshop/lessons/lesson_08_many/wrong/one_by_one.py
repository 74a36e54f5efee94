# fails: together/at-once
"""Isolates the fetches by running one after another."""


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
            if not chunk:
                return whole(response)
            response += chunk
    finally:
        sock.close()


def run_all(gen_funcs):
    """One after the other, each in a try of its own."""
    results = []
    sel = selectors.DefaultSelector()
    for gen_func in gen_funcs:
        gen = gen_func()
        try:
            while True:
                sock, event = next(gen)
                sel.register(sock, event)
                sel.select()
                sel.unregister(sock)
        except StopIteration as stop:
            results.append(stop.value)
        except Exception as error:
            results.append(error)
    sel.close()
    return results
