"""Flow control in both directions, beyond what the six probes ask.

No test here looks at a clock: a stream that is held is held for as long as others are served.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.apps import NeverReading, Streaming, echo, end, hello, noting, routed, start
from tests.e2e.observed import Notes

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

KIB = 1024
MIB = 1024 * KIB
WINDOW = 64 * KIB


@pytest.mark.parametrize(("window", "size"), [(1, 200), (100, 20_000), (1200, 200_000)])
async def test_a_response_fits_through_a_tiny_window(
    serve: Serve, connect: Connect, window: int, size: int
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(end(bytes(size)))

    client = await connect(await serve(routed(app=app)), max_stream_data=window)
    client.quic.window = window

    response = await client.get("/app")

    assert (len(response.body), response.log) == (size, ["fin"])


async def test_a_held_stream_holds_no_other(serve: Serve, connect: Connect) -> None:
    held, free = Streaming(32 * MIB), Streaming(1 * MIB)
    server = await serve(routed(held=held, free=free))
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    stuck = client.request("/held")
    await client.until(lambda: client.quic.downloaded(stuck.stream_id) == WINDOW)

    other = await connect(server)
    response = await other.get("/free")

    assert response.ended
    assert len(response.body) == free.total


async def test_a_send_that_waits_for_credit_is_woken(serve: Serve, connect: Connect) -> None:
    notes = Notes()
    server = await serve(routed(stream=noting(notes)))
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    response = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(response.stream_id) == WINDOW)
    await client.settle()
    assert not notes

    response.stop()

    await notes.until("send: ClientDisconnected")


async def test_an_unread_upload_goes_on_when_it_is_read(serve: Serve, connect: Connect) -> None:
    app = NeverReading()
    server = await serve(routed(upload=app), request_buffer=64 * KIB)
    client = await connect(server)
    upload = client.request("/upload", method="POST", end=False)
    upload.send(bytes(3 * MIB), end=True)
    await client.until(lambda: client.quic.uploaded(upload.stream_id) >= 64 * KIB)

    app.go_on.set()

    assert (await upload.over()).status == 200
    assert app.read == 3 * MIB


async def test_early_answers_leak_neither_slots_nor_credit(serve: Serve, connect: Connect) -> None:
    server = await serve(hello, request_buffer=16 * KIB, connection_buffer=32 * KIB)
    client = await connect(server)
    for _ in range(150):
        upload = client.request("/", method="POST", end=False)
        upload.send(bytes(16 * KIB))
        assert (await upload.over()).status == 200


async def test_uploads_together_stop_at_the_window_of_the_connection(
    serve: Serve, connect: Connect
) -> None:
    limits = {"request_buffer": 64 * KIB, "connection_buffer": 128 * KIB}
    client = await connect(await serve(routed(upload=NeverReading()), **limits))
    uploads = [client.request("/upload", method="POST", end=False) for _ in range(5)]
    for upload in uploads:
        upload.send(bytes(64 * KIB - 100))

    def uploaded() -> int:
        return sum(client.quic.uploaded(upload.stream_id) for upload in uploads)

    # 1 KiB is what the client's control and QPACK streams may take of it.
    await client.until(lambda: uploaded() >= 127 * KIB)
    await client.round_trip()

    assert uploaded() <= 128 * KIB


async def test_an_echo_that_nobody_reads_holds_its_own_upload(
    serve: Serve, connect: Connect
) -> None:
    server = await serve(routed(echo=echo), response_buffer=16 * KIB, request_buffer=32 * KIB)
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    exchange = client.request("/echo", method="POST", end=False)
    exchange.send(bytes(1 * MIB), end=True)
    await client.until(lambda: client.quic.downloaded(exchange.stream_id) == WINDOW)
    await client.settle()
    # What came back, what waits to, one piece in the application's hands, and what is unread.
    assert client.quic.uploaded(exchange.stream_id) <= WINDOW + (16 + 32 + 32) * KIB

    client.give_credit()

    assert len((await exchange.over()).body) == 1 * MIB


async def test_a_hundred_held_streams_hold_no_connection(serve: Serve, connect: Connect) -> None:
    app = Streaming(64 * MIB)
    server = await serve(routed(stream=app), response_buffer=4 * KIB)
    client = await connect(server, gives_credit=False, max_stream_data=4 * KIB)
    held = [client.request("/stream") for _ in range(100)]

    await client.until(
        lambda: all(client.quic.downloaded(each.stream_id) == 4 * KIB for each in held)
    )
    await client.settle()

    # Each may have had a first piece accepted, which is larger than window and mark together.
    assert app.sent <= 100 * 16 * KIB
