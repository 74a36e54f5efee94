"""Fetch a page by asyncio; say which of its functions made which call."""

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
#| # Which function of asyncio makes this call? Only its name: "_sock_accept".
#| WHO = {
#|     "socketpair": "",  # makes a pair of sockets, before any coroutine runs
#|     "register": "",  # has the selector watch one of that pair
#|     "connect": "",  # begins to connect
#|     "SO_ERROR": "",  # asks by getsockopt() how connecting ended
#|     "TCP_NODELAY": "",  # has small pieces sent at once, by setsockopt()
#|     "recv": "",  # receives the answer
#| }
# [end]


async def fetch_data(host, port):
    """Fetch a page."""
    reader, writer = await asyncio.open_connection(host, port)
    request = (
        f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Connection: close\r\n\r\n"  # the server closes at the end
    )
    writer.write(request.encode())
    await writer.drain()
    response = await reader.read()
    writer.close()
    await writer.wait_closed()
    return response


def main():
    """Fetch from HOST:PORT."""
    host, _, port = sys.argv[1].partition(":")
    response = asyncio.run(fetch_data(host, int(port)))
    head, _, body = response.partition(b"\r\n\r\n")
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())
    print(json.dumps(WHO))


if __name__ == "__main__":
    main()
