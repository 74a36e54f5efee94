"""http.client: GETs and a POST over one connection, one of them in chunks; arguments: `http PORT` or `https PORT`."""

import http.client
import sys

scheme, port = sys.argv[1], int(sys.argv[2])
kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
connection = kind(
    "localhost" if scheme == "https" else "127.0.0.1", port, timeout=20 if scheme == "https" else None
)
for method, path, body in (
    ("GET", "/", None),
    ("GET", "/chunked", None),
    ("GET", "/big", None),
    ("POST", "/", b"x" * 999),
):
    connection.request(method, path, body)
    print(len(connection.getresponse().read()))
connection.close()
