"""The blocking fetch in as many threads as there are fetches.

First read blocking.py. This one leaves fetch_data() as it was: each call still sleeps until the kernel is
done. But a sleeping call puts only its own thread to sleep, so the kernel can run another one in the
meantime.

Look for the overlap: five threads sleep at once, each inside its own recv(), and five fetches take hardly
longer than one. It costs a thread for each fetch, with a stack of its own, and the kernel decides who runs
when.

Next: nonblocking.py, where a single thread keeps many fetches going, because none of its calls sleeps.
"""

import argparse
import hashlib
import re
import socket
import sys
import threading
from functools import partial


def fetch_data(address, path):
    """Fetch one page and return the response as it came: the same calls as in blocking.py."""
    host, port = address

    # The kernel gives the socket to the whole process: any thread could use this number. Only ours does.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)

    # This thread sleeps until the connection is agreed or refused; the others go on.
    sock.connect((host, port))

    # The kernel copies the bytes into its send buffer. This thread would sleep only if that were full.
    sock.sendall(make_request(host, port, path))

    # This thread sleeps whenever nothing has arrived. No bytes at all mean that the server has closed its
    # side.
    response = bytearray()
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        response += chunk

    sock.close()
    return bytes(response)


class FetchError(Exception):
    """Which fetch failed, and why: its number, and the exception that ended it."""


def run_all(jobs):
    """Call each job in a thread of its own, and return what they returned, in the order of the jobs."""
    results = [None] * len(jobs)
    failures = []

    def work(number, job):
        try:
            results[number] = job()
        except (OSError, ValueError) as error:  # it would end this thread only; the main one is to know
            failures.append(FetchError(number + 1, error))

    # The kernel makes a thread at each start(), and may let it run before the next one is made. They are
    # daemons so that the program can end, after a failure, without waiting for those that still sleep.
    threads = [
        threading.Thread(target=work, args=(number, job), name=f"fetch #{number + 1}", daemon=True)
        for number, job in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()

    # The main thread sleeps here until the last of them is done.
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


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
    parser = argparse.ArgumentParser(description="Fetch a page n times: blocking, each in a thread.")
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
    except (FetchError, OSError, RuntimeError, ValueError) as error:
        sys.exit(f"{parser.prog}: {explain(error, number, targets)}")


if __name__ == "__main__":
    main()
