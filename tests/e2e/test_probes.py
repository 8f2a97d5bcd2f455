"""Six probes on which servers fail: what a client or an application may do to all the others.

T1 the client gives no more credit; T2 the application fails in mid-response; T3 the client stops
reading; T4 the application never reads; T5 the client closes in mid-stream; T6 the application
answers before the upload has ended. Each ends with a request that shows the server unharmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from tests.e2e.apps import (
    PIECE,
    NeverReading,
    Streaming,
    end,
    fail_midway,
    hello,
    noting,
    routed,
    start,
)
from tests.e2e.observed import Notes

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve

KIB = 1024
MIB = 1024 * KIB
WINDOW = 64 * KIB


# T1


@pytest.mark.parametrize("mark", [1 * KIB, 16 * KIB, 64 * KIB])
async def test_t1_an_app_is_held_when_the_client_gives_no_credit(
    serve: Serve, connect: Connect, mark: int
) -> None:
    app = Streaming(32 * MIB)
    server = await serve(routed(stream=app), response_buffer=mark)
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)

    response = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(response.stream_id) == WINDOW)
    await client.settle()

    # What the client took, what waits unsent, and the piece of which a part may wait.
    assert WINDOW <= app.sent <= WINDOW + mark + PIECE
    held = app.sent
    await client.settle()
    assert app.sent == held


async def test_t1_a_held_app_goes_on_when_credit_returns(serve: Serve, connect: Connect) -> None:
    app = Streaming(8 * MIB)
    server = await serve(routed(stream=app))
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    response = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(response.stream_id) == WINDOW)
    assert app.sent < app.total

    client.give_credit()

    await response.over()
    assert response.ended
    assert len(response.body) == app.sent == app.total


# T2


async def test_t2_an_app_that_fails_midway_resets_the_stream(
    serve: Serve, connect: Connect
) -> None:
    client = await connect(await serve(routed(fail=fail_midway)))

    response = await client.get("/fail")

    assert response.reset_code == ErrorCode.H3_INTERNAL_ERROR
    assert not response.ended
    assert bytes((await client.get("/hello")).body) == b"hello"


async def test_t2_failing_leaks_no_stream_slot(serve: Serve, connect: Connect) -> None:
    client = await connect(await serve(routed(fail=fail_midway), max_concurrent_streams=100))

    responses = [client.request("/fail") for _ in range(130)]

    for response in responses:
        assert (await response.over()).reset_code == ErrorCode.H3_INTERNAL_ERROR
    assert (await client.get("/hello")).status == 200


# T3


async def test_t3_an_app_hears_that_the_client_stopped_reading(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()
    client = await connect(await serve(routed(stream=noting(notes))), max_stream_data=WINDOW)
    response = client.request("/stream")
    await response.until_body(1)

    response.stop(ErrorCode.H3_REQUEST_CANCELLED)

    await notes.until("http.disconnect")
    await notes.until("send: ClientDisconnected")
    await response.over()
    assert response.reset_code == ErrorCode.H3_REQUEST_CANCELLED
    assert (await client.get("/hello")).status == 200


# T4


@pytest.mark.parametrize("window", [4 * KIB, 256 * KIB])
async def test_t4_an_upload_that_nobody_reads_stops_exactly_at_its_window(
    serve: Serve, connect: Connect, window: int
) -> None:
    app = NeverReading()
    client = await connect(await serve(routed(upload=app), request_buffer=window))
    upload = client.request("/upload", method="POST", end=False)
    upload.send(bytes(1 * MIB), end=True)

    await client.until(lambda: client.quic.uploaded(upload.stream_id) == window)
    await client.settle()
    await client.round_trip()

    assert client.quic.uploaded(upload.stream_id) == window


async def test_t4_an_unread_upload_stalls_neither_neighbour_nor_stranger(
    serve: Serve, connect: Connect
) -> None:
    server = await serve(routed(upload=NeverReading()))
    client, other = await connect(server), await connect(server)
    upload = client.request("/upload", method="POST", end=False)
    upload.send(bytes(1 * MIB), end=True)
    await client.until(lambda: client.quic.uploaded(upload.stream_id) >= 256 * KIB)

    assert (await other.get("/hello")).status == 200
    assert (await client.get("/hello")).status == 200
    assert (await client.post("/hello", bytes(100 * KIB))).status == 200
    assert not upload.is_over


# T5


async def test_t5_an_app_hears_at_once_that_the_client_closed(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()
    server = await serve(routed(stream=noting(notes)))
    client = await connect(server, gives_credit=False, max_stream_data=WINDOW)
    witness = await connect(server)
    response = client.request("/stream")
    await client.until(lambda: client.quic.downloaded(response.stream_id) == WINDOW)
    assert not notes

    client.close(ErrorCode.H3_REQUEST_CANCELLED)
    # The order is the proof, no clock: the server had the CONNECTION_CLOSE before this request.
    assert (await witness.get("/hello")).status == 200

    assert sorted(notes) == ["http.disconnect", "send: ClientDisconnected"]


# T6


async def test_t6_an_answer_may_come_before_the_end_of_the_upload(
    serve: Serve, connect: Connect
) -> None:
    server = await serve(hello)
    client = await connect(server)
    upload = client.request("/", method="POST", end=False)
    upload.send(bytes(1 * MIB))

    await upload.over()
    await client.until(lambda: upload.stop_code is not None)

    assert (upload.status, bytes(upload.body)) == (200, b"hello")
    assert upload.stop_code == ErrorCode.H3_NO_ERROR
    assert upload.reset_code is None
    assert (await client.get("/hello")).status == 200
    assert (await (await connect(server)).get("/hello")).status == 200


@pytest.mark.parametrize("size", [5, 1150, 5000, 60_000])
async def test_t6_the_stop_comes_behind_the_end_of_an_early_answer(
    serve: Serve, connect: Connect, size: int
) -> None:
    # Clients on quiche take what comes after STOP_SENDING for lost.
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(end(bytes(size)))

    client = await connect(await serve(routed(app=app)))
    upload = client.request("/app", method="POST", end=False)
    upload.send(bytes(1 * MIB))

    await client.until(lambda: upload.stop_code is not None)

    assert upload.log == ["fin", "stop"]
    assert len(upload.body) == size


async def test_t6_the_stop_waits_for_a_client_that_reads_slowly(
    serve: Serve, connect: Connect
) -> None:
    app = Streaming(32 * KIB)
    client = await connect(
        await serve(routed(app=app)), gives_credit=False, max_stream_data=16 * KIB
    )
    upload = client.request("/app", method="POST", end=False)
    upload.send(bytes(1 * MIB))
    await client.until(lambda: client.quic.downloaded(upload.stream_id) == 16 * KIB)
    await client.settle()
    assert upload.log == []

    client.give_credit()

    await client.until(lambda: upload.stop_code is not None)
    assert upload.log == ["fin", "stop"]
