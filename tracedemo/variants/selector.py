"""One thread that sleeps for all sockets at once, until the kernel says whose turn it is.

First read nonblocking.py. The generator is nearly the same; what it yields is now put to use. The loop
hands each (socket, event) to a selector, epoll on Linux, and makes one call that sleeps: select(). The
kernel knows when bytes come in or a connection is agreed. It wakes the thread and names the sockets that
are ready, and only their generators are resumed. Each yield is a promise between the two: "wake me when
this has happened to that socket".

Look for the sleep: all of it is inside select(), and "not yet" has become rare. With five fetches one
wakeup may serve several of them.

Next: asyncio_sock.py, where the loop is not ours but asyncio's.
"""

import argparse
import hashlib
import re
import selectors
import socket
import sys
from functools import partial


def fetch_data(address, path):
    """Fetch one page; yield (socket, event) wherever there is something to wait for."""
    host, port = address
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)

    # EINPROGRESS: the kernel has begun, and will do the rest while we sleep.
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass

    # The kernel calls a socket writable when its connection is agreed, and also when it has failed: in that
    # case the first send() says why.
    yield sock, selectors.EVENT_WRITE

    # The kernel takes what fits into its send buffer. EAGAIN: it is full, so sleep until there is room.
    request = make_request(host, port, path)
    while request:
        try:
            sent = sock.send(request)
            request = request[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_WRITE

    # The kernel calls a socket readable when bytes have come, or when the other side has closed.
    yield sock, selectors.EVENT_READ

    # Take all that is there. EAGAIN: the buffer is empty, so sleep until there is more. No bytes at all:
    # the end.
    response = bytearray()
    while True:
        try:
            chunk = sock.recv(4096)
            if not chunk:
                break
            response += chunk
        except BlockingIOError:
            yield sock, selectors.EVENT_READ

    sock.close()
    return bytes(response)


class FetchError(Exception):
    """Which fetch failed, and why: its number, and the exception that ended it."""


def run(gen_func, new_selector=selectors.DefaultSelector):
    """Drive one generator to its end, and return what it returned."""
    gen = gen_func()
    sel = new_selector()
    try:
        # Nothing has happened so far. The first next() goes up to the first yield: connect() is under way.
        sock, event = next(gen)
        sel.register(sock, event, data=gen)
        while True:
            # The thread sleeps in here, and costs nothing, until the kernel has news.
            for key, _events in sel.select():
                sel.unregister(key.fileobj)
                sock, event = next(key.data)
                sel.register(sock, event, data=key.data)
    except StopIteration as stop:
        return stop.value
    except (OSError, ValueError) as error:
        raise FetchError(1, error) from error
    finally:
        sel.close()


def run_all(gen_funcs, new_selector=selectors.DefaultSelector):
    """Drive all generators on this one thread, and return what they returned, in the order given."""
    responses = dict.fromkeys(gen_func() for gen_func in gen_funcs)
    sel = new_selector()

    def resume(gen):
        """Go on to the next yield, and tell the selector what to watch for; or keep what was returned."""
        try:
            sock, event = next(gen)
            sel.register(sock, event, data=gen)
        except StopIteration as stop:
            responses[gen] = stop.value
        except (OSError, ValueError) as error:
            raise FetchError(list(responses).index(gen) + 1, error) from error

    for gen in responses:
        resume(gen)

    # As long as anyone is waiting: one sleep for all, then a turn for each whose socket is ready.
    while sel.get_map():
        for key, _events in sel.select():
            sel.unregister(key.fileobj)
            resume(key.data)
    sel.close()
    return list(responses.values())


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


def explain(error, number, targets):
    """Which fetch it was, and what went wrong with it."""
    if isinstance(error, FetchError):
        number, error = error.args
    cause = f"{error}"
    if cause.endswith("out of range in select()"):
        cause += ": it knows descriptors up to 1023 only (FD_SETSIZE); poll and epoll know them all"
    if not number:
        return cause
    host, port = targets[number - 1]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"fetching #{number} from {place} failed: {cause}"


def parse_address(text):
    """Take "host:port" or "[::1]:port" apart."""
    match = re.fullmatch(r"(?:\[(.+)\]|([^][:]+)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port, as in 127.0.0.1:8000 or [::1]:8000")
    return match[1] or match[2], int(match[3])


SELECTORS = {
    name: getattr(selectors, f"{name.title()}Selector")
    for name in ("select", "poll", "epoll", "kqueue")
    if hasattr(selectors, f"{name.title()}Selector")
}
"""The ways to ask the kernel that this system has."""


def main():
    """Fetch n times, then print a line for each response."""
    parser = argparse.ArgumentParser(description="Fetch a page n times: one thread, woken by a selector.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    parser.add_argument("--selector", choices=SELECTORS, help="how to ask the kernel (the best that it has)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    number = 0
    try:
        jobs = [partial(fetch_data, address, args.path) for address in targets]
        new_selector = SELECTORS.get(args.selector, selectors.DefaultSelector)
        responses = [run(jobs[0], new_selector)] if len(jobs) == 1 else run_all(jobs, new_selector)
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response)}")
    except (FetchError, OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {explain(error, number, targets)}")


if __name__ == "__main__":
    main()
