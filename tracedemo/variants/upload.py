"""A request that does not fit: the send buffer fills up, and sending has to wait, too.

First read selector.py. Its requests are so short that the kernel takes them whole, and the branch for
"buffer full" never runs. Here each request carries a body that is larger than the buffer. send() takes a part
and says how much; the next one says EAGAIN; and the generator waits for WRITE until the server has read, and
there is room again.

Look for the back-pressure: the kernel makes a fast sender as slow as its reader, and the loop sleeps
meanwhile. The answer tells what the server got, and the program compares that with what it sent.

Next: robust.py, a loop for thousands of sockets, some of which fail.
"""

import argparse
import hashlib
import re
import selectors
import socket
import sys
from functools import partial


def fetch_data(address, path, body, buffer):
    """Send a body and fetch the answer; yield (socket, event) wherever there is something to wait for."""
    host, port = address
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)

    # The kernel lets a send buffer grow to megabytes as it is used, unless it is told a size, of which it
    # makes twice that (socket(7)). This one is to be small, so that it is full soon.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)

    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, selectors.EVENT_WRITE

    # send() copies what there is room for, and returns how much that was. EAGAIN: there is no room at all,
    # so sleep until the server has read. (A view of the bytes: to cut them would copy the rest each time.)
    request = memoryview(make_request(host, port, path, body))
    while request:
        try:
            sent = sock.send(request)
            request = request[sent:]
        except BlockingIOError:
            yield sock, selectors.EVENT_WRITE

    yield sock, selectors.EVENT_READ
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


def make_request(host, port, path, body):
    """The bytes of a POST request; `Connection: close` lets the server mark the end by closing."""
    name = f"[{host}]" if ":" in host else host
    head = f"POST {path} HTTP/1.1\r\nHost: {name}:{port}\r\nContent-Length: {len(body)}\r\nConnection: close"
    return f"{head}\r\n\r\n".encode() + body


def make_body(size):
    """So many bytes, no two parts of them alike."""
    lines = b"".join(b"%015d\n" % number for number in range(size // 16 + 1))
    return lines[:size]


def describe(response, body):
    """Status, length and digest of what the server got, which must be what was sent."""
    head, blank_line, answer = response.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/\S+ ([ -~]+)", head)
    if not status or not blank_line:
        raise ValueError(f"not an HTTP response: {response[:40]!r}")
    promised = re.search(rb"(?im)^content-length: *(\d+)", head)
    if promised and int(promised[1]) != len(answer):
        raise ValueError(f"broken response: {len(answer)} bytes came, {int(promised[1])} were promised")
    if not status[1].startswith(b"200"):
        return f"{status[1].decode()}  {len(answer)} bytes  sha256 {hashlib.sha256(answer).hexdigest()}"
    sent = f"{len(body)} bytes  sha256 {hashlib.sha256(body).hexdigest()}"
    if answer.strip() != sent.encode():
        raise ValueError(f"what was sent is {sent}, and what the server got is {answer[:100]!r}")
    return f"{status[1].decode()}  {sent}"


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
    """Send and fetch n times, then print a line for each response."""
    parser = argparse.ArgumentParser(description="Send a body n times: one thread, a buffer that is full.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    parser.add_argument("--selector", choices=SELECTORS, help="how to ask the kernel (the best that it has)")
    parser.add_argument("--body", metavar="BYTES", type=int, default=1 << 20, help="how much to send (1 MiB)")
    parser.add_argument("--buffer", metavar="BYTES", type=int, default=1 << 16, help="send buffer (64 KiB)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")
    if args.body < 0:
        parser.error(f"argument --body: there are no {args.body} bytes")
    if not 0 < args.buffer < 1 << 30:
        parser.error(f"argument --buffer: {args.buffer} bytes are no size of a buffer")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    body = make_body(args.body)
    number = 0
    try:
        jobs = [partial(fetch_data, address, args.path, body, args.buffer) for address in targets]
        responses = run_all(jobs, SELECTORS.get(args.selector, selectors.DefaultSelector))
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response, body)}")
    except (FetchError, OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {explain(error, number, targets)}")


if __name__ == "__main__":
    main()
