"""The loop of selector.py, done right: for thousands of sockets, some of which fail.

First read selector.py. Its loop is the post's, and its generators trust the world. There the first refused
connection ends all the others, a server that never answers is waited for without end, a thousand sockets
are more than the process may open, and each wait costs two calls to tell the kernel what it knows already.
Here each of these is mended, in the loop, not in the fetch:

- An exception ends its own fetch only. A result is a response, or what went wrong.
- After connecting, SO_ERROR is asked for: the kernel's own word on how it went.
- Each fetch has a deadline. They stand in a heap, and the nearest is the timeout of the sleep.
- Sockets belong to the loop. It opens one when there is room, and closes it whatever happens.
- A socket stays registered. The kernel hears of it again only when the wish changes, or at the end.

Look for select(): it has a timeout now. And count the calls between two sleeps: as few as can be.

asyncio's loop does all this, and more: read asyncio_streams.py again, where nothing of it is to be seen.
"""

import argparse
import errno
import hashlib
import heapq
import os
import re
import selectors
import socket
import sys
import time


def fetch_data(sock, address, path):
    """Fetch one page over a socket of the loop's; yield (socket, event) to wait, return the response."""
    host, port = address

    # EINPROGRESS: the kernel has begun, and will do the rest while we sleep.
    try:
        sock.connect(address)
    except BlockingIOError:
        pass

    # Writable means that connecting is over, well or badly. The kernel says which, and that only once.
    yield sock, selectors.EVENT_WRITE
    failure = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if failure:
        raise OSError(failure, os.strerror(failure))

    # The kernel takes what fits into its send buffer. EAGAIN: it is full, so sleep until there is room.
    request = make_request(host, port, path)
    while request:
        try:
            sent = sock.send(request)
            request = request[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_WRITE

    # One recv() for each time that the kernel says "readable", and no second one to hear "not yet": if there
    # is more, the next select() returns at once, and the others have had their turn meanwhile.
    response = bytearray()
    while True:
        yield sock, selectors.EVENT_READ
        try:
            chunk = sock.recv(65536)
        except BlockingIOError:
            continue  # rare, but "readable" is no promise (select(2), BUGS)
        if not chunk:
            return bytes(response)
        response += chunk


class Fetch:
    """One fetch under way: its number, its socket, its generator, and the event for which it waits."""

    __slots__ = ("event", "gen", "number", "over", "sock")

    def __init__(self, number, sock, gen):
        self.number = number
        self.sock = sock
        self.gen = gen
        self.event = 0
        self.over = False


class Loop:
    """Drives all fetches on one thread, however they end."""

    def __init__(self, targets, path, sel, deadline, at_most):
        self.targets = targets
        self.path = path
        self.sel = sel
        self.deadline = deadline
        self.room = at_most
        self.begun = 0
        self.open = set()
        self.deadlines = []
        self.results = {}

    def run(self):
        """One sleep for all, then a turn for each whose socket is ready, and for each whose time is over."""
        try:
            self.begin()
            while self.open:
                for key, _events in self.sel.select(self.time_left()):
                    self.resume(key.data)
                self.end_the_late()
                self.begin()
        finally:
            for fetch in list(self.open):
                self.end(fetch, None)
        return [self.results[number] for number in range(len(self.targets))]

    def begin(self):
        """Begin as many as there is room for."""
        while self.begun < len(self.targets) and len(self.open) < self.room:
            number, address = self.begun, self.targets[self.begun]
            try:
                sock = self.open_socket(address)
            except OSError as error:
                if error.errno == errno.EMFILE and self.open:
                    self.room = len(self.open)  # so many must do; the others wait until one of them is closed
                    return
                self.begun += 1
                self.results[number] = error
                continue
            self.begun += 1
            fetch = Fetch(number, sock, fetch_data(sock, address, self.path))
            self.open.add(fetch)
            heapq.heappush(self.deadlines, (time.monotonic() + self.deadline, number, fetch))
            self.resume(fetch)

    def open_socket(self, address):
        """A socket that makes nobody sleep; EMFILE: the kernel, or its select(), has no room for one more."""
        host, _port = address
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        if sock.fileno() > 1023 and isinstance(self.sel, selectors.SelectSelector):
            sock.close()
            raise OSError(errno.EMFILE, "select() knows no descriptor above 1023 (FD_SETSIZE)")
        sock.setblocking(False)
        return sock

    def resume(self, fetch, error=None):
        """Go on to the next yield, or throw an error in there; keep what comes of it."""
        try:
            sock, event = next(fetch.gen) if error is None else fetch.gen.throw(error)
        except StopIteration as stop:
            self.end(fetch, stop.value)
        except Exception as failure:
            self.end(fetch, failure)
        else:
            # The kernel keeps the list. It is told only what it does not know.
            if not fetch.event:
                self.sel.register(sock, event, fetch)
            elif event != fetch.event:
                self.sel.modify(sock, event, fetch)
            fetch.event = event

    def end(self, fetch, result):
        """Whatever happened: out of the selector, closed, and its place is free."""
        if fetch.event:
            self.sel.unregister(fetch.sock)
        fetch.gen.close()
        fetch.sock.close()
        fetch.over = True
        self.open.discard(fetch)
        self.results[fetch.number] = result

    def time_left(self):
        """Seconds until the next deadline; None: there is none."""
        while self.deadlines and self.deadlines[0][2].over:
            heapq.heappop(self.deadlines)
        if not self.deadlines:
            return None
        return max(0, self.deadlines[0][0] - time.monotonic())

    def end_the_late(self):
        """Throw a TimeoutError into each whose deadline is over."""
        now = time.monotonic()
        while self.deadlines and self.deadlines[0][0] <= now:
            fetch = heapq.heappop(self.deadlines)[2]
            if not fetch.over:
                what = "readable" if fetch.event == selectors.EVENT_READ else "writable"
                self.resume(fetch, TimeoutError(f"not {what} when its {self.deadline:g} s were over"))


def run_all(targets, path, *, selector=selectors.DefaultSelector, deadline=30.0, at_most=sys.maxsize):
    """Fetch from all targets, and return for each, in their order, its response or the exception that ended it."""
    with selector() as sel:
        return Loop(targets, path, sel, deadline, at_most).run()


def make_request(host, port, path):
    """The bytes of a GET request; `Connection: close` lets the server mark the end by closing."""
    name = f"[{host}]" if ":" in host else host
    return f"GET {path} HTTP/1.1\r\nHost: {name}:{port}\r\nConnection: close\r\n\r\n".encode()


def describe(response):
    """Status, length and digest of a response, which must be complete."""
    head, blank_line, body = response.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/\S+ ([ -~]+)", head)
    if not status or not blank_line:
        raise ValueError(f"not an HTTP response: {response[:40]!r}")
    promised = re.search(rb"(?im)^content-length: *(\d+)", head)
    if promised and int(promised[1]) != len(body):
        raise ValueError(f"broken response: {len(body)} bytes came, {int(promised[1])} were promised")
    return f"{status[1].decode()}  {len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}"


def parse_address(text):
    """Take "host:port" or "[::1]:port" apart."""
    match = re.fullmatch(r"(?:\[(.+)\]|([^][:]+)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port, as in 127.0.0.1:8000 or [::1]:8000")
    return match[1] or match[2], int(match[3])


def parse_seconds(text):
    """A time in seconds."""
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text} s is no time to wait")
    return seconds


