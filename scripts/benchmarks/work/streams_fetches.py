"""Fetches a page with asyncio's streams, one connection each, one after another; prints the CPU seconds of the fetches."""

import asyncio
import json
import sys
import time

host, _, port = sys.argv[1].rpartition(":")
count = int(sys.argv[2])
REQUEST = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()


async def fetch() -> int:
    """One fetch; the size of all that came."""
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(REQUEST)
    await writer.drain()
    size = len(await reader.read())
    writer.close()
    await writer.wait_closed()
    return size


async def main() -> float:
    """The first one is not measured."""
    await fetch()
    cpu = time.process_time()
    for _ in range(count):
        await fetch()
    return time.process_time() - cpu


print(json.dumps({"cpu": asyncio.run(main())}))
