# fails: who/told
# Five of six.
WHO = {
    "socketpair": "_make_self_pipe",
    "register": "_add_reader",
    "connect": "_sock_connect",
    "SO_ERROR": "_sock_connect_cb",
    "TCP_NODELAY": "",
    "recv": "_read_ready__data_received",
}
