"""select, poll, epoll and each selector over a pair of sockets."""

import select
import selectors
import socket

left, right = socket.socketpair()
left.setblocking(False)
right.send(b"x")
print(len(select.select([left], [right], [], 5)[0]))
poll = select.poll()
poll.register(left, select.POLLIN)
poll.modify(left, select.POLLIN | select.POLLOUT)
print(len(poll.poll(5000)))
poll.unregister(left)
with select.epoll() as epoll:
    epoll.register(left, select.EPOLLIN)
    epoll.modify(left, select.EPOLLIN | select.EPOLLET)
    print(len(epoll.poll(5)))
    epoll.unregister(left)
for kind in (selectors.SelectSelector, selectors.PollSelector, selectors.EpollSelector):
    with kind() as selector:
        selector.register(left, selectors.EVENT_READ)
        selector.modify(left, selectors.EVENT_READ | selectors.EVENT_WRITE)
        print(len(selector.select(5)))
left.close(), right.close()
