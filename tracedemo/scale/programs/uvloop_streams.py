"""The program of asyncio_streams.py on uvloop: the same coroutines, and a loop that is written in C.

Its sockets are not Python's: what it asks of the kernel can be seen from the kernel's side only.
"""

import argparse
import asyncio
import hashlib
import re
import sys

import uvloop


async def fetch_data(address, path):
    """Fetch one page; the coroutine is parked wherever there is something to wait for."""
    host, port = address

    # The loop looks the host up, makes a socket for it and connects; we are parked until the connection
    # stands.
    reader, writer = await asyncio.open_connection(host, port)

    # write() tries to send at once and keeps what the kernel did not take; drain() parks us if that is too
    # much.
    writer.write(make_request(host, port, path))
    await writer.drain()

    # No recv() of ours: the loop has called it, with a larger buffer, when the kernel said "readable". We
    # take what it found, 4096 bytes at most. No bytes at all mean that the server has closed its side.
    response = bytearray()
    while True:
        chunk = await reader.read(4096)
        if not chunk:
            break
        response += chunk

    # close() takes the socket out of the selector; the loop closes it in its next round, which we wait for.
    writer.close()
    await writer.wait_closed()
    return bytes(response)


async def run_all(coroutines):
    """Let all of them run on the one loop, and return what they returned, in the order given."""
    return await asyncio.gather(*coroutines)


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
    parser = argparse.ArgumentParser(description="Fetch a page n times: asyncio streams on uvloop.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    try:
        responses = uvloop.run(run_all([fetch_data(address, args.path) for address in targets]))
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response)}")
    except (OSError, ValueError) as error:
        places = ", ".join(f"{host}:{port}" for host, port in args.addresses)
        sys.exit(f"{parser.prog}: fetching from {places} failed: {error}")


if __name__ == "__main__":
    main()
