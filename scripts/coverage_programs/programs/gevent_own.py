"""gevent: its own sockets."""

import sys

import gevent
from gevent import socket


def talk(text):
    """There and back."""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as sock:
        sock.sendall(text)
        return sock.recv(100)


greenlets = [gevent.spawn(talk, text) for text in (b"one", b"two", b"three")]
gevent.joinall(greenlets)
print([greenlet.value for greenlet in greenlets])
