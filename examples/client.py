"""Five requests at once on one connection, to try the other examples from Python.

    python examples/client.py https://localhost:4433/

It trusts the certificate that h3producer makes for this machine; a second argument names the
file of another one. `h3producer.client` is meant for the first minute with a server. For real
work there are niquests and curl-cffi, against which the server is tested too.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from h3producer.client.connection import ClientConnection, connect
from h3producer.client.target import Target, development_certificate


async def fetch(connection: ClientConnection, number: int) -> str:
    response = connection.request("GET", headers=[("x-number", str(number))])
    status = await response.head()
    size = 0
    async for piece in response:  # reading is what lets the server send more
        size += len(piece)
    return f"request {number}: status {status}, {size} bytes"


async def main(url: str, cafile: str | None = None) -> None:
    target = Target.from_url(url)
    trusted = Path(cafile) if cafile is not None else development_certificate(target)
    async with connect(target, cafile=trusted) as connection:
        for line in await asyncio.gather(*(fetch(connection, number) for number in range(5))):
            print(line)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
