"""socketserver: a threading TCP server, a UDP server and a Unix one, and a client of each, in one process."""

import os
import socket
import socketserver
import tempfile
import threading


class Lines(socketserver.StreamRequestHandler):
    """Answers a line."""

    def handle(self):
        """Shout it back."""
        self.wfile.write(self.rfile.readline().upper())


class Packet(socketserver.BaseRequestHandler):
    """Answers a packet."""

    def handle(self):
        """Shout it back."""
        data, sock = self.request
        sock.sendto(data.upper(), self.client_address)


with tempfile.TemporaryDirectory() as folder:
    for kind, address, handler in (
        (socketserver.ThreadingTCPServer, ("127.0.0.1", 0), Lines),
        (socketserver.UDPServer, ("127.0.0.1", 0), Packet),
        (socketserver.UnixStreamServer, os.path.join(folder, "s"), Lines),
    ):
        with kind(address, handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            with socket.socket(server.address_family, server.socket_type) as client:
                client.connect(server.server_address)
                client.send(b"line\n")
                print(client.recv(100))
            server.shutdown()
            thread.join()
