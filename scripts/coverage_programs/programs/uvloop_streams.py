"""uvloop: asyncio's streams on libuv's loop."""

import asyncio
import sys

import uvloop


async def fetch(path):
    """One fetch."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
    writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    size = len(await reader.read())
    writer.close()
    await writer.wait_closed()
    return size > 200


async def main():
    """Three at once."""
    print(await asyncio.gather(*map(fetch, (b"/", b"/chunked", b"/big"))))


uvloop.run(main())
