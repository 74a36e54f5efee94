"""trio: streams, over TLS where the first argument is `https`; two at once; and a thread."""

import ssl
import sys

import trio

scheme, port = sys.argv[1], int(sys.argv[2])
sizes = {}


async def fetch(path):
    """One fetch."""
    stream = await trio.open_tcp_stream("localhost", port)
    if scheme == "https":
        stream = trio.SSLStream(
            stream, ssl.create_default_context(), server_hostname="localhost", https_compatible=True
        )
    async with stream:
        await stream.send_all(b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
        data = b""
        async for piece in stream:
            data += piece
    sizes[path] = len(data) > 200


async def main():
    """Two at once."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(fetch, b"/")
        nursery.start_soon(fetch, b"/chunked")
    await fetch(b"/big")
    print(sorted(sizes.items()), await trio.to_thread.run_sync(sum, [1, 2, 3]))


trio.run(main)
