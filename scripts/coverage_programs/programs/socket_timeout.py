"""socket: connect, send and receive with a timeout; one that ends, one that does not; connect_ex and a refusal."""

import socket
import sys

with socket.socket() as client:
    client.settimeout(20)
    client.connect(("127.0.0.1", int(sys.argv[1])))
    client.sendall(b"there and back")
    print(client.recv(100))
    client.settimeout(0.01)
    try:
        client.recv(1)
    except TimeoutError as error:
        print(error)
    client.settimeout(None)
    client.shutdown(socket.SHUT_WR)
    print(client.recv(1))
with socket.socket() as nobody, socket.socket() as client:
    nobody.bind(("127.0.0.1", 0))
    client.settimeout(20)
    print(client.connect_ex(nobody.getsockname()) != 0)
