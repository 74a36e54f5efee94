"""asyncio: a server that speaks TLS, one that begins in the clear, and clients; start_tls on both sides."""

import asyncio
import ssl
import sys

certificate, key = sys.argv[1:]
theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
theirs.load_cert_chain(certificate, key)
ours = ssl.create_default_context()


async def echo(reader, writer):
    """Back it goes."""
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()


async def later(reader, writer):
    """In the clear, then not."""
    await reader.readline()
    writer.write(b"go ahead\n")
    await writer.drain()
    await writer.start_tls(theirs)
    await echo(reader, writer)


async def main():
    """One of each."""
    async with await asyncio.start_server(echo, "127.0.0.1", 0, ssl=theirs) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=ours, server_hostname="localhost"
        )
        writer.write(b"secret\n")
        print(await reader.readline())
        writer.close()
        await writer.wait_closed()
    async with await asyncio.start_server(later, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"STARTTLS\n")
        print(await reader.readline())
        await writer.start_tls(ours, server_hostname="localhost")
        writer.write(b"secret\n")
        print(await reader.readline())
        writer.close()
        await writer.wait_closed()


asyncio.run(main())
