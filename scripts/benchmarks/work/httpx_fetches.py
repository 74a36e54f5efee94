"""Fetches a page with httpx, all by one client; prints the CPU seconds of the fetches."""

import json
import sys
import time

import httpx

address, count = sys.argv[1], int(sys.argv[2])


def fetch(client: httpx.Client) -> int:
    """One fetch; the size of the body."""
    return len(client.get(f"http://{address}/").content)


with httpx.Client(trust_env=False) as client:
    fetch(client)
    cpu = time.process_time()
    for _ in range(count):
        fetch(client)
    print(json.dumps({"cpu": time.process_time() - cpu}))
