"""aiohttp: the server, with a page, a file and a web socket, and the client in the same loop."""

import asyncio
import pathlib
import tempfile

import aiohttp
from aiohttp import web


async def page(_):
    """A text."""
    return web.Response(text="hello")


async def file(request):
    """A file, by sendfile."""
    return web.FileResponse(request.app["file"])


async def talk(request):
    """A web socket that sends everything back."""
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data.upper())
    return socket


async def main():
    """Ask one of each."""
    app = web.Application()
    with tempfile.TemporaryDirectory() as folder:
        app["file"] = pathlib.Path(folder, "big")
        app["file"].write_bytes(bytes(200_000))
        app.add_routes([web.get("/", page), web.get("/file", file), web.get("/talk", talk)])
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with aiohttp.ClientSession() as session:
            for path in ("/", "/file"):
                async with session.get(url + path) as answer:
                    print(len(await answer.read()))
            async with session.ws_connect(url + "/talk") as socket:
                await socket.send_str("hello")
                print((await socket.receive()).data)
        await runner.cleanup()


import warnings

warnings.simplefilter("ignore")  # of a key that is a plain text
asyncio.run(main())
