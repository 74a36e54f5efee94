"""Fetch a page by asyncio; and say which function of asyncio's made which call."""

import asyncio
import hashlib
import json
import sys

# [solution]
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "_sock_connect",
    "SO_ERROR": "_sock_connect_cb",
    "TCP_NODELAY": "_set_nodelay",
    "recv": "_read_ready__data_received",
}
# [exercise]
#| # Which function of asyncio's makes this call? Only its name: "_sock_accept" would be one.
#| WHO = {
#|     "socketpair": "",  # makes a pair of sockets, before any coroutine runs
#|     "register": "",  # has the selector watch one of that pair
#|     "connect": "",  # begins to connect
#|     "SO_ERROR": "",  # asks by getsockopt() how connecting ended
#|     "TCP_NODELAY": "",  # asks the kernel by setsockopt() to send small pieces at once
#|     "recv": "",  # receives the answer
#| }
# [end]


async def fetch_data(host, port):
    """Fetch a page."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    head, _, body = asyncio.run(fetch_data(host, int(port))).partition(b"\r\n\r\n")
    print(head.partition(b"\r\n")[0].decode(), hashlib.sha256(body).hexdigest())
    print(json.dumps(WHO))


if __name__ == "__main__":
    main()
