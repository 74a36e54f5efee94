# passes: connect_ex() answers with the number in place of the exception; one yield stands before each draining
"""Uses connect_ex(), and drains with small reads."""


def fetch_data(host, port):
    """Fetch a page; at each yield tell what to wait for: a socket, and "read" or "write"."""
    with socket.socket() as sock:
        sock.setblocking(False)
        if sock.connect_ex((host, port)) not in (0, errno.EINPROGRESS):
            raise OSError("cannot connect")
        yield sock, "write"

        sock.send(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())

        response = b""
        while True:
            yield sock, "read"
            try:
                while chunk := sock.recv(100):
                    response += chunk
                return response
            except BlockingIOError:
                pass
