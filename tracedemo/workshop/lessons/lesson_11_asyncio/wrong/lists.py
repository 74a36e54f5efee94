# fails: who/told
# Several guesses for each, so that one of them may be right.
WHO = {
    key: ["_make_self_pipe", "_add_reader", "_sock_connect", "_sock_connect_cb", "_set_nodelay"]
    for key in ("socketpair", "register", "connect", "SO_ERROR", "TCP_NODELAY", "recv")
}
