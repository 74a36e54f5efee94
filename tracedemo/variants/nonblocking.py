"""Sockets that never make us sleep, and a loop that never stops asking.

First read blocking.py. Here each socket is told not to block: a call that would have slept comes back at
once with "not yet", which Python raises as BlockingIOError. fetch_data() is now a generator. At each "not
yet" it yields its socket and what it waits for, and is parked there until somebody resumes it. So one
thread can keep many going.

But who knows when to resume it? This loop does not. It resumes them all, round and round, and nearly each
time the answer is "not yet" again. Look for the long rows of recv() with EAGAIN, and at the processor time:
waiting for a slow server keeps a whole core busy. This is the poor version, kept on purpose. What it lacks
is a way to ask the kernel "which of these?", and to sleep until there is an answer.

Next: selector.py, which has just that.
"""

import argparse
import errno
import hashlib
import re
import socket
import sys
from functools import partial


def fetch_data(address, path):
    """Fetch one page; yield (socket, "read" or "write") wherever the kernel says "not yet"."""
    host, port = address
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)

    # From now on the kernel answers at once, even if the answer is "not yet".
    sock.setblocking(False)

    # The kernel sends its offer of a connection and does not wait for the reply: EINPROGRESS, begun. (Only
    # the search for the number of a named host still blocks: that happens before there is anything to
    # connect to.)
    try:
        sock.connect((host, port))
    except BlockingIOError:
        pass
    yield sock, "write"

    # Nobody has told us that the connection stands. We find out by sending: while the reply is still
    # missing, or when the send buffer is full, the kernel takes nothing and says EAGAIN, try again. It may
    # also take a part.
    request = make_request(host, port, path)
    while request:
        try:
            sent = sock.send(request)
            request = request[sent:]
        except BlockingIOError:
            yield sock, "write"
        except OSError as error:
            # Linux says EAGAIN while it connects, other systems "not connected". If theirs means that
            # connecting has failed, the reason is kept in SO_ERROR, and asking once more would not help.
            if error.errno != errno.ENOTCONN or sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise
            yield sock, "write"
    yield sock, "read"

    # EAGAIN: nothing has arrived since the last look. No bytes at all: the server has closed its side.
    response = bytearray()
    while True:
        try:
            chunk = sock.recv(4096)
            if not chunk:
                break
            response += chunk
        except BlockingIOError:
            yield sock, "read"

    sock.close()
    return bytes(response)


class FetchError(Exception):
    """Which fetch failed, and why: its number, and the exception that ended it."""


def run_all(gen_funcs):
    """Drive all generators to their ends by resuming each in turn, and return what they returned."""
    responses = dict.fromkeys(gen_func() for gen_func in gen_funcs)
    parked = list(responses)

    # The loop never sleeps. It is told what each one waits for, and can do nothing with it.
    while parked:
        for gen in list(parked):
            try:
                _sock, _event = next(gen)
            except StopIteration as stop:
                responses[gen] = stop.value
                parked.remove(gen)
            except (OSError, ValueError) as error:
                raise FetchError(list(responses).index(gen) + 1, error) from error
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
    if not number:
        return error
    host, port = targets[number - 1]
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"fetching #{number} from {place} failed: {error}"


def parse_address(text):
    """Take "host:port" or "[::1]:port" apart."""
    match = re.fullmatch(r"(?:\[(.+)\]|([^][:]+)):(\d{1,5})", text)
    if not match or not 0 < int(match[3]) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not host:port, as in 127.0.0.1:8000 or [::1]:8000")
    return match[1] or match[2], int(match[3])


def main():
    """Fetch n times, then print a line for each response."""
    parser = argparse.ArgumentParser(description="Fetch a page n times: non-blocking, always asking.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    number = 0
    try:
        responses = run_all([partial(fetch_data, address, args.path) for address in targets])
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response)}")
    except (FetchError, OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {explain(error, number, targets)}")


if __name__ == "__main__":
    main()
