"""asyncio: a subprocess with all three of its streams."""

import asyncio


async def main():
    """There and back."""
    process = await asyncio.create_subprocess_exec(
        "cat", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    print(await process.communicate(b"there and back"), process.returncode)


asyncio.run(main())
