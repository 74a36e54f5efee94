"""websockets: a server and a client on asyncio, and the client of threads against it."""

import asyncio

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.sync.client import connect as connect_sync


async def echo(socket):
    """Back it goes."""
    async for message in socket:
        await socket.send(message.upper())


def of_threads(url):
    """The same, blocking."""
    with connect_sync(url, proxy=None) as socket:
        socket.send("again")
        return socket.recv(timeout=10)


async def main():
    """Talk to it."""
    async with serve(echo, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
        async with connect(url, proxy=None) as socket:
            await socket.send("hello")
            print(await socket.recv())
        print(await asyncio.to_thread(of_threads, url))


asyncio.run(main())
