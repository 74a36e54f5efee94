"""Fetch a page with a blocking socket, and print the SHA-256 of its body."""

import hashlib
import socket
import sys

PATIENCE_S = float(sys.argv[2]) if len(sys.argv) > 2 else 0.5
"""Seconds that a server may be silent."""


# [solution]
def fetch_data(host, port):
    """Fetch a page.

    Raises TimeoutError when the server is silent for longer than PATIENCE_S.
    """
    with socket.socket() as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect((host, port))
        request = (
            f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
            "Connection: close\r\n\r\n"  # the server closes at the end
        )
        sock.sendall(request.encode())

        response = b""
        while True:
            chunk = sock.recv(4096)
            if not chunk:
                break
            response += chunk
    return response


# [exercise]
#| def fetch_data(host, port):
#|     """Fetch a page.
#|
#|     Raises TimeoutError when the server is silent for longer than PATIENCE_S.
#|     """
#|     # So far it raises nothing: it waits as long as the server likes. And a
#|     # fetch that gives up must close its socket, too.
#|     sock = socket.socket()
#|     sock.connect((host, port))
#|     request = (
#|         f"GET / HTTP/1.1\r\nHost: {host}:{port}\r\n"
#|         "Connection: close\r\n\r\n"  # the server closes at the end
#|     )
#|     sock.sendall(request.encode())
#|
#|     response = b""
#|     while True:
#|         chunk = sock.recv(4096)
#|         if not chunk:
#|             break
#|         response += chunk
#|
#|     sock.close()
#|     return response
#|
#|
# [end]
def main():
    """Fetch from HOST:PORT, with a patience of so many SECONDS."""
    host, _, port = sys.argv[1].partition(":")
    try:
        head, _, body = fetch_data(host, int(port)).partition(b"\r\n\r\n")
    except TimeoutError:
        sys.exit(f"{host}:{port} has been silent for {PATIENCE_S} s: gave up")
    status = head.partition(b"\r\n")[0].decode()
    print(status, hashlib.sha256(body).hexdigest())


if __name__ == "__main__":
    main()
