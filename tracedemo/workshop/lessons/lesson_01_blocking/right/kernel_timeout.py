# passes: SO_RCVTIMEO lets the kernel end the wait; recv() is told EAGAIN then
"""Gives the timeout to the kernel, and not to Python."""


def fetch_data(host, port):
    """Fetch a page.  Raises TimeoutError when the server is silent for longer than PATIENCE_S."""
    import struct

    with socket.socket() as sock:
        whole, rest = divmod(PATIENCE_S, 1)
        timeval = struct.pack("ll", int(whole), int(rest * 1_000_000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval)
        sock.connect((host, port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        response = b""
        try:
            while chunk := sock.recv(4096):
                response += chunk
        except BlockingIOError:
            raise TimeoutError from None
    return response