SELECTORS = {
    name: getattr(selectors, f"{name.title()}Selector")
    for name in ("select", "poll", "epoll", "kqueue")
    if hasattr(selectors, f"{name.title()}Selector")
}
"""The ways to ask the kernel that this system has."""


def report(program, targets, results):
    """Print a line for each response, and one for each failure; True: there was none."""
    failed = 0
    for number, ((host, port), result) in enumerate(zip(targets, results, strict=True), start=1):
        try:
            if isinstance(result, Exception):
                raise result
            print(f"#{number}  {describe(result)}")
        except Exception as error:
            failed += 1
            place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
            print(f"{program}: fetching #{number} from {place} failed: {error}", file=sys.stderr)
    return not failed


def main():
    """Fetch n times, then print a line for each response, and one for each that failed."""
    parser = argparse.ArgumentParser(description="Fetch a page n times: one thread, a loop that survives.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    parser.add_argument("--selector", choices=SELECTORS, help="how to ask the kernel (the best that it has)")
    parser.add_argument(
        "--deadline", metavar="S", type=parse_seconds, default=30.0, help="seconds for a fetch (30)"
    )
    parser.add_argument(
        "--at-most",
        metavar="N",
        type=int,
        default=sys.maxsize,
        help="sockets open at once (as many as the kernel gives)",
    )
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")
    if args.at_most < 1:
        parser.error(f"argument --at-most: {args.at_most} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    selector = SELECTORS.get(args.selector, selectors.DefaultSelector)
    results = run_all(targets, args.path, selector=selector, deadline=args.deadline, at_most=args.at_most)
    if not report(parser.prog, targets, results):
        sys.exit(1)


if __name__ == "__main__":
    main()
