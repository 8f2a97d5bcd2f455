"""The table of `asgi/http.py`, which holds over TCP as it does over HTTP/3.

What is a reset there is RST_STREAM over HTTP/2, and over HTTP/1.1 a connection that breaks off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.asgi.test_misbehaviour import MISBEHAVIOUR
from tests.e2e.server import running
from tests.server.tcp.clients import Answer, Http1Client, Http2Client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.server.certificates.files import CertificateFiles
    from h3producer.server.server import Server
    from tests.asgi.misbehaviour import Row

pytestmark = [pytest.mark.once, pytest.mark.asyncio(loop_scope="module")]


async def misbehave(scope: Scope, receive: Receive, send: Send) -> None:
    """Run the application of the row whose number is the path."""
    if scope["type"] == "http":
        row = MISBEHAVIOUR.rows[int(scope["path"][1:])]
        await MISBEHAVIOUR.applications[row.application](scope, receive, send)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(files: CertificateFiles) -> AsyncIterator[Server]:
    async with running(misbehave, files, with_tcp=True) as server:
        yield server


def seen(answer: Answer) -> str:
    if not answer.ended:
        return "reset"
    return "500" if answer.status == 500 else "the response"


@pytest.mark.parametrize("row", MISBEHAVIOUR.rows, ids=lambda row: row.application)
@pytest.mark.parametrize("version", [Http1Client, Http2Client])
async def test_misbehaviour(
    server: Server, row: Row, version: type[Http1Client] | type[Http2Client]
) -> None:
    content = None if row.application == "receives twice at once" else b""
    async with await version.connected(server) as client:
        path = f"/{MISBEHAVIOUR.rows.index(row)}"
        headers = [(b"te", b"trailers")]
        answer = client.request(path, "POST", headers, content)
        await client.over(answer)
    assert seen(answer) == row.client
