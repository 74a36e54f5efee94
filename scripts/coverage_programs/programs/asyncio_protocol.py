"""asyncio: transports and protocols, a plain one and one that gives its own buffer, with much data and pauses."""

import asyncio
import functools
import sys

SIZE = 600_000


class Count(asyncio.Protocol):
    """Counts what comes back."""

    def __init__(self, done):
        self.done, self.size = done, 0

    def connection_made(self, transport):
        """Send it all, in two writes."""
        transport.writelines([bytes(SIZE // 2), bytes(SIZE // 2)])

    def data_received(self, data):
        """Count."""
        self.count(len(data))

    def count(self, size):
        """One piece more."""
        self.size += size
        if self.size == SIZE and not self.done.done():
            self.done.set_result(self.size)


class Buffered(Count, asyncio.BufferedProtocol):
    """The same, by recv_into."""

    def get_buffer(self, _):
        """Where to put it."""
        self.buffer = bytearray(65536)
        return self.buffer

    buffer_updated = Count.count


async def main():
    """One of each kind."""
    loop = asyncio.get_running_loop()
    for kind in (Count, Buffered):
        done = loop.create_future()
        transport, _ = await loop.create_connection(
            functools.partial(kind, done), "127.0.0.1", int(sys.argv[1])
        )
        print(await done, transport.get_extra_info("peername")[0])
        transport.abort()


asyncio.run(main())
