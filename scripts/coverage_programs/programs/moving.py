"""socket: sendfile, sendmsg, recvmsg, recv_into, and a sendall of two megabytes against a slow buffer."""

import socket
import sys
import tempfile
import threading

BIG = bytes(2_000_000)
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as client, tempfile.TemporaryFile() as file:
    file.write(bytes(100_000))
    file.seek(0)
    print(client.sendfile(file))
    print(client.sendmsg([b"one", b"two"]))
    sender = threading.Thread(target=client.sendall, args=(BIG,))
    sender.start()
    size, buffer = 0, bytearray(65536)
    while size < 100_006 + len(BIG):
        size += client.recv_into(buffer)
    sender.join()
    print(size)
left, right = socket.socketpair()
with left, right:
    socket.send_fds(left, [b"here"], [left.fileno()])
    data, fds, _, _ = socket.recv_fds(right, 100, 1)
    socket.socket(fileno=fds[0]).close()
    print(data, len(fds))
