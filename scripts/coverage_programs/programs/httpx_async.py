"""httpx: the asynchronous client, on asyncio or, where the second argument says so, on trio."""

import sys

import httpx


async def main():
    """Four fetches over one connection."""
    async with httpx.AsyncClient() as client:
        for path in ("/", "/chunked", "/big"):
            print(len((await client.get(sys.argv[1] + path)).content))
        print(len((await client.post(sys.argv[1], content=b"x" * 999)).content))


if sys.argv[2] == "trio":
    import trio

    trio.run(main)
else:
    import asyncio

    asyncio.run(main())
