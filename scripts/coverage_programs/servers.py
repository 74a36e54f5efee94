"""The servers that the programs talk to, in a process of their own: HTTP, HTTPS, an echo, SMTP and FTP, all of loopback.

Usage: servers.py CERTIFICATE KEY. Prints the ports as one line of JSON, and serves until its stdin is closed.
"""

from __future__ import annotations

import json
import socketserver
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HELLO = b"hello, world\n" * 20
BIG = bytes(300_000)


class Http(BaseHTTPRequestHandler):
    """Keep-alive; `/chunked` comes in chunks, `/big` is large, a POST is sent back."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer by the path."""
        if self.path.startswith("/chunked"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (HELLO[:100], HELLO[100:], b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        else:
            self._send(BIG if self.path.startswith("/big") else HELLO)

    def do_POST(self) -> None:
        """Send the body back."""
        self._send(self.rfile.read(int(self.headers["Content-Length"])))

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class SecureServer(ThreadingHTTPServer):
    """The handshake is made in the connection's own thread."""

    context: ssl.SSLContext

    def finish_request(self, request: object, client_address: object) -> None:
        """Speak TLS first."""
        with self.context.wrap_socket(request, server_side=True) as secure:  # type: ignore[arg-type]
            super().finish_request(secure, client_address)  # type: ignore[arg-type]

    def handle_error(self, *_: object) -> None:
        """A client that goes away is none of ours."""


class Echo(socketserver.BaseRequestHandler):
    """Sends back what comes, until the other side has finished."""

    def handle(self) -> None:
        """Read and write."""
        while data := self.request.recv(65536):
            self.request.sendall(data)


class Smtp(socketserver.StreamRequestHandler):
    """Takes any mail."""

    def handle(self) -> None:
        """One session."""
        self.wfile.write(b"220 here\r\n")
        in_body = False
        for line in self.rfile:
            word = line[:4].upper()
            if in_body and line != b".\r\n":
                continue
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                in_body = True
                continue
            in_body = False
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 OK\r\n")
            if word == b"QUIT":
                return


class Ftp(socketserver.StreamRequestHandler):
    """Has one file, and gives it over a second connection."""

    def handle(self) -> None:
        """One session."""
        self.wfile.write(b"220 here\r\n")
        data = socketserver.socket.create_server(("127.0.0.1", 0))
        with data:
            for line in self.rfile:
                if not self._answer(line[:4].strip().upper(), data):
                    return

    def _answer(self, word: bytes, data: socketserver.socket.socket) -> bool:
        if word == b"RETR":
            self.wfile.write(b"150 here it comes\r\n")
            with data.accept()[0] as connection:
                connection.sendall(HELLO)
        port = data.getsockname()[1]
        self.wfile.write({
            b"USER": b"331 password?\r\n", b"PASS": b"230 come in\r\n", b"RETR": b"226 done\r\n",
            b"PASV": b"227 at (127,0,0,1,%d,%d)\r\n" % divmod(port, 256), b"QUIT": b"221 bye\r\n",
        }.get(word, b"200 OK\r\n"))  # fmt: skip
        return word != b"QUIT"


def main() -> None:
    """Serve."""
    certificate, key = sys.argv[1:]
    socketserver.ThreadingTCPServer.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure = SecureServer(("127.0.0.1", 0), Http)
    secure.context = context
    servers = {"http": ThreadingHTTPServer(("127.0.0.1", 0), Http), "https": secure} | {
        name: socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        for name, handler in (("echo", Echo), ("smtp", Smtp), ("ftp", Ftp))
    }
    for server in servers.values():
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({name: server.server_address[1] for name, server in servers.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
