"""trio: serve_tcp, its client, sockets of trio.socket, and a Unix pair."""

import functools

import trio


async def echo(stream):
    """Back it goes."""
    async for data in stream:
        await stream.send_all(data.upper())


async def main():
    """A server and what asks it."""
    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(functools.partial(trio.serve_tcp, echo, 0, host="127.0.0.1"))
        port = listeners[0].socket.getsockname()[1]
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            await stream.send_all(b"hello")
            print(await stream.receive_some())
        with trio.socket.socket() as sock:
            await sock.connect(("127.0.0.1", port))
            await sock.send(b"again")
            print(await sock.recv(100))
        nursery.cancel_scope.cancel()
    one, two = trio.socket.socketpair()
    await one.sendmsg([b"a", b"b"])
    print((await two.recvfrom(100))[0])
    one.close(), two.close()
    left, right = (trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) for _ in "ab")
    with left, right:
        await right.bind(("127.0.0.1", 0))
        await left.sendto(b"packet", right.getsockname())
        print((await right.recvfrom(100))[0])


trio.run(main)
