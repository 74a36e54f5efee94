"""redis-py on asyncio: commands at once, a pipeline, and messages."""

import asyncio
import sys

import redis.asyncio


async def main():
    """One of each."""
    async with redis.asyncio.Redis(port=int(sys.argv[1])) as client:
        await client.delete("n")
        print(sorted(await asyncio.gather(*[client.incr("n") for _ in range(3)])))
        async with client.pipeline() as pipe:
            print(await pipe.set("a", 1).get("a").execute())
        async with client.pubsub() as messages:
            await messages.subscribe("channel")
            await messages.get_message(timeout=5)
            await client.publish("channel", "hello")
            print((await messages.get_message(timeout=5))["data"])
        print(await client.set("big", bytes(300_000)), len(await client.get("big")))


asyncio.run(main())
