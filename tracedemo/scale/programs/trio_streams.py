"""The same fetches with trio: a task for each, in a nursery, and streams over sockets of trio's own."""

import argparse
import hashlib
import re
import sys

import trio


async def fetch_data(address, path):
    """Fetch one page; the task sleeps wherever there is something to wait for."""
    host, port = address
    stream = await trio.open_tcp_stream(host, port)
    async with stream:
        await stream.send_all(make_request(host, port, path))
        response = bytearray()
        async for chunk in stream:
            response += chunk
    return bytes(response)


async def run_all(targets, path):
    """Fetch all of them at once, and return the responses, in the order given."""
    responses = [b""] * len(targets)

    async def fetch(place, address):
        responses[place] = await fetch_data(address, path)

    async with trio.open_nursery() as nursery:
        for place, address in enumerate(targets):
            nursery.start_soon(fetch, place, address)
    return responses


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
    parser = argparse.ArgumentParser(description="Fetch a page n times: trio.")
    parser.add_argument("addresses", metavar="HOST:PORT", nargs="+", type=parse_address, help="asked in turn")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=1, help="how many (1)")
    parser.add_argument("--path", default="/", help="which page (/)")
    args = parser.parse_args()
    if args.requests < 1:
        parser.error(f"argument -n/--requests: {args.requests} is too few, 1 is the least")

    targets = [args.addresses[i % len(args.addresses)] for i in range(args.requests)]
    failed = None
    try:
        responses = trio.run(run_all, targets, args.path)
        for number, response in enumerate(responses, start=1):
            print(f"#{number}  {describe(response)}")
    except* (OSError, ValueError) as errors:
        failed = errors.exceptions[0]
    if failed is not None:
        places = ", ".join(f"{host}:{port}" for host, port in args.addresses)
        sys.exit(f"{parser.prog}: fetching from {places} failed: {failed}")


if __name__ == "__main__":
    main()
