"""Every way in which a client can go, and that the application hears of each."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from tests.e2e.apps import content, data, routed, start
from tests.e2e.observed import Notes
from tests.e2e.server import stop

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from h3producer.http3.stream import Http3Stream
    from tests.e2e.raw_client import Connect
    from tests.e2e.server import Serve


def waiting(notes: Notes) -> AsgiApp:
    """Starts a response, waits for the client to go, and notes what it hears then."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(data(b"wait"))
        notes.add("waits")
        while (message := await receive())["type"] == "http.request":
            pass
        notes.add(message["type"])
        with pytest.raises(OSError, match="cut with error code"):
            await send(data(b"too late"))
        notes.add("send raises")
        assert (await receive())["type"] == "http.disconnect"
        notes.add("still http.disconnect")

    return app


HEARD = ["waits", "http.disconnect", "send raises", "still http.disconnect"]


async def test_a_reset_of_the_request_is_a_disconnect(serve: Serve, connect: Connect) -> None:
    notes = Notes()
    client = await connect(await serve(routed(app=waiting(notes))))
    request = client.request("/app", method="POST", end=False)
    await notes.until("waits")

    request.reset(ErrorCode.H3_REQUEST_CANCELLED)

    await notes.until(HEARD[-1])
    assert notes == HEARD
    # Our half ends as well, or the stream would count as open for good.
    assert (await request.over()).reset_code == ErrorCode.H3_REQUEST_CANCELLED


async def test_stop_sending_is_a_disconnect(serve: Serve, connect: Connect) -> None:
    notes = Notes()
    client = await connect(await serve(routed(app=waiting(notes))))
    request = client.request("/app")
    await notes.until("waits")

    request.stop(ErrorCode.H3_REQUEST_CANCELLED)

    await notes.until(HEARD[-1])
    assert notes == HEARD


async def test_a_closed_connection_is_a_disconnect(serve: Serve, connect: Connect) -> None:
    notes = Notes()
    client = await connect(await serve(routed(app=waiting(notes))))
    client.request("/app")
    await notes.until("waits")

    client.close()

    await notes.until(HEARD[-1])
    assert notes == HEARD


async def test_silence_is_a_disconnect_once_the_idle_timeout_is_over(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()
    server = await serve(routed(app=waiting(notes)), idle_timeout=0.3)
    client = await connect(server)
    client.request("/app")
    await notes.until("waits")

    client.vanish()

    await notes.until(HEARD[-1])
    assert notes == HEARD


async def test_a_shutdown_by_force_is_a_disconnect(serve: Serve, connect: Connect) -> None:
    notes = Notes()
    server = await serve(routed(app=waiting(notes)))
    client = await connect(server)
    client.request("/app")
    await notes.until("waits")

    server.force_exit = True
    await stop(server)

    assert notes == HEARD
    assert await client.closed() == ErrorCode.H3_NO_ERROR


async def test_a_shutdown_that_has_no_more_time_is_a_disconnect(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()
    server = await serve(routed(app=waiting(notes)), timeout_graceful_shutdown=0)
    client = await connect(server)
    client.request("/app")
    await notes.until("waits")

    await stop(server)

    assert notes == HEARD


async def test_an_app_that_hears_nothing_is_cancelled_at_a_shutdown(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        notes.add("waits")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            notes.add("cancelled")
            raise

    server = await serve(routed(app=app))
    client = await connect(server)
    client.request("/app")
    await notes.until("waits")

    server.force_exit = True
    await stop(server)

    assert notes == ["waits", "cancelled"]


async def test_an_upload_that_is_reset_midway_raises_in_the_app(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async for piece in content(receive):
                notes.add(piece.decode())
        except ConnectionResetError:
            notes.add("cut")

    client = await connect(await serve(routed(app=app)))
    request = client.request("/app", method="POST", end=False)
    request.send(b"half")
    await notes.until("half")

    request.reset()

    await notes.until("cut")


async def test_a_handler_hears_the_code(serve: Serve, connect: Connect) -> None:
    notes = Notes()

    async def handler(stream: Http3Stream) -> None:
        notes.add("waits")
        await stream.wait_closed()
        notes.add(f"{stream.aborted} {stream.error_code:#x}")

    client = await connect(await serve(handler))
    request = client.request("/", method="POST", end=False)
    await notes.until("waits")

    request.reset(0x1234)

    await notes.until("True 0x1234")


async def test_every_waiting_stream_of_a_lost_connection_wakes(
    serve: Serve, connect: Connect
) -> None:
    notes = Notes()
    client = await connect(await serve(routed(app=waiting(notes))))
    for _ in range(50):
        client.request("/app")
    await notes.until("waits", 50)

    client.close()

    await notes.until(HEARD[-1], 50)


async def test_resets_leak_no_stream_slot(serve: Serve, connect: Connect) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(data(b"x"))
        await asyncio.Event().wait()

    server = await serve(routed(app=app), max_concurrent_streams=4, timeout_graceful_shutdown=0)
    client = await connect(server)
    for _ in range(20):
        request = client.request("/app", method="POST", end=False)
        await request.until_body(1)
        request.reset()
        await request.over()

    assert (await client.get("/hello")).status == 200
