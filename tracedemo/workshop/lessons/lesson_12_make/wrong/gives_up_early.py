# fails: deadline/not-before
# Ends a fetch when little more than half of its time is over.
def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket and an event."""
    with socket.socket() as sock:
        sock.setblocking(False)
        try:
            sock.connect((host, port))
        except BlockingIOError:
            pass
        yield sock, selectors.EVENT_WRITE
        failure = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))

        request = make_request(host, port)
        while request:
            try:
                request = request[sock.send(request) :]
            except BlockingIOError:
                yield sock, selectors.EVENT_WRITE

        response = b""
        while True:
            yield sock, selectors.EVENT_READ
            try:
                chunk = sock.recv(4096)
            except BlockingIOError:
                continue
            if not chunk:
                return response
            response += chunk


class Scheduler:
    """Drives generators, at most so many at once; each has its own end, and its own time."""

    def __init__(self, deadline, at_most):
        self.deadline = deadline
        self.at_most = at_most
        self.sel = selectors.DefaultSelector()
        self.watched = {}  # the socket for which a generator waits
        self.ends = {}  # when its time is over; the oldest is the first
        self.results = {}

    def run(self, gen_funcs):
        """Drive them all; return for each what it returned, or what ended it."""
        gens = [gen_func() for gen_func in gen_funcs]
        later = collections.deque(gens)
        with self.sel:
            while later or self.ends:
                while later and len(self.ends) < self.at_most:
                    self.begin(later.popleft())
                if self.ends:
                    self.sleep()
        return [self.results[gen] for gen in gens]

    def begin(self, gen):
        """From now on its time runs."""
        self.ends[gen] = time.monotonic() + 0.6 * self.deadline
        self.resume(gen, lambda: next(gen))

    def sleep(self):
        """Until somebody is ready, or the oldest is late; then a turn for each of them."""
        oldest = next(iter(self.ends.values()))
        for key, _events in self.sel.select(max(0, oldest - time.monotonic())):
            self.resume(key.data, partial(next, key.data))
        now = time.monotonic()
        for gen in [gen for gen, end in self.ends.items() if end <= now]:
            self.resume(gen, partial(gen.throw, TimeoutError(f"not done after {self.deadline:g} s")))

    def resume(self, gen, go_on):
        """Let it go on to its next yield; or keep what came of it."""
        if gen in self.watched:
            self.sel.unregister(self.watched.pop(gen))
        try:
            sock, event = go_on()
            self.sel.register(sock, event, data=gen)
            self.watched[gen] = sock
            return
        except StopIteration as stop:
            self.results[gen] = stop.value
        except Exception as error:
            self.results[gen] = error
        del self.ends[gen]


def run_all(gen_funcs, deadline, at_most):
    """Drive all generators on one thread; return for each what it returned, or the exception that ended it.

    Each may take DEADLINE seconds, from when it has begun; no more than AT_MOST are under way at once.
    """
    return Scheduler(deadline, at_most).run(gen_funcs)
