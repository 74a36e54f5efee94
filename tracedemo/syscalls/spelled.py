"""What Python code calls an operation: dotted names, the usual one first."""

from __future__ import annotations

from tracedemo.syscalls.operations import OPERATIONS

_HOME = {
    "socket": "socket.socket",
    "option": "socket.socket",
    "name": "socket.socket",
    "lookup": "socket",
    "readiness": "selectors.BaseSelector",
    "watch": "selectors.BaseSelector",
    "tls": "ssl.SSLSocket",
}
"""Family -> where its operations are to be found, unless `_SPECIAL` says otherwise."""

_SPECIAL = {
    "gethostbyname": ("socket.gethostbyname", "socket.gethostbyname_ex"),
    "getservby": ("socket.getservbyname", "socket.getservbyport", "socket.getprotobyname"),
    "if_names": ("socket.if_nameindex", "socket.if_nametoindex", "socket.if_indextoname"),
    "socket": ("socket.socket",),
    "socketpair": ("socket.socketpair",),
    "dup": ("socket.socket.dup", "socket.dup"),
    "recv": ("socket.socket.recv", "ssl.SSLSocket.recv"),
    "recv_into": ("socket.socket.recv_into", "ssl.SSLSocket.recv_into", "socket.socket.makefile"),
    "send": ("socket.socket.send", "ssl.SSLSocket.send"),
    "sendall": ("socket.socket.sendall", "ssl.SSLSocket.sendall"),
    "sendmsg": ("socket.socket.sendmsg", "socket.send_fds"),
    "recvmsg": ("socket.socket.recvmsg", "socket.recv_fds"),
    "sendfile": ("socket.socket.sendfile", "os.sendfile"),
    "select": ("selectors.BaseSelector.select", "select.select"),
    "poll": ("select.epoll.poll", "select.poll.poll"),
    "control": ("select.kqueue.control",),
    "set_wakeup_fd": ("signal.set_wakeup_fd",),
    "selector": (
        "selectors.DefaultSelector",
        "selectors.EpollSelector",
        "selectors.PollSelector",
        "selectors.SelectSelector",
        "selectors.KqueueSelector",
        "select.epoll",
        "select.kqueue",
    ),
    "register": ("selectors.BaseSelector.register", "select.epoll.register", "select.poll.register"),
    "modify": ("selectors.BaseSelector.modify", "select.epoll.modify", "select.poll.modify"),
    "unregister": ("selectors.BaseSelector.unregister", "select.epoll.unregister", "select.poll.unregister"),
    "close": ("socket.socket.close", "socket.close", "selectors.BaseSelector.close", "select.epoll.close"),
}

SPELLED = {row.name: _SPECIAL.get(row.name) or (f"{_HOME[row.family]}.{row.name}",) for row in OPERATIONS}
"""Operation -> dotted names."""
