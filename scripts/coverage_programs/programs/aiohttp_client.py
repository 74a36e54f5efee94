"""aiohttp: the client, three fetches at once and a POST."""

import asyncio
import sys

import aiohttp


async def main():
    """One session."""
    async with aiohttp.ClientSession(trust_env=False) as session:

        async def fetch(path):
            async with session.get(sys.argv[1] + path) as answer:
                return len(await answer.read())

        print(await asyncio.gather(*map(fetch, ("/", "/chunked", "/big"))))
        async with session.post(sys.argv[1], data=b"x" * 999) as answer:
            print(len(await answer.read()))


asyncio.run(main())
