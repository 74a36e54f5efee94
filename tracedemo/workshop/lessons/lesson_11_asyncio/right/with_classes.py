# passes: a function may be named with its class, and with brackets
WHO = {
    "socketpair": "BaseSelectorEventLoop._make_self_pipe",
    "register": "BaseSelectorEventLoop._add_reader",
    "connect": "BaseSelectorEventLoop._sock_connect()",
    "SO_ERROR": "BaseSelectorEventLoop._sock_connect_cb()",
    "TCP_NODELAY": "_set_nodelay()",
    "recv": "_SelectorSocketTransport._read_ready__data_received",
}
