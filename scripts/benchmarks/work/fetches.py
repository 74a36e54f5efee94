"""Fetches a page with http.client, one connection each; prints the CPU seconds of the fetches."""

import http.client
import json
import sys
import time

address, count = sys.argv[1], int(sys.argv[2])


def fetch() -> int:
    """One fetch; the size of the body."""
    connection = http.client.HTTPConnection(address)
    connection.request("GET", "/")
    size = len(connection.getresponse().read())
    connection.close()
    return size


fetch()
cpu = time.process_time()
for _ in range(count):
    fetch()
print(json.dumps({"cpu": time.process_time() - cpu}))
