"""requests: a session that keeps its connection, and a fetch without one."""

import sys

import requests

with requests.Session() as session:
    for path in ("/", "/chunked", "/big"):
        print(len(session.get(sys.argv[1] + path, timeout=20).content))
    print(len(session.post(sys.argv[1], data=b"x" * 999).content))
print(requests.get(sys.argv[1], stream=True, timeout=20).raw.read(5))
