# fails: together/one-thread
"""Gives each fetch a thread of a pool, which sleeps in its blocking calls."""


def fetch_data(host, port, deadline):
    """Fetch a page, in DEADLINE seconds for each wait."""
    with socket.create_connection((host, port), timeout=deadline) as sock:
        sock.sendall(make_request(host, port))
        response = b""
        while chunk := sock.recv(4096):
            response += chunk
    return response


def run_all(gen_funcs, deadline, at_most):
    """Let a pool of AT_MOST threads call them."""
    from concurrent.futures import ThreadPoolExecutor

    def call(gen_func):
        try:
            return gen_func(deadline)
        except Exception as error:
            return error

    with ThreadPoolExecutor(at_most) as pool:
        return list(pool.map(call, gen_funcs))
