# fails: together/one-thread
"""Gives each fetch a thread."""


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
    """A thread for each: nobody is in anybody's way."""
    import threading

    results = [None] * len(gen_funcs)

    def drive(place, gen):
        sel = selectors.DefaultSelector()
        try:
            while True:
                sock, event = next(gen)
                sel.register(sock, event)
                sel.select()
                sel.unregister(sock)
        except StopIteration as stop:
            results[place] = stop.value
        except Exception as error:
            results[place] = error
        finally:
            sel.close()

    threads = [threading.Thread(target=drive, args=(i, func())) for i, func in enumerate(gen_funcs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results
