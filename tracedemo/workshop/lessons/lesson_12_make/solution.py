"""Fetch a page many times on one thread; say of each fetch what came of it."""

import collections
import hashlib
import os
import selectors
import socket
import sys
import time
from functools import partial


# [solution]
def fetch_data(host, port):
    """Fetch a page; each yield tells what to wait for: (socket, event)."""
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
    """Drives generators, some of them at once, each until its deadline."""

    def __init__(self, deadline, at_most):
        self.deadline = deadline
        self.at_most = at_most
        self.sel = selectors.DefaultSelector()
        self.watched = {}  # the socket for which a generator waits
        self.ends = {}  # when its time is over; the oldest is the first
        self.results = {}

    def run(self, gen_funcs):
        """Drive them all; return for each its result, or what ended it."""
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
        self.ends[gen] = time.monotonic() + self.deadline
        self.resume(gen, lambda: next(gen))

    def sleep(self):
        """Until some are ready, or the oldest is late; then resume these."""
        oldest = next(iter(self.ends.values()))
        for key, _events in self.sel.select(max(0, oldest - time.monotonic())):
            self.resume(key.data, partial(next, key.data))
        now = time.monotonic()
        for gen in [gen for gen, end in self.ends.items() if end <= now]:
            late = TimeoutError(f"not done after {self.deadline:g} s")
            self.resume(gen, partial(gen.throw, late))

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
    """Drive all generators on one thread.

    Each may take DEADLINE seconds from its beginning; no more than AT_MOST are
    under way at once.  Returns for each what it returned, or what ended it.
    """
    return Scheduler(deadline, at_most).run(gen_funcs)


# [exercise]
#| def fetch_data(host, port):
#|     """Fetch a page; each yield tells what to wait for: (socket, event)."""
#|     # It trusts the world. Let it ask how connecting ended, and close its
#|     # socket however it ends.
#|     sock = socket.socket()
#|     sock.setblocking(False)
#|     try:
#|         sock.connect((host, port))
#|     except BlockingIOError:
#|         pass
#|     yield sock, selectors.EVENT_WRITE
#|
#|     request = make_request(host, port)
#|     while request:
#|         try:
#|             request = request[sock.send(request) :]
#|         except BlockingIOError:
#|             yield sock, selectors.EVENT_WRITE
#|
#|     response = b""
#|     while True:
#|         yield sock, selectors.EVENT_READ
#|         try:
#|             chunk = sock.recv(4096)
#|         except BlockingIOError:
#|             continue
#|         if not chunk:
#|             break
#|         response += chunk
#|     sock.close()
#|     return response
#|
#|
#| def run_all(gen_funcs, deadline, at_most):
#|     """Drive all generators on one thread.
#|
#|     Each may take DEADLINE seconds from its beginning; no more than AT_MOST are
#|     under way at once.  Returns for each what it returned, or what ended it.
#|     """
#|     return []
#|
#|
# [end]
def make_request(host, port):
    """The bytes of a GET request."""
    request = (
        f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Connection: close\r\n\r\n"  # the server closes at the end
    )
    return request.encode()


def describe(result):
    """What came of a fetch."""
    if not isinstance(result, bytes):
        return f"{type(result).__name__}: {result}"
    head, _, body = result.partition(b"\r\n\r\n")
    status = head.partition(b" ")[2][:3].decode()
    return f"{status}  sha256 {hashlib.sha256(body).hexdigest()}"


def main():
    """Fetch from HOST:PORT N times, DEADLINE seconds each, AT_MOST at once."""
    host, _, port = sys.argv[1].partition(":")
    number, at_most = int(sys.argv[2]), int(sys.argv[4])
    deadline = float(sys.argv[3])
    gen_funcs = [partial(fetch_data, host, int(port))] * number
    results = run_all(gen_funcs, deadline, at_most)
    for count, result in enumerate(results, start=1):
        print(f"#{count}  {describe(result)}")


if __name__ == "__main__":
    main()
