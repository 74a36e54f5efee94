"""socket: connect() with a name, which looks it up on the way; create_connection; getaddrinfo and its kin."""

import socket
import sys

with socket.socket() as client:
    client.connect(("localhost", int(sys.argv[1])))
    client.send(b"x"), print(client.recv(1))
with socket.create_connection(("localhost", int(sys.argv[1]))) as client:
    client.send(b"y"), print(client.recv(1))
socket.gethostbyname("localhost"), socket.getfqdn("127.0.0.1"), socket.getnameinfo(("127.0.0.1", 80), 0)
