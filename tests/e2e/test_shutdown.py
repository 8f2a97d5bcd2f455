"""How a server ends: what clients and applications see of it, step by step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import ErrorCode
from h3producer.server.server import Server
from tests.e2e.apps import Slow, hello
from tests.e2e.observed import PATIENCE
from tests.e2e.raw_client import RawClient
from tests.e2e.server import address_of, stop

if TYPE_CHECKING:
    from h3producer.server.certificates.files import CertificateFiles
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

LAST_REQUEST_ID = (1 << 62) - 4
"""The largest id that a client's request stream may have."""


async def test_a_shutdown_lets_requests_end_and_rejects_new_ones(
    serve: Serve, connect: Connect
) -> None:
    app = Slow()
    server = await serve(app)
    client = await connect(server)
    slow = client.request("/slow")
    await app.notes.until("under way")

    stopping = asyncio.create_task(stop(server))
    await client.until(lambda: bool(client.goaways))
    assert client.goaways == [LAST_REQUEST_ID]

    late = await client.request("/").over()
    assert (late.reset_code, late.status) == (ErrorCode.H3_REQUEST_REJECTED, None)

    app.may_end.set()
    await slow.over()
    assert (bytes(slow.body), slow.ended) == (b"first last", True)

    assert await client.closed() == ErrorCode.H3_NO_ERROR
    # The first id that was not processed: whoever sent the late one may repeat it elsewhere.
    assert client.goaways == [LAST_REQUEST_ID, late.stream_id]
    await stopping
    assert app.notes == ["startup", "under way", "answered", "shutdown"]


async def test_a_shutdown_closes_idle_connections_at_once(serve: Serve, connect: Connect) -> None:
    server = await serve(Slow())
    client = await connect(server)
    answered = await client.get("/")

    await stop(server)

    assert await client.closed() == ErrorCode.H3_NO_ERROR
    assert client.goaways == [(1 << 62) - 4, answered.stream_id + 4]


async def test_a_shutdown_does_not_wait_for_a_client_that_is_silent_and_has_its_answer(
    serve: Serve, connect: Connect
) -> None:
    """A phone without a network, and curl's library between two requests: neither reads."""
    app = Slow()
    server = await serve(app, timeout_graceful_shutdown=None)
    client = await connect(server)
    await client.get("/")
    await client.acknowledge()
    client.vanish()

    async with asyncio.timeout(PATIENCE):
        await stop(server)

    assert app.notes == ["startup", "shutdown"]


async def test_a_server_that_shuts_down_takes_no_new_connections(
    serve: Serve, connect: Connect
) -> None:
    app = Slow()
    server = await serve(app)
    client = await connect(server)
    slow = client.request("/slow")
    await app.notes.until("under way")
    stopping = asyncio.create_task(stop(server))
    await client.until(lambda: bool(client.goaways))

    stranger = asyncio.create_task(connect(server))
    for _ in range(50):  # a handshake takes two or three
        assert (await client.get("/")).reset_code == ErrorCode.H3_REQUEST_REJECTED
    assert not stranger.done()
    stranger.cancel()
    await asyncio.wait({stranger})

    app.may_end.set()
    assert (await slow.over()).ended
    await stopping


async def test_while_a_server_drains_only_its_health_says_so(
    serve: Serve, connect: Connect
) -> None:
    """What a load balancer needs to turn away before anybody is refused."""
    server = await serve(hello, health_path="/healthz", drain_delay=3600)
    client = await connect(server)
    before = await client.get("/healthz")
    assert (before.status, bytes(before.body)) == (200, b"serving\n")

    stopping = asyncio.create_task(stop(server))

    during = await client.get("/healthz")
    assert (during.status, bytes(during.body)) == (503, b"draining\n")
    assert (await client.get("/")).status == 200
    stranger = await connect(server)
    assert (await stranger.get("/")).status == 200
    assert client.goaways == []
    assert not stopping.done()

    server.force_exit = True
    await stopping
    assert await client.closed() == await stranger.closed() == ErrorCode.H3_NO_ERROR


async def test_when_the_grace_period_is_over_requests_are_cut(
    serve: Serve, connect: Connect
) -> None:
    app = Slow()
    server = await serve(app, timeout_graceful_shutdown=0)
    client = await connect(server)
    slow = client.request("/slow")
    await app.notes.until("under way")

    await stop(server)

    assert await client.closed() == ErrorCode.H3_NO_ERROR
    assert not slow.ended, "What is cut must not look whole."
    assert app.notes == ["startup", "under way", "shutdown"]


async def test_should_exit_ends_serve(files: CertificateFiles) -> None:
    app = Slow()
    server = Server(
        Config(app=app, port=0, certfile=str(files.certfile), keyfile=str(files.keyfile))
    )
    serving = asyncio.create_task(server.serve())
    await app.notes.until("startup")
    async with RawClient.connected(address_of(server)) as client:
        assert (await client.get("/")).status == 200

        server.should_exit = True

        assert await client.closed() == ErrorCode.H3_NO_ERROR
        await serving
    assert app.notes == ["startup", "shutdown"]


async def test_force_exit_does_not_wait_for_requests(serve: Serve, connect: Connect) -> None:
    app = Slow()
    server = await serve(app, timeout_graceful_shutdown=None)
    client = await connect(server)
    client.request("/slow")
    await app.notes.until("under way")
    stopping = asyncio.create_task(stop(server))
    await client.until(lambda: bool(client.goaways))
    assert not stopping.done()

    server.force_exit = True

    await stopping
    assert await client.closed() == ErrorCode.H3_NO_ERROR
    assert app.notes == ["startup", "under way", "shutdown"]


async def test_a_port_is_free_again_when_its_server_has_ended(
    serve: Serve, connect: Connect
) -> None:
    server = await serve(hello)
    host, port = address_of(server)
    await stop(server)

    again = await serve(hello, host=host, port=port)

    assert (await (await connect(again)).get("/")).status == 200


async def test_a_server_serves_once(serve: Serve) -> None:
    server = await serve(hello)
    with pytest.raises(RuntimeError, match="serves once"):
        await server.__aenter__()
