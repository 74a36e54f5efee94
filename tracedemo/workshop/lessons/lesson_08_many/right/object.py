# passes: the same as an object, which counts what has ended
"""Keeps all in an object."""


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


class Fetches:
    """All fetches, and what came of them."""

    def __init__(self, gen_funcs):
        self.sel = selectors.DefaultSelector()
        self.gens = [gen_func() for gen_func in gen_funcs]
        self.results = {}

    def step(self, gen):
        """One turn of a generator; what it waits for, or None when it has ended."""
        try:
            return next(gen)
        except StopIteration as stop:
            self.results[gen] = stop.value
        except Exception as error:
            self.results[gen] = error
        return None

    def run(self):
        """Until nobody waits any more."""
        for gen in self.gens:
            self.watch(gen, self.step(gen))
        while len(self.results) < len(self.gens):
            for key, _events in self.sel.select():
                self.sel.unregister(key.fileobj)
                self.watch(key.data, self.step(key.data))
        self.sel.close()
        return [self.results[gen] for gen in self.gens]

    def watch(self, gen, wish):
        """Tell the selector what a generator waits for."""
        if wish is not None:
            self.sel.register(*wish, data=gen)


def run_all(gen_funcs):
    """Drive all generators on this one thread; return for each, in order, what it returned, or its exception."""
    return Fetches(gen_funcs).run()
