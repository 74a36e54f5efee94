"""asyncio: start_server and start_unix_server, and clients of them in the same loop; sendfile through the transport."""

import asyncio
import os
import tempfile


async def answer(reader, writer):
    """A line, shouted back, and a file."""
    writer.write((await reader.readline()).upper())
    await writer.drain()
    with tempfile.TemporaryFile() as file:
        file.write(bytes(100_000)), file.seek(0)
        await asyncio.get_running_loop().sendfile(writer.transport, file)
    writer.close()


async def ask(reader, writer):
    """The other side."""
    writer.write(b"line\n")
    print(await reader.readline(), len(await reader.read()))
    writer.close()
    await writer.wait_closed()


async def main():
    """Both kinds."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "s")
        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            await asyncio.gather(*[ask(*await asyncio.open_connection("127.0.0.1", port)) for _ in range(3)])
        async with await asyncio.start_unix_server(answer, path):
            await ask(*await asyncio.open_unix_connection(path))


asyncio.run(main())
