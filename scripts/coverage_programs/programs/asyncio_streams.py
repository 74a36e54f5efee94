"""asyncio: open_connection, three at once; over TLS where the first argument is `https`."""

import asyncio
import ssl
import sys

scheme, port = sys.argv[1], int(sys.argv[2])
context = ssl.create_default_context() if scheme == "https" else None


async def fetch(path):
    """One fetch."""
    reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    writer.write(b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
    await writer.drain()
    size = len(await reader.read())
    writer.close()
    await writer.wait_closed()
    return size > 200


async def main():
    """Three at once."""
    print(await asyncio.gather(*map(fetch, (b"/", b"/chunked", b"/big"))))


asyncio.run(main())
