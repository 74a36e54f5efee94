"""asyncio: the loop's own sock_* methods, sendfile and recv_into among them; TCP and UDP."""

import asyncio
import socket
import sys
import tempfile


async def main():
    """One of each."""
    loop = asyncio.get_running_loop()
    with socket.socket() as sock, tempfile.TemporaryFile() as file:
        sock.setblocking(False)
        await loop.sock_connect(sock, ("127.0.0.1", int(sys.argv[1])))
        await loop.sock_sendall(sock, b"hello")
        print(await loop.sock_recv(sock, 100))
        await loop.sock_sendall(sock, b"again")
        print(await loop.sock_recv_into(sock, bytearray(100)))
        file.write(bytes(50_000)), file.seek(0)
        size = await loop.sock_sendfile(sock, file)
        while size > 0:
            size -= len(await loop.sock_recv(sock, 65536))
    with socket.socket() as server, socket.socket() as client:
        server.bind(("127.0.0.1", 0)), server.listen()
        server.setblocking(False), client.setblocking(False)
        (accepted, _), _ = await asyncio.gather(
            loop.sock_accept(server), loop.sock_connect(client, server.getsockname())
        )
        accepted.close()
    one, two = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
    with one, two:
        for sock in (one, two):
            sock.setblocking(False), sock.bind(("127.0.0.1", 0))
        await loop.sock_sendto(one, b"packet", two.getsockname())
        print((await loop.sock_recvfrom(two, 100))[0])


asyncio.run(main())
