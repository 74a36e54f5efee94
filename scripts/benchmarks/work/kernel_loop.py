"""A send, an epoll_wait and a recv, so many times: system calls that a tracer stops, and whose buffers it reads.

Prints the nanoseconds of the loop as JSON.
"""

import json
import select
import socket
import sys
import time

left, right = socket.socketpair()
right.setblocking(False)
with left, right, select.epoll() as epoll:
    epoll.register(right, select.EPOLLIN)
    message = b"x" * 100
    start = time.perf_counter_ns()
    for _ in range(int(sys.argv[1])):
        left.send(message)
        epoll.poll(-1)
        right.recv(4096)
    print(json.dumps({"ns": time.perf_counter_ns() - start}))
