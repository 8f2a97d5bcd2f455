"""How exchanges, connections and the server end over TCP; and who waits for whom."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import pytest

from h3producer.server.tcp.both import UdpAndTcp
from tests.e2e.apps import (
    PIECE,
    NeverReading,
    Slow,
    Streaming,
    content,
    hello,
    noting,
    routed,
)
from tests.e2e.observed import PATIENCE, Notes
from tests.e2e.server import stop
from tests.server.tcp.clients import Http1Client, Http2Client, tls

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from h3producer.server.server import Server
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve
    from tests.server.tcp.conftest import Dial

pytestmark = pytest.mark.once


# The client goes


async def test_a_client_that_leaves_is_heard_of_by_send_and_receive(
    served: Serve, dial: Dial, caplog: pytest.LogCaptureFixture
) -> None:
    notes = Notes()
    client = await dial(await served(routed(stream=noting(notes))))
    answer = client.request("/stream")
    await client.until(lambda: len(answer.body) > 0)

    client.vanish()

    await notes.until("send: ClientDisconnected")
    await notes.until("http.disconnect")
    assert not [each for each in caplog.records if each.levelno >= logging.WARNING]


async def test_a_client_that_leaves_in_the_middle_of_an_upload_is_heard_of(
    served: Serve, dial: Dial
) -> None:
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        notes.add("under way")
        try:
            async for _ in content(receive):
                pass
        except ConnectionResetError:
            notes.add("cut")

    client = await dial(await served(routed(upload=app)))
    client.request("/upload", "POST", content=None)
    await notes.until("under way")

    client.vanish()

    await notes.until("cut")


async def test_over_http_2_a_request_can_be_cut_alone(served: Serve) -> None:
    notes = Notes()
    server = await served(routed(stream=noting(notes)))
    async with await Http2Client.connected(server) as client:
        answer = client.request("/stream")
        await client.until(lambda: len(answer.body) > 0)

        client.reset(answer)

        await notes.until("send: ClientDisconnected")
        assert (await client.get("/")).status == 200


async def test_a_client_of_http_2_that_resets_without_end_is_left(
    served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    server = await served(hello, max_resets_per_second=1)  # ten at once
    async with await Http2Client.connected(server) as client:
        for _ in range(20):
            client.reset(client.request("/", "POST", content=None))

        await client.until_closed()


# One waits for the other


async def test_an_application_waits_for_a_client_that_does_not_read(
    served: Serve, dial: Dial
) -> None:
    app = Streaming(1_000_000_000)
    server = await served(routed(stream=app))
    client, neighbour = await dial(server), await dial(server)
    transport = client.writer.transport
    assert isinstance(transport, asyncio.ReadTransport)
    client.request("/stream")
    transport.pause_reading()

    before = -1
    while before != app.sent:
        before = app.sent
        for _ in range(8):
            assert (await neighbour.get("/")).status == 200

    # The kernel's buffers take some megabytes, on either end.
    assert app.sent < 50_000_000


async def test_over_http_2_a_window_that_is_full_holds_up_one_response(served: Serve) -> None:
    app = Streaming(10_000_000)
    server = await served(routed(stream=app))
    async with await Http2Client.connected(server) as client:
        client.gives_credit = False
        answer = client.request("/stream")
        await client.until(lambda: len(answer.body) == 65_535)

        for _ in range(10):
            interim = await client.over(client.request("/", "HEAD"))
            assert interim.status == 200
        assert app.sent < 65_535 + 100_000


async def test_a_client_waits_for_an_application_that_does_not_read(
    served: Serve, dial: Dial
) -> None:
    app = NeverReading()
    server = await served(routed(upload=app), request_buffer=65_536, connection_buffer=65_536)
    client = await dial(server)
    answer = client.request("/upload", "POST", content=None)
    size = 0
    if isinstance(client, Http2Client):
        # Its first window alone is as much.
        size = client.room(answer)
        client.send(answer, bytes(size))
    else:
        transport = client.writer.transport
        transport.set_write_buffer_limits(high=1)
        idle_turns = 0
        while idle_turns < 100:  # until the kernel's buffers are full, on either end
            if transport.get_write_buffer_size():
                idle_turns += 1
            else:
                client.send(answer, bytes(PIECE))
                size += PIECE
                idle_turns = 0
            await asyncio.sleep(0)
        assert size < 50_000_000

    app.go_on.set()
    client.send(answer, b"", ends=True)
    assert (await client.over(answer)).status == 200
    assert app.read == size


# The server goes


async def test_a_shutdown_lets_requests_end_on_both_sides(
    served: Serve, dial: Dial, connect: Connect
) -> None:
    app = Slow()
    server = await served(app)
    over_tcp, over_quic = await dial(server), await connect(server)
    slow, too = over_tcp.request("/slow"), over_quic.request("/slow")
    await app.notes.until("under way", 2)

    stopping = asyncio.create_task(stop(server))
    await over_quic.until(lambda: bool(over_quic.goaways))
    if isinstance(over_tcp, Http2Client):
        await over_tcp.until(lambda: bool(over_tcp.goaways))
        assert over_tcp.goaways == [2**31 - 1]
    app.may_end.set()

    assert bytes((await over_tcp.over(slow)).body) == b"first last"
    assert bytes((await too.over()).body) == b"first last"
    await over_tcp.until_closed()
    await stopping
    assert app.notes == ["startup", *["under way"] * 2, *["answered"] * 2, "shutdown"]


async def test_over_http_2_what_is_asked_before_goaway_is_heard_is_answered(served: Serve) -> None:
    server = await served(hello)
    async with await Http2Client.connected(server) as client:
        assert (await client.get("/")).status == 200
        transport = client.writer.transport
        assert isinstance(transport, asyncio.ReadTransport)
        transport.pause_reading()
        stopping = asyncio.create_task(stop(server))
        for _ in range(10):
            await asyncio.sleep(0)

        late = client.request("/")
        transport.resume_reading()

        assert (await client.over(late)).status == 200
        assert client.goaways[0] == 2**31 - 1
        await client.until_closed()
        assert client.goaways[-1] == client.id_of(late)
        await stopping


async def test_over_http_1_a_response_says_that_it_is_the_last(served: Serve) -> None:
    notes = Notes()
    may_start = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        notes.add("under way")
        await may_start.wait()
        await hello(scope, receive, send)

    server = await served(routed(late=app))
    async with await Http1Client.connected(server) as client:
        answer = client.request("/late")
        await notes.until("under way")
        stopping = asyncio.create_task(stop(server))
        for _ in range(10):
            await asyncio.sleep(0)
        may_start.set()

        await client.over(answer)

        assert answer.headers[b"connection"] == b"close"
        assert b"alt-svc" not in answer.headers
        await client.until_closed()
        await stopping


async def test_a_shutdown_closes_idle_connections(served: Serve, dial: Dial) -> None:
    server = await served(hello, timeout_graceful_shutdown=None)
    client = await dial(server)
    await client.get("/")

    async with asyncio.timeout(PATIENCE):
        await stop(server)

    await client.until_closed()


async def test_when_the_grace_period_is_over_requests_are_cut(served: Serve, dial: Dial) -> None:
    app = Slow()
    server = await served(app, timeout_graceful_shutdown=0)
    client = await dial(server)
    slow = client.request("/slow")
    await app.notes.until("under way")

    await stop(server)

    await client.over(slow)
    assert not slow.ended, "What is cut must not look whole."
    assert app.notes == ["startup", "under way", "shutdown"]


async def test_a_server_that_stops_takes_no_new_connections(served: Serve, dial: Dial) -> None:
    app = Slow()
    server = await served(app)
    address = server.addresses[0]
    client = await dial(server)
    slow = client.request("/slow")
    await app.notes.until("under way")
    stopping = asyncio.create_task(stop(server))
    for _ in range(10):
        await asyncio.sleep(0)

    with pytest.raises(ConnectionRefusedError):
        await dial(address)

    app.may_end.set()
    assert (await client.over(slow)).ended
    await stopping


async def test_who_is_in_the_queue_when_the_end_begins_is_answered(
    served: Serve, dial: Dial
) -> None:
    app = Slow()
    server = await served(app)
    first = await dial(server)
    slow = first.request("/slow")
    await app.notes.until("under way")

    newcomer = socket.create_connection(server.addresses[0])  # nobody has accepted it yet
    newcomer.setblocking(False)
    stopping = asyncio.create_task(stop(server))
    version = type(first)
    streams = await asyncio.open_connection(
        sock=newcomer, ssl=tls(version.protocol), server_hostname=""
    )
    async with version(*streams) as client:
        assert (await client.get("/")).status == 200
        await client.until_closed()

    app.may_end.set()
    assert (await first.over(slow)).ended
    await stopping


# Time goes by


def time_passes(server: Server, hours: int = 1) -> None:
    """What a connection looks at once a second it looks at now, `hours` from the real time."""
    listeners = server._listeners
    assert isinstance(listeners, UdpAndTcp)
    assert listeners._tcp._service is not None
    for conversation in list(listeners._tcp._service.conversations):
        conversation.tick(asyncio.get_running_loop().time() + hours * 3600)


async def test_a_quiet_connection_is_closed(served: Serve, dial: Dial) -> None:
    server = await served(hello)
    client = await dial(server)
    await client.get("/")

    time_passes(server)

    await client.until_closed()


async def test_a_connection_with_a_request_is_not(served: Serve, dial: Dial) -> None:
    app = Slow()
    server = await served(app)
    client = await dial(server)
    slow = client.request("/slow")
    await app.notes.until("under way")

    time_passes(server)

    app.may_end.set()
    assert (await client.over(slow)).ended


async def test_a_request_head_that_does_not_come_ends_the_connection(served: Serve) -> None:
    server = await served(hello, keep_alive_timeout=86_400)
    async with await Http1Client.connected(server) as client:
        client.writer.write(b"GET / HTTP/1.1\r\nhost: ")
        await client.writer.drain()
        async with await Http1Client.connected(server) as other:  # as many bytes have come by then
            await other.get("/")

        time_passes(server)

        await client.until_closed()


async def test_a_body_that_comes_too_slowly_is_answered_with_408(served: Serve, dial: Dial) -> None:
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        notes.add("under way")
        await receive()

    server = await served(routed(upload=app))
    client = await dial(server)
    answer = client.request("/upload", "POST", content=None)
    await notes.until("under way")
    await asyncio.sleep(0)

    time_passes(server)  # the wait begins
    time_passes(server, hours=2)

    await client.until(lambda: answer.status is not None)
    assert answer.status == 408
