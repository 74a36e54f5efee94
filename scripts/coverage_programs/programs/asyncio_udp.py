"""asyncio: datagram endpoints, bound and connected."""

import asyncio


class Shout(asyncio.DatagramProtocol):
    """Sends each packet back."""

    def connection_made(self, transport):
        """Keep it."""
        self.transport = transport

    def datagram_received(self, data, address):
        """Back."""
        self.transport.sendto(data.upper(), address)


class Ask(asyncio.DatagramProtocol):
    """Waits for one answer."""

    def __init__(self, done):
        self.done = done

    def datagram_received(self, data, _):
        """There it is."""
        self.done.set_result(data)


async def main():
    """There and back."""
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Shout, local_addr=("127.0.0.1", 0))
    done = loop.create_future()
    client, _ = await loop.create_datagram_endpoint(
        lambda: Ask(done), remote_addr=server.get_extra_info("sockname")
    )
    client.sendto(b"packet")
    print(await done)
    client.close(), server.close()
    await asyncio.sleep(0)


asyncio.run(main())
