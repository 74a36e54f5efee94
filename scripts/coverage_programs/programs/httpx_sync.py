"""httpx: the client of threads."""

import sys

import httpx

with httpx.Client() as client:
    for path in ("/", "/chunked", "/big"):
        print(len(client.get(sys.argv[1] + path).content))
    print(len(client.post(sys.argv[1], content=b"x" * 999).content))
