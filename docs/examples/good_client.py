"""Fetch some pages over one connection, as a good guest of the event loop: tracedemo finds nothing to say about it.

    python docs/examples/good_client.py 127.0.0.1:8000 -n 3
    tracedemo run docs/examples/good_client.py {address} -n 3

What makes it good, and what `docs/findings.md` calls the opposite:
* it waits by `await` only, so the loop is never held, and names are looked up by asyncio in a helper thread;
* it asks for all pages on one connection, and lets the server say how long each one is;
* it reads what is there, not byte by byte, and stays registered with the selector all the time;
* it closes its connection whatever happens, and waits until that is done.
"""

from __future__ import annotations

import argparse
import asyncio
import sys


async def fetch_all(host: str, port: int, path: str, number: int) -> list[bytes]:
    """The bodies of `number` pages, one after the other, over one connection."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        return [
            await fetch_data(reader, writer, f"{host}:{port}", path, last=left == 1)
            for left in range(number, 0, -1)
        ]
    finally:
        writer.close()
        await writer.wait_closed()


async def fetch_data(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str, path: str, *, last: bool
) -> bytes:
    """One request and its answer.  The last one says that it is: then the server closes, and nobody has to guess."""
    goodbye = "Connection: close\r\n" if last else ""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {name}\r\n{goodbye}\r\n".encode())
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    return await reader.readexactly(body_length(head))


def body_length(head: bytes) -> int:
    """How many bytes follow, as the head of an answer says.

    Raises:
        ValueError: it is no answer of HTTP, or does not say it.
    """
    status, *lines = head.decode("latin-1").split("\r\n")
    if not status.startswith("HTTP/1.1 200"):
        raise ValueError(f"the server says {status!r}")
    headers = dict(line.lower().split(":", 1) for line in lines if ":" in line)
    if "content-length" not in headers:
        raise ValueError("the server does not say how long its answer is")
    return int(headers["content-length"])


def main() -> None:
    """Fetch, and print the length of each page."""
    parser = argparse.ArgumentParser(description="Fetch a page n times over one connection.")
    parser.add_argument("address", metavar="HOST:PORT", help="whom to ask")
    parser.add_argument("-n", "--requests", metavar="N", type=int, default=3, help="how many (3)")
    parser.add_argument("--path", default="/", help="which page (/)")
    args = parser.parse_args()
    host, _, port = args.address.rpartition(":")
    try:
        bodies = asyncio.run(fetch_all(host.strip("[]"), int(port), args.path, args.requests))
    except (OSError, EOFError, ValueError) as error:
        sys.exit(f"{parser.prog}: fetching from {args.address} failed: {error}")
    for number, body in enumerate(bodies, start=1):
        print(f"#{number}  {len(body)} bytes")


if __name__ == "__main__":
    main()
