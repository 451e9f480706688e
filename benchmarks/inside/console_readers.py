"""Opens pages of the console that update themselves, and takes what they are sent.

    python -m benchmarks.inside.console_readers PORT COOKIE NUMBER PATH...

Says "open" once all are; the paths are shared out among them.
"""

from __future__ import annotations

import asyncio
import sys

MOST_BYTES = 65_536


async def opened(port: int, cookie: str, path: str) -> asyncio.StreamReader:
    """A connection that was let in."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    asked = (
        f"GET /console/live/{path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        f"Cookie: aivax-console={cookie}",
    )
    writer.write("\r\n".join((*asked, "", "")).encode())
    first = await reader.readline()
    if b" 200 " not in first:
        raise RuntimeError(f"{path}: {first!r}")
    return reader


async def drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(MOST_BYTES):
        pass


async def main(port: str, cookie: str, number: str, *paths: str) -> None:
    readers = [await opened(int(port), cookie, paths[each % len(paths)]) for each in range(int(number))]
    print("open", flush=True)
    await asyncio.gather(*map(drained, readers))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
