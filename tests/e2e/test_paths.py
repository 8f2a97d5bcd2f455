"""Bad networks: loss, doubles, disorder, and addresses that change under a connection."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.e2e.apps import data, echo, end, hello, routed, start
from tests.e2e.relay import Relay
from tests.e2e.server import address_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.server.server import Server
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

BODY = b"".join(number.to_bytes(4, "big") for number in range(250_000))
"""A megabyte in which no two places are alike."""


async def download(scope: Scope, receive: Receive, send: Send) -> None:
    await send(start())
    for offset in range(0, len(BODY), 10_000):
        await send(data(BODY[offset : offset + 10_000]))
    await send(end())


def bound_without_checksums() -> socket.socket:
    """A socket that refuses to send many datagrams at a time, as on the device of a tunnel."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.setsockopt(socket.SOL_SOCKET, 11, 1)  # SO_NO_CHECK, which Python has no name for
    bound.bind(("127.0.0.1", 0))
    return bound


async def port(scope: Scope, receive: Receive, send: Send) -> None:
    """The port that the client is seen at."""
    await send(start())
    await send(end(b"%d" % scope["client"][1]))


@pytest.fixture
async def network() -> AsyncIterator[ExitStack]:
    with ExitStack() as relays:
        yield relays


def bad(relays: ExitStack, server: Server, seed: int) -> Relay:
    """5 % of each evil in each direction."""
    relay = Relay.before(address_of(server), seed=seed, loss=0.05, double=0.05, delay=0.05)
    return relays.enter_context(relay)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_megabyte_comes_down_whole(
    network: ExitStack, serve: Serve, connect: Connect, seed: int
) -> None:
    relay = bad(network, await serve(routed(download=download)), seed)
    client = await connect(relay.address)

    response = await client.get("/download")

    assert response.ended
    assert bytes(response.body) == BODY
    assert min(relay.down.lost, relay.down.doubled, relay.down.delayed) > 10


@pytest.mark.parametrize("gso", [True, False])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_a_megabyte_comes_down_whole_in_many_datagrams_at_a_time_and_in_single_ones(
    serve: Serve, connect: Connect, host: str, gso: bool
) -> None:
    client = await connect(await serve(routed(download=download), host=host, gso=gso))

    assert bytes((await client.get("/download")).body) == BODY


@pytest.mark.parametrize("size", [1452, 9000, 16_383])
async def test_a_megabyte_comes_down_whole_in_larger_datagrams(
    serve: Serve, connect: Connect, size: int
) -> None:
    """On the loopback, whose packets have 64 KiB."""
    client = await connect(
        await serve(routed(download=download), max_datagram_size=size), max_data=1 << 24
    )

    assert bytes((await client.get("/download")).body) == BODY


async def test_a_megabyte_comes_down_whole_from_a_socket_that_refuses_many_at_a_time(
    serve: Serve, connect: Connect
) -> None:
    with bound_without_checksums() as bound:
        server = await serve(routed(download=download), bind=(f"fd://{bound.fileno()}",))
        client = await connect(server)

        assert bytes((await client.get("/download")).body) == BODY


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_megabyte_goes_up_whole(
    network: ExitStack, serve: Serve, connect: Connect, seed: int
) -> None:
    relay = bad(network, await serve(routed(echo=echo)), seed)
    client = await connect(relay.address)

    response = await client.post("/echo", BODY)

    assert response.ended
    assert bytes(response.body) == BODY
    assert min(relay.up.lost, relay.up.doubled, relay.up.delayed) > 10


async def test_fifty_small_requests_survive_a_bad_network(
    network: ExitStack, serve: Serve, connect: Connect
) -> None:
    client = await connect(bad(network, await serve(hello), 4).address)

    requests = [client.request("/") for _ in range(50)]

    for request in requests:
        assert bytes((await request.over()).body) == b"hello"


async def test_a_rebinding_nat_keeps_the_connection(
    network: ExitStack, serve: Serve, connect: Connect
) -> None:
    server = await serve(routed(port=port))
    relay = network.enter_context(Relay.before(address_of(server)))
    client = await connect(relay.address)
    first = bytes((await client.get("/port")).body)

    moved_to = relay.rebind()

    # The first answer goes where the request came from; the path is validated along with it.
    assert (await client.get("/port")).status == 200
    assert bytes((await client.get("/port")).body) == b"%d" % moved_to != first


async def test_a_nat_may_rebind_in_the_middle_of_a_response(
    network: ExitStack, serve: Serve, connect: Connect
) -> None:
    server = await serve(routed(download=download))
    relay = network.enter_context(Relay.before(address_of(server)))
    client = await connect(relay.address)
    response = client.request("/download")
    await response.until_body(len(BODY) // 4)
    assert not response.ended

    relay.rebind()
    client.give_credit()  # whoever has something to send is heard from the new port

    assert bytes((await response.over()).body) == BODY


async def test_a_nat_may_rebind_in_the_middle_of_an_upload(
    network: ExitStack, serve: Serve, connect: Connect
) -> None:
    server = await serve(routed(echo=echo))
    relay = network.enter_context(Relay.before(address_of(server)))
    client = await connect(relay.address)
    exchange = client.request("/echo", method="POST", end=False)
    exchange.send(BODY[:500_000])
    await exchange.until_body(100_000)

    relay.rebind()
    exchange.send(BODY[500_000:], end=True)

    assert bytes((await exchange.over()).body) == BODY


async def test_a_client_may_move_to_another_port(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(port=port)))
    for _ in range(3):
        await client.move()
        await client.get("/port")
        assert bytes((await client.get("/port")).body) == b"%d" % client.port


async def test_a_client_may_use_any_of_its_connection_ids(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(hello))
    await client.get("/")
    for _ in range(20):
        client.quic.change_connection_id()
        await client.move()
        assert (await client.get("/")).status == 200


async def test_behind_one_relay_each_client_has_an_address_of_its_own(
    network: ExitStack, serve: Serve, connect: Connect
) -> None:
    relay = network.enter_context(Relay.before(address_of(await serve(routed(port=port)))))
    clients = [await connect(relay.address) for _ in range(3)]

    seen = {bytes((await client.get("/port")).body) for client in clients}

    assert len(seen) == 3
