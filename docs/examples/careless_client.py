"""Fetch three pages "at once" with asyncio, and with a library that blocks: what `docs/findings.md` is about.

    tracedemo run docs/examples/careless_client.py {address}

The three tasks look as if they ran side by side. They do not: `urlopen()` holds the one thread of the loop until its
answer is there, and only then the next task begins. What mends it: `await asyncio.to_thread(fetch_data, url)`, or a client
that waits by `await`, as `good_client.py` does.
"""

# ruff: noqa: ASYNC210, S310  # a blocking call in a coroutine is what the example is about

from __future__ import annotations

import asyncio
import sys
import urllib.request


async def fetch_data(url: str) -> int:
    """The length of a page.  There is no `await` in here: nobody else runs meanwhile."""
    with urllib.request.urlopen(url) as answer:
        return len(answer.read())


async def main(url: str) -> None:
    """Three fetches, each a task of its own."""
    print(*await asyncio.gather(*(fetch_data(url) for _ in range(3))))


if __name__ == "__main__":
    asyncio.run(main(f"http://{sys.argv[1]}/"))
