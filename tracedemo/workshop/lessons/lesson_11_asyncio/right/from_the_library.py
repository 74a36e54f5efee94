# passes: names that are taken from the functions themselves
LOOP = asyncio.SelectorEventLoop
WHO = {
    "socketpair": LOOP._make_self_pipe.__name__,
    "register": LOOP._add_reader.__qualname__,
    "connect": LOOP._sock_connect.__name__,
    "SO_ERROR": LOOP._sock_connect_cb.__name__,
    "TCP_NODELAY": asyncio.base_events._set_nodelay.__name__,
    "recv": asyncio.selector_events._SelectorSocketTransport._read_ready__data_received.__name__,
}
