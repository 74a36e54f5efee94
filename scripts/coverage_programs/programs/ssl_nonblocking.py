"""ssl: a non-blocking socket and a selector, with SSLWantRead and SSLWantWrite; and a TLS server in a thread."""

import selectors
import socket
import ssl
import sys
import threading

certificate, key = sys.argv[1:]
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain(certificate, key)
listener = socket.create_server(("127.0.0.1", 0))
address = listener.getsockname()


def serve():
    """One connection: what comes goes back."""
    with server_context.wrap_socket(listener, server_side=True) as secure_listener:
        connection, _ = secure_listener.accept()
        with connection:
            connection.sendall(connection.recv(1000))


thread = threading.Thread(target=serve, daemon=True)
thread.start()
client = socket.create_connection(address)
client.setblocking(False)
secure = ssl.create_default_context().wrap_socket(
    client, server_hostname="localhost", do_handshake_on_connect=False
)
with selectors.DefaultSelector() as selector:
    selector.register(secure, selectors.EVENT_READ)

    def until(step):
        """Try a step until TLS has what it needs."""
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                selector.modify(secure, selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                selector.modify(secure, selectors.EVENT_WRITE)
            selector.select()

    until(secure.do_handshake)
    until(lambda: secure.send(b"there and back"))
    print(until(lambda: secure.recv(1000)))
    selector.unregister(secure)
secure.close()
thread.join()
