"""The same socket calls, with asyncio's loop in the place of our own.

First read selector.py. There each yield handed a socket and an event to the loop. Here `await` does, inside
sock_connect(), sock_sendall() and sock_recv(). Each of these tries its socket call at once, and if the
kernel says "not yet", it registers the socket with the loop's selector and parks the coroutine: the same
promise as before.

Look for what is familiar: connect and EINPROGRESS, a select() that sleeps, recv. Then for what is new. The
loop asks the kernel how connecting ended (SO_ERROR), tries recv() first and registers only after EAGAIN,
and owns one more pair of sockets by which others can wake it.

Next: asyncio_streams.py, where the socket is out of sight.
"""

import argparse
import asyncio
import hashlib
import re
import selectors
import socket
import sys


async def fetch_data(address, path):
    """Fetch one page; the coroutine is parked wherever there is something to wait for."""
    host, port = address
    loop = asyncio.get_running_loop()

    # The loop must never be put to sleep by one of its sockets, so this one must not block.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)

    # Begun at once, parked until the kernel calls the socket writable, then asked how it ended. If the host
    # is a name, the loop has it looked up in another thread first, because that would block.
    await loop.sock_connect(sock, (host, port))

    # Parked only if the kernel's send buffer is full.
    await loop.sock_sendall(sock, make_request(host, port, path))

    # Parked whenever nothing has arrived. No bytes at all mean that the server has closed its side.
    response = bytearray()
    while True:
        chunk = await loop.sock_recv(sock, 4096)
        if not chunk:
            break
        response += chunk

    sock.close()
    return bytes(response)


async def run_all(coroutines):
    """Let all of them run on the one loop, and return what they returned, in the order given."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        return await asyncio.gather(*tasks)
    except (OSError, ValueError) as error:  # gather() says what went wrong, not with which
        failed = [
            task for task in tasks if task.done() and not task.cancelled() and task.exception() is error
        ]
        raise FetchError(tasks.index(failed[0]) + 1, error) from error


class FetchError(Exception):
    """Which fetch failed, and why: its number, and the exception that ended it."""


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


SELECTORS = {
    name: getattr(selectors, f"{name.title()}Selector")
    for name in ("select", "poll", "epoll", "kqueue")
    if hasattr(selectors, f"{name.title()}Selector")
}
"""The ways to ask the kernel that this system has."""


def main():
    """Fetch n times, then print a line for each response."""
    parser = argparse.ArgumentParser(description="Fetch a page n times: asyncio, socket calls.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    parser.add_argument("--selector", choices=SELECTORS, help="how to ask the kernel (the best that it has)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")
    if args.selector == "select" and args.requests > 1000:
        parser.error(
            "argument --selector: select knows descriptors up to 1023 only (FD_SETSIZE): at most -n 1000"
        )

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]

    def new_loop():
        """asyncio's own choice of a loop, or one with the selector that was asked for."""
        if args.selector is None:
            return asyncio.new_event_loop()
        return asyncio.SelectorEventLoop(SELECTORS[args.selector]())

    number = 0
    try:
        with asyncio.Runner(loop_factory=new_loop) as runner:
            responses = runner.run(run_all([fetch_data(address, args.path) for address in targets]))
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response)}")
    except (FetchError, OSError, ValueError) as error:
        sys.exit(f"{parser.prog}: {explain(error, number, targets)}")


if __name__ == "__main__":
    main()
