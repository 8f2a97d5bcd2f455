"""Many at once, and nonsense in between: nobody suffers for what a neighbour does."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest

from tests.e2e.apps import (
    NeverReading,
    data,
    echo,
    end,
    fail_midway,
    hello,
    noting,
    routed,
    start,
)
from tests.e2e.garbage import garbage
from tests.e2e.observed import Notes

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.e2e.raw_client import Connect, RawClient
    from tests.e2e.server import Serve


async def test_a_hundred_streams_are_open_at_once(serve: Serve, connect: Connect) -> None:
    everybody = asyncio.Barrier(100)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await everybody.wait()  # nobody is answered before all have arrived
        await send(start())
        await send(end(scope["query_string"]))

    client = await connect(await serve(routed(app=app)))
    requests = [client.request(f"/app?{number}") for number in range(100)]

    for number, request in enumerate(requests):
        assert bytes((await request.over()).body) == b"%d" % number


async def test_a_hundred_streams_stream_at_once(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        for _ in range(20):
            await send(data(bytes(1000)))
        await send(end())

    client = await connect(await serve(routed(app=app)))
    requests = [client.request("/app") for _ in range(100)]

    for request in requests:
        assert (await request.over()).ended
        assert len(request.body) == 20_000


async def test_ten_connections_make_ten_requests_each(serve: Serve, connect: Connect) -> None:
    server = await serve(routed(echo=echo))
    clients = [await connect(server) for _ in range(10)]

    async def ten(client: RawClient) -> list[bytes]:
        return [bytes((await client.post("/echo", b"%d" % n)).body) for n in range(10)]

    answers = await asyncio.gather(*map(ten, clients))

    assert answers == 10 * [[b"%d" % n for n in range(10)]]


async def test_beyond_its_limit_a_client_waits_and_loses_nothing(
    serve: Serve, connect: Connect
) -> None:
    client = await connect(await serve(hello, max_concurrent_streams=3))

    requests = [client.request("/") for _ in range(50)]

    for request in requests:
        assert (await request.over()).status == 200


async def test_a_thousand_requests_on_one_connection(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(hello))
    for _ in range(1000):
        assert (await client.get("/")).status == 200


@pytest.mark.parametrize("seed", range(5))
async def test_garbage_harms_nobody(serve: Serve, connect: Connect, seed: int) -> None:
    server = await serve(routed(echo=echo))
    client = await connect(server)
    exchange = client.request("/echo", method="POST", end=False)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for datagram in garbage(seed):
            stranger.sendto(datagram, client.address)
            client.send_datagram(datagram)  # from the port of a connection that is well
            exchange.send(b"x")
    exchange.send(b"", end=True)

    assert bytes((await exchange.over()).body) == b"x" * len(garbage(seed))
    assert (await (await connect(server)).get("/")).status == 200


async def test_a_client_that_comes_and_goes_harms_nobody(serve: Serve, connect: Connect) -> None:
    server = await serve(hello)
    for _ in range(10):
        client = await connect(server)
        client.request("/", method="POST", end=False).send(b"half a requ")
        client.vanish()

    assert (await (await connect(server)).get("/")).status == 200


async def test_a_server_survives_all_of_it_at_once(serve: Serve, connect: Connect) -> None:
    app = routed(echo=echo, stream=noting(Notes()), never=NeverReading(), fail=fail_midway)
    server = await serve(app)
    good = await connect(server)

    for _ in range(5):
        client = await connect(server, gives_credit=False, max_stream_data=64 * 1024)
        client.request("/stream")
        client.request("/never", method="POST", end=False).send(bytes(1 << 20))
        client.request("/fail")
        client.request("/stream").stop()
        client.request("/echo", method="POST", end=False).reset()
        client.request("/", method="POST", end=False).send(bytes(1 << 16))
        for datagram in garbage(0):
            client.send_datagram(datagram)
        assert (await good.post("/echo", b"still here")).status == 200
        client.close()
        assert (await good.post("/echo", b"and here")).status == 200

    assert (await (await connect(server)).get("/")).status == 200
