"""A session of aiopquic, which is picoquic, picotls and h3zero: prints what it saw, as JSON.

    python tests/interop/aiopquic_session.py PORT CAFILE

A program of its own, since aiopquic wants a newer Python than this package does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiopquic.asyncio.webtransport import connect_webtransport

PATIENCE = 20
"""Seconds for all of it."""


async def whole(session: Any, stream_id: int) -> bytes:
    """A stream to its end."""
    received = b""
    async for event in session.receive_stream_data(stream_id):
        received += bytes(getattr(event, "data", b""))
    return received


async def visit(port: int, cafile: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    large = bytes(range(256)) * 4000
    async with connect_webtransport("localhost", port, "/echo", ca_file=cafile) as session:
        session.send_datagram_frame(b"a datagram")
        both = await session.create_stream(bidir=True)
        await session.send_stream_data_drained(both, large, end_stream=True)
        seen["large"] = await whole(session, both) == large
        one = await session.create_stream(bidir=False)
        session.send_stream_data(one, b"one way each", end_stream=True)
        async for event in session.events():
            match type(event).__name__:
                case "WebTransportDatagramReceived":
                    seen["datagram"] = bytes(event.data).decode()
                case "WebTransportNewStream":
                    seen["oneWay"] = (await whole(session, event.stream_id)).decode()
            if {"datagram", "oneWay"} <= seen.keys():
                break
        session.close(7, b"bye")
        await session.wait_closed(PATIENCE)
    return seen


async def main() -> None:
    async with asyncio.timeout(PATIENCE):
        print(json.dumps(await visit(int(sys.argv[1]), sys.argv[2])))


asyncio.run(main())
