"""socket: UDP between two sockets, connected and not; and Unix sockets, of which one is left to the garbage collector."""

import socket
import warnings

with (
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as left,
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as right,
):
    left.bind(("127.0.0.1", 0)), right.bind(("127.0.0.1", 0))
    left.sendto(b"one", right.getsockname())
    print(right.recvfrom(100)[0])
    left.connect(right.getsockname())
    left.send(b"two")
    print(right.recvfrom_into(bytearray(100))[0])
warnings.simplefilter("ignore")
one, two = socket.socketpair()
one.send(b"x"), print(two.recv(1))
copy = one.dup()
one.detach(), copy.close()
del two
