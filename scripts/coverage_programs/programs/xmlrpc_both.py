"""xmlrpc: a server in a thread, and a client of it."""

import threading
import xmlrpc.client
import xmlrpc.server

with xmlrpc.server.SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
    server.register_function(pow)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    with xmlrpc.client.ServerProxy(f"http://127.0.0.1:{server.server_address[1]}") as proxy:
        print(proxy.pow(2, 10), proxy.pow(3, 3))
    server.shutdown()
    thread.join()
