"""One fetch after the other, with a socket that blocks.

Start here. A program cannot reach the network: only the kernel can. So it asks, one system call a step, and
the kernel answers when it is done. Until then the thread is put to sleep, and nothing else in it can
happen.

Look for the waiting: connect() sleeps until the other side agrees, the first recv() until the server has
thought about its answer. The processor has next to nothing to do. Yet the second fetch does not begin
before the first is over, so five fetches take five times as long as one.

Next: threads.py, where the sleeping overlaps.
"""

import argparse
import hashlib
import re
import socket
import sys


def fetch_data(address, path):
    """Fetch one page and return the response as it came, headers and all."""
    host, port = address

    # The kernel sets up a socket and returns a small number for it, the file descriptor. Nothing is sent
    # yet.
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)

    # The kernel offers the other side a connection, and we sleep until it is agreed or refused. If the host
    # is a name, finding its number comes first, inside this same call, and we sleep for that, too.
    sock.connect((host, port))

    # The kernel copies the bytes into its send buffer and returns: they are on their way, not yet at the
    # server. We would sleep only if that buffer were full.
    sock.sendall(make_request(host, port, path))

    # The kernel hands over what has arrived, 4096 bytes at most. If nothing has, we sleep until something
    # does. No bytes at all mean that the server has closed its side: this was the whole response.
    response = bytearray()
    while True:
        chunk = sock.recv(4096)
        if not chunk:
            break
        response += chunk

    # The kernel ends the connection; the number is free for the next socket.
    sock.close()
    return bytes(response)


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


def main():
    """Fetch n times, then print a line for each response."""
    parser = argparse.ArgumentParser(description="Fetch a page n times: blocking, one after the other.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    responses = []
    try:
        for number, address in enumerate(targets, start=1):
            responses.append((number, fetch_data(address, args.path)))
        for number, response in responses:
            print(f"#{number}  {describe(response)}")
    except (OSError, ValueError) as error:
        host, port = targets[number - 1]
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        sys.exit(f"{parser.prog}: fetching #{number} from {place} failed: {error}")


if __name__ == "__main__":
    main()
