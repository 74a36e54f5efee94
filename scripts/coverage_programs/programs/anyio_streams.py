"""anyio: a TCP client and server on the backend that is named."""

import sys

import anyio

backend, port = sys.argv[1], int(sys.argv[2])


async def echo(stream):
    """Back it goes."""
    async with stream:
        async for data in stream:
            await stream.send(data.upper())


async def main():
    """Ask ours and theirs."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with anyio.create_task_group() as group:
        group.start_soon(listener.serve, echo)
        for where in (port, listener.extra(anyio.abc.SocketAttribute.local_port)):
            async with await anyio.connect_tcp("127.0.0.1", where) as stream:
                await stream.send(b"hello")
                print(await stream.receive())
        group.cancel_scope.cancel()
    await listener.aclose()
    async with await anyio.create_connected_udp_socket("127.0.0.1", 9) as udp:
        await udp.send(b"to nobody")
    print(await anyio.to_thread.run_sync(sum, [1, 2]))


anyio.run(main, backend=backend)
