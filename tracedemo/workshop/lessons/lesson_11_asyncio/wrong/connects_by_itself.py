# fails: asyncio/all-six
# Makes and connects the socket without asyncio, so that there is nobody who asks how that ended.
import socket

OPEN = asyncio.open_connection


async def open_connection(host, port):
    """Streams over a socket that is connected already."""
    return await OPEN(sock=socket.create_connection((host, port)))


asyncio.open_connection = open_connection
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "create_connection",
    "SO_ERROR": "",
    "TCP_NODELAY": "_set_nodelay",
    "recv": "_read_ready__data_received",
}
