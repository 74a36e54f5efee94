"""ssl: a blocking socket, then one with a timeout; wrapped, spoken over, and unwrapped by close_notify."""

import socket
import ssl
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
context = ssl.create_default_context()
for timeout in (None, 20):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(REQUEST)
            data = b""
            while piece := secure.recv(1000):
                data += piece
            print(secure.version(), data.count(b"hello"))
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as plain:
    secure = context.wrap_socket(plain, server_hostname="localhost")
    with secure.makefile("rwb") as file:
        file.write(REQUEST)
        file.flush()
        print(file.readline())
    secure.close()
