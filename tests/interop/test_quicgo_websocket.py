"""A WebSocket of quic-go, with frames of its own: QUIC, HTTP/3 and WebSocket without a line of ours
or of a library of ours.

It is built from Debian's package `golang-github-lucas-clemente-quic-go-dev` of bookworm-backports;
where Go or that package is not installed, these tests are skipped. `H3PRODUCER_GOPATH` says where
the sources are if they are elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from h3producer.config import Config
from h3producer.server.server import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import Receive, Scope, Send
    from tests.interop.authority import Authority

PROGRAM = Path(__file__).parent / "clients" / "quicgo_websocket"
GOPATH = [*filter(None, os.environ.get("H3PRODUCER_GOPATH", "").split(":")), "/usr/share/gocode"]
HAS_QUICGO = shutil.which("go") is not None and any(
    Path(each, "src/github.com/quic-go/quic-go/http3").is_dir() for each in GOPATH
)

pytestmark = [
    pytest.mark.skipif(not HAS_QUICGO, reason="Go and quic-go are not installed here"),
    pytest.mark.asyncio(loop_scope="module"),
]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["type"] == "websocket"
    await receive()
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][-1]})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def seen(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Any]]:
    """What the program has seen."""
    binary = tmp_path_factory.mktemp("quicgo") / "websocket"
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOTOOLCHAIN": "local",
        "GOPATH": ":".join(GOPATH),
    }
    await run("go", "build", "-o", str(binary), ".", cwd=PROGRAM, env=environment)
    config = Config(
        app=echo, port=0, certfile=str(authority.certfile), keyfile=str(authority.keyfile)
    )
    async with Server(config) as server:
        url = f"https://localhost:{server.addresses[0][1]}/echo"
        yield json.loads(await run(str(binary), url, str(authority.cafile)))
        server.force_exit = True


async def run(*command: str, **options: Any) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, **options
    )
    output, errors = await asyncio.wait_for(process.communicate(), 55)
    assert process.returncode == 0, errors.decode()
    return output


async def test_the_socket_is_accepted_with_the_subprotocol_that_was_chosen(
    seen: dict[str, Any],
) -> None:
    assert (seen["status"], seen["protocol"]) == (200, "superchat")


async def test_messages_come_back_as_they_were(seen: dict[str, Any]) -> None:
    assert (seen["text"], seen["fragments"]) == ("grüß dich", "Hello")
    assert (seen["binary_size"], seen["binary_equal"]) == (1_000_000, True)


async def test_a_ping_is_answered_in_the_middle_of_a_message(seen: dict[str, Any]) -> None:
    assert seen["pong"] == "?"


async def test_the_close_comes_back_and_the_stream_ends(seen: dict[str, Any]) -> None:
    assert (seen["close_code"], seen["close_reason"], seen["ended"]) == (4000, "bye", True)


async def test_a_protocol_that_nobody_speaks_is_501(seen: dict[str, Any]) -> None:
    """RFC 9220 §3."""
    assert seen["refused"] == 501
