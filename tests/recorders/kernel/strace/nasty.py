"""A program whose system calls are hard to read in strace's text: `make.py` runs it, and no test does.

Each function is one difficulty. Nothing here waits by the clock where a cause can be waited for.
"""

import array
import ctypes
import os
import select
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
RECVFROM = 45
"""Its number on x86-64."""


def sleeps_in_recv(pid, tid):
    """Return when that thread sleeps inside recvfrom, and not in a stop of its tracer."""
    task = Path(f"/proc/{pid}/task/{tid}")
    while True:
        state = (task / "stat").read_text().rpartition(")")[2].split()[0]
        if state == "S" and (task / "syscall").read_text().split()[0] == str(RECVFROM):
            return


def strings():
    """Data that looks like strace's own text, and bytes that it has to escape."""
    left, right = socket.socketpair()
    for data in (
        b") = 99 <unfinished ...>",
        b'"quoted" \\ and \\" \n) = 99\r\n',
        b"<... recvfrom resumed>) = 5 <0.000001>",
        b"+++ exited with 0 +++\n--- SIGKILL {} ---",
        b"\01\0\1\x7f\xff caf\xc3\xa9 /* x */ {[(",
        b"\0",
        b"",
        b'"...' * 40,
    ):
        left.send(data)
        if data:
            right.recv(1000)
    os.write(left.fileno(), b"\x17\x03\x03) = 1\n")
    os.read(right.fileno(), 5)
    os.read(right.fileno(), 4096)
    left.close()
    right.close()


def paths(folder):
    """Names of files with every sign that strace's text is made of, and a file that is gone."""
    for name in ("caf\u00e9", 'a") = 3 <unfinished ...>', "a<b>c->d\n, e", "a, {b=[c], d}", "gone"):
        path = folder / name
        with path.open("wb") as file, socket.socket() as sock:
            if name == "gone":
                path.unlink()
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            with suppress(OSError):
                os.sendfile(sock.fileno(), file.fileno(), 0, 1)
    for name in ("caf\u00e9.sock", 'a"> = 3.sock'):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(str(folder / name))
            server.listen(1)
            client.connect(str(folder / name))
            server.accept()[0].close()
    with socket.socket(socket.AF_UNIX) as client, suppress(FileNotFoundError):
        client.connect("/nowhere")


def families():
    """Addresses: abstract, unnamed, IPv6, netlink, datagrams from somebody."""
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(b'\0abstract\0\xff, sun_path="x"}, 9) = 0')
        server.listen(1)
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        accepted.getpeername()
        accepted.close()
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        server.setblocking(False)
        with suppress(BlockingIOError):
            server.accept()
        with socket.create_connection(server.getsockname()[:2]) as client:
            accepted, _ = server.accept()
            client.getpeername()
            accepted.close()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.bind((0, 0))
        netlink.getsockname()
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        two.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: a control message comes with each datagram
        two.setsockopt(socket.SOL_SOCKET, 29, 1)  # SO_TIMESTAMP: another
        for _ in range(3):
            one.sendto(b"a datagram", two.getsockname())
        two.recvfrom(4)
        two.recvmsg(4, 500)
        two.recvmsg(100, 1)


def control_messages():
    """Descriptors sent in a message of several buffers."""
    left, right = socket.socketpair()
    with Path("/dev/null").open("rb") as null:
        socket.send_fds(left, [b"two ", b"buffers"], [null.fileno(), 2])
        data = right.recvmsg_into([bytearray(4), bytearray(100)], socket.CMSG_SPACE(8))
    for descriptor in array.array("i", data[1][0][2]):
        os.close(descriptor)
    left.sendmsg([])
    left.sendmsg([b"x"] * 40)
    right.recvmsg(100)
    left.close()
    right.close()


