"""urllib3: a pool, one connection used again and again."""

import sys

import urllib3

with urllib3.PoolManager() as pool:
    for path in ("/", "/chunked", "/big"):
        print(len(pool.request("GET", sys.argv[1] + path, timeout=20.0).data))
    print(len(pool.request("POST", sys.argv[1], body=b"x" * 999).data))