def options():
    """Options of sockets that are numbers, structures, texts and unknown, and requests that are no sockets'."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 500000))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"reno")
        for level, option, size in (
            (socket.SOL_SOCKET, socket.SO_ERROR, 4),
            (socket.SOL_SOCKET, socket.SO_LINGER, 8),
            (socket.SOL_SOCKET, socket.SO_PEERCRED, 12),
            (socket.IPPROTO_TCP, socket.TCP_INFO, 8),
            (socket.SOL_SOCKET, 9999, 4),
            (777, 1, 4),
        ):
            with suppress(OSError):
                sock.getsockopt(level, option, size)
        sock.setblocking(False)
        os.set_inheritable(sock.fileno(), True)
        os.get_blocking(sock.fileno())
        os.set_blocking(sock.fileno(), True)
        sock.dup().close()
        LIBC.ioctl(sock.fileno(), 0x541B, ctypes.byref(ctypes.c_int(0)))  # FIONREAD
        LIBC.ioctl(sock.fileno(), 0xDEAD, 0)
        LIBC.connect(sock.fileno(), 1, 16)
        LIBC.connect(sock.fileno(), None, 0)
        LIBC.socket(99, 0x7777, 5)
        LIBC.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_UDP)
    LIBC.close(999)
    LIBC.shutdown(-1, 9)


def many_descriptors():
    """Poll, ppoll, select and epoll with several descriptors, more than strace shows, none, and a closed one."""
    pairs = [socket.socketpair() for _ in range(20)]
    flat = [sock for pair in pairs for sock in pair]
    for sock in flat[:38]:
        sock.send(b"x")
    poll = select.poll()
    for sock in flat:
        poll.register(sock, select.POLLIN | select.POLLPRI)
    poll.register(999, select.POLLIN)
    poll.poll(1000)
    ready = select.poll()
    ready.register(flat[-1], select.POLLIN)
    ready.poll(0)
    ready.register(flat[-2], select.POLLOUT)
    ready.poll(None)
    one = struct.pack("ihhihh", flat[0].fileno(), 1, 0, flat[-1].fileno(), 5, 0)
    LIBC.ppoll(ctypes.create_string_buffer(one), 2, struct.pack("ll", 1, 5000), None)
    LIBC.ppoll(ctypes.create_string_buffer(one), 2, None, struct.pack("Q", 1 << (signal.SIGUSR1 - 1)), 8)
    LIBC.poll(None, 0, 1)
    select.select(flat[:3], flat[2:5], flat[:1], 1.5)
    select.select(flat[-1:], [], [], 0)
    select.select([], flat[-1:], [])
    with select.epoll() as epoll, select.epoll(5) as small:
        for sock in flat:
            epoll.register(sock, select.EPOLLIN | select.EPOLLET | select.EPOLLRDHUP)
        epoll.modify(flat[0], 0)
        epoll.modify(flat[0], select.EPOLLIN | select.EPOLLOUT | select.EPOLLONESHOT)
        epoll.poll(None, 100)
        epoll.poll(0, 5)
        epoll.unregister(flat[1])
        with suppress(FileNotFoundError):
            epoll.unregister(flat[1])
        small.register(flat[-1], select.EPOLLIN)
        small.poll(0.001)
        flat[-2].close()
        small.poll()
        two = ctypes.create_string_buffer(24)
        LIBC.epoll_pwait2(small.fileno(), two, 2, struct.pack("ll", 1, 5000), None)
        LIBC.epoll_pwait(small.fileno(), two, 2, 0, struct.pack("Q", 1 << (signal.SIGUSR1 - 1)))
    for sock in flat:
        sock.close()


def signals():
    """A signal breaks off each kind of wait; Python goes on with it (PEP 475)."""
    left, right = socket.socketpair()
    reading = select.poll()
    reading.register(right, select.POLLIN)
    epoll = select.epoll()
    epoll.register(right, select.EPOLLIN)
    signal.signal(signal.SIGALRM, lambda *_: left.send(b"x"))
    for wait in (
        lambda: None,
        lambda: reading.poll(60000),
        lambda: select.select([right], [], [], 60),
        lambda: epoll.poll(60),
    ):
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        wait()
        right.recv(1)
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    os.kill(os.getpid(), signal.SIGUSR1)
    for sock in (left, right, epoll):
        sock.close()


def in_child(work):
    """Run it in a forked child, and return its pid."""
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(3)
    return pid


def killed():
    """A process that is killed inside a call, one of several threads."""
    left, right = socket.socketpair()
    pid = in_child(lambda: right.recv(10))
    sleeps_in_recv(pid, pid)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

    def two_threads():
        other = threading.Thread(target=right.recv, args=(10,))
        other.start()
        sleeps_in_recv(os.getpid(), other.native_id)
        left.send(b"!")
        other.join()
        other = threading.Thread(target=right.recv, args=(10,))
        other.start()
        sleeps_in_recv(os.getpid(), other.native_id)
        os._exit(5)

    os.waitpid(in_child(two_threads), 0)
    left.close()
    right.close()


def exec_from_thread():
    """A thread executes another program while the main one, whose number it takes over, sleeps in a call."""
    left, right = socket.socketpair()

    def work():
        main = threading.get_native_id()

        def execute():
            sleeps_in_recv(os.getpid(), main)
            left.send(b"")
            os.execv("/bin/true", ["true", '") = 0 <unfinished ...>'])

        threading.Thread(target=execute).start()
        right.recv(10)

    os.waitpid(in_child(work), 0)
    subprocess.run(["/bin/sh", "-c", ': "$1"', ") = 0 <unfinished ...>", "caf\u00e9\n"], check=True)
    with suppress(FileNotFoundError):
        os.execv("/nowhere/program", ['a"b'])
    left.close()
    right.close()


def interleaved():
    """Two threads that sleep in calls at once, so that each of these is written in two halves."""
    left, right = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))

    def accept():
        accepted, _ = listener.accept()
        accepted.close()

    threads = [
        threading.Thread(target=accept),
        threading.Thread(target=right.recv, args=(100,)),
        threading.Thread(target=select.select, args=([right], [], [right], 60)),
    ]
    for thread in threads:
        thread.start()
    sleeps_in_recv(os.getpid(), threads[1].native_id)
    client = socket.create_connection(listener.getsockname())
    threads[0].join()
    left.send(b") = 7 <unfinished ...>")
    threads[1].join()
    left.send(b"once more")
    threads[2].join()
    for sock in (left, right, listener, client):
        sock.close()


def names():
    """Names that are looked up: one in a file, one by asking a server that is not there."""
    with socket.socket() as sock, suppress(OSError):
        sock.connect(("localhost", 1))
    with suppress(OSError):
        socket.getaddrinfo("nobody.example", 80)


def main():
    """All of it, one after the other."""
    with tempfile.TemporaryDirectory(prefix="nasty-") as folder:
        paths(Path(folder))
    for difficulty in (
        strings,
        families,
        control_messages,
        options,
        many_descriptors,
        signals,
        killed,
        exec_from_thread,
        interleaved,
        names,
    ):
        difficulty()


if __name__ == "__main__":
    main()
