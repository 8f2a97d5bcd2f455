"""`receive()` and `send()` of a well-behaved application, over the real core.

What becomes of the others is in test_misbehaviour.py.
"""

from __future__ import annotations

import asyncio
import logging
import os
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.asgi.errors import ClientDisconnected
from h3producer.asgi.pathsend import PIECE_SIZE
from h3producer.errors import LocalProtocolError
from tests.asgi.exchange import END, PART, START, TRAILERS, Exchange, body, start

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from h3producer.asgi.types import Message, Receive, Scope, Send

T = TypeVar("T")
TE = [(b"te", b"trailers")]
ANNOUNCED = {**START, "trailers": True}
DISCONNECT = {"type": "http.disconnect"}


def at_once(call: Awaitable[T]) -> T:
    """The result of a call that must not wait."""
    steps = call.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    pytest.fail("it waits")


class Stage:
    """An application that does nothing: the test calls its `receive` and `send` from outside."""

    receive: Receive
    send: Send

    def __init__(self) -> None:
        self.curtain = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.receive, self.send = receive, send
        await self.curtain.wait()


async def on_stage(**request: Any) -> tuple[Exchange, Stage]:
    stage = Stage()
    exchange = Exchange(stage, **request)
    await exchange.until_idle()
    return exchange, stage


async def leave(exchange: Exchange, stage: Stage) -> None:
    stage.curtain.set()
    await exchange.finished()


async def answered(*messages: Message, **request: Any) -> Exchange:
    """The exchange of an application that sends `messages`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    return await Exchange(app, **request).finished()


# The request


async def test_a_request_without_body_is_one_message_without_a_wait() -> None:
    exchange, stage = await on_stage()
    assert at_once(stage.receive()) == {"type": "http.request", "body": b"", "more_body": False}
    exchange.reset()
    await leave(exchange, stage)


async def test_a_body_that_has_arrived_is_one_message() -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    exchange.upload(b"one")
    exchange.upload(b"two", end=True)
    assert at_once(stage.receive()) == {
        "type": "http.request",
        "body": b"onetwo",
        "more_body": False,
    }
    exchange.reset()
    await leave(exchange, stage)


async def test_an_end_that_comes_alone_is_an_empty_message() -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    exchange.upload(b"one")
    assert at_once(stage.receive()) == {"type": "http.request", "body": b"one", "more_body": True}
    waiting = asyncio.ensure_future(stage.receive())
    await exchange.until_idle()
    assert not waiting.done()
    exchange.upload(b"", end=True)
    assert await waiting == {"type": "http.request", "body": b"", "more_body": False}
    exchange.reset()
    await leave(exchange, stage)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_a_body_comes_whole_however_it_is_cut(parts: list[bytes], data: st.DataObject) -> None:
    async def scenario() -> None:
        exchange, stage = await on_stage(method="POST", end=False)
        received: list[dict[str, Any]] = []
        for part in parts:
            exchange.upload(part)
            if data.draw(st.booleans()):
                received.append(await stage.receive())
        exchange.upload(b"", end=True)
        while not received or received[-1]["more_body"]:
            received.append(await stage.receive())
        assert b"".join(message["body"] for message in received) == b"".join(parts)
        exchange.reset()
        await leave(exchange, stage)

    asyncio.run(scenario())


async def test_the_client_may_send_more_when_the_application_has_received() -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    before = exchange.transport.granted[0]
    exchange.upload(b"x" * 1000)
    held = exchange.transport.granted[0] - before
    await stage.receive()
    assert (held < 10, exchange.transport.granted[0] - before - held) == (True, 1000)
    exchange.reset()
    await leave(exchange, stage)


async def test_a_client_that_waits_for_100_hears_it_when_the_body_is_wanted() -> None:
    exchange, stage = await on_stage(
        method="POST", end=False, headers=[(b"expect", b"100-continue")]
    )
    assert exchange.sections == []
    waiting = asyncio.ensure_future(stage.receive())
    await exchange.until_idle()
    assert exchange.sections == [[(b":status", b"100")]]
    exchange.upload(b"here", end=True)
    assert (await waiting)["body"] == b"here"
    exchange.reset()
    await leave(exchange, stage)


# The end of the exchange, as `receive` tells it


@pytest.mark.parametrize("how", ["reset", "stop", "lose"])
@pytest.mark.parametrize("uploading", [True, False])
async def test_a_receive_that_waits_hears_of_the_disconnect(how: str, uploading: bool) -> None:
    exchange, stage = await on_stage(method="POST", end=not uploading)
    if not uploading:
        await stage.receive()
    waiting = asyncio.ensure_future(stage.receive())
    await exchange.until_idle()
    assert not waiting.done()
    {"reset": exchange.reset, "stop": exchange.stop, "lose": exchange.transport.lose}[how]()
    if not uploading and how == "reset":
        # A RESET_STREAM after the whole request has nothing to cut; a client says STOP_SENDING.
        exchange.stop()
    assert await waiting == DISCONNECT
    await leave(exchange, stage)


async def test_a_disconnect_that_is_known_needs_no_wait_and_is_told_every_time() -> None:
    exchange, stage = await on_stage()
    exchange.stop()
    assert [at_once(stage.receive()) for _ in range(3)] == [DISCONNECT] * 3
    await leave(exchange, stage)


async def test_an_application_that_overlooks_the_disconnect_does_not_hold_the_loop() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            await receive()

    exchange = Exchange(app)
    await exchange.until_idle()
    exchange.stop()
    await exchange.until_idle()
    exchange.cancel()
    await exchange.finished()


async def test_what_was_uploaded_before_an_abort_is_not_a_request() -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    exchange.upload(b"half")
    exchange.reset()
    assert at_once(stage.receive()) == DISCONNECT
    await leave(exchange, stage)


async def test_a_polled_receive_is_cancelled_and_loses_nothing() -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stage.receive(), 0)
    exchange.upload(b"whole", end=True)
    assert at_once(stage.receive())["body"] == b"whole"
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(stage.receive(), 0)
    exchange.stop()
    assert at_once(stage.receive()) == DISCONNECT
    await leave(exchange, stage)


async def test_any_number_may_wait_for_the_disconnect() -> None:
    exchange, stage = await on_stage()
    await stage.receive()
    waiting = [asyncio.ensure_future(stage.receive()) for _ in range(3)]
    await exchange.until_idle()
    exchange.stop()
    assert await asyncio.gather(*waiting) == [DISCONNECT] * 3
    await leave(exchange, stage)


@pytest.mark.parametrize("uploading", [True, False])
async def test_the_end_of_the_response_is_a_disconnect_for_those_who_wait(uploading: bool) -> None:
    exchange, stage = await on_stage(method="POST", end=not uploading)
    if not uploading:
        await stage.receive()
    waiting = asyncio.ensure_future(stage.receive())
    await exchange.until_idle()
    await stage.send(START)
    await stage.send(END)
    assert await waiting == DISCONNECT
    assert at_once(stage.receive()) == DISCONNECT
    await leave(exchange, stage)


async def test_after_the_application_has_returned_its_calls_find_the_exchange_over() -> None:
    exchange, stage = await on_stage()
    await stage.send(START)
    await stage.send(END)
    await leave(exchange, stage)
    assert at_once(stage.receive()) == DISCONNECT
    with pytest.raises(LocalProtocolError, match="due is nothing more"):
        at_once(stage.send(END))


# The response


async def test_a_response_known_in_one_go_is_one_write_with_the_end() -> None:
    exchange = await answered(start(content_type="text/plain"), END)
    sends = [call for call in exchange.transport.calls if call[:2] == ("send", 0)]
    assert len(sends) == 1
    assert exchange.outcome == "200"
    assert exchange.headers[0] == (b"content-type", b"text/plain")
    assert exchange.body == b"end"


async def test_nothing_leaves_before_the_first_body() -> None:
    exchange, stage = await on_stage()
    await stage.send(START)
    assert exchange.transport.sent(0) == b""
    await stage.send(PART)
    assert exchange.status == 200
    assert exchange.body == b"part"
    await stage.send(END)
    await leave(exchange, stage)
    assert (exchange.outcome, exchange.body) == ("200", b"partend")


async def test_an_empty_part_sends_the_headers() -> None:
    exchange, stage = await on_stage()
    await stage.send(START)
    await stage.send(body(b"", more=True))
    assert exchange.status == 200
    assert not exchange.ended
    await stage.send({"type": "http.response.body"})
    await leave(exchange, stage)
    assert exchange.outcome == "200"


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_a_body_may_be_anything_like_bytes(kind: Any) -> None:
    exchange = await answered(START, {**PART, "body": kind(b"part")}, {**END, "body": kind(b"end")})
    assert exchange.body == b"partend"


async def test_a_buffer_may_be_used_again_after_the_send() -> None:
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    buffer = bytearray(b"one")
    await stage.send(START)
    sending = asyncio.ensure_future(stage.send({**PART, "body": buffer}))
    await exchange.until_idle()
    buffer[:] = b"two"
    exchange.transport.unblock(0)
    await sending
    await stage.send(body(b""))
    await leave(exchange, stage)
    assert exchange.body == b"one"


@pytest.mark.parametrize(
    "headers",
    [
        [[b"set-cookie", b"a"], [b"Set-Cookie", b"b"]],
        ((b"set-cookie", b"a"), (b"set-cookie", b"b")),
        iter([(b"set-cookie", b"a"), (b"set-cookie", b"b")]),
    ],
)
async def test_headers_are_any_iterable_of_pairs_and_keep_their_order(headers: object) -> None:
    exchange = await answered({**START, "headers": headers}, END)
    assert exchange.headers == [(b"set-cookie", b"a"), (b"set-cookie", b"b")]


async def test_a_status_may_be_an_http_status() -> None:
    assert (await answered(start(HTTPStatus.NOT_FOUND), END)).outcome == "404"


async def test_the_body_of_a_head_response_is_dropped() -> None:
    exchange = await answered(start(content_length="7"), PART, END, method="HEAD")
    assert (exchange.outcome, exchange.body) == ("200", b"")
    assert exchange.headers == [(b"content-length", b"7")]


async def test_an_endless_body_for_a_head_request_does_not_hold_the_loop() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        while True:
            await send(PART)

    exchange = Exchange(app, method="HEAD")
    await exchange.until_idle()
    exchange.stop()
    await exchange.finished()
    assert exchange.outcome == "reset 0x10c"


async def test_a_message_may_have_keys_that_we_do_not_know() -> None:
    assert (await answered({**START, "new": 1}, {**END, "new": 1})).outcome == "200"


# Waiting and disconnects, as `send` tells them


async def test_send_waits_until_the_stream_has_room() -> None:
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    await stage.send(START)
    sending = asyncio.ensure_future(stage.send(PART))
    await exchange.until_idle()
    assert not sending.done()
    exchange.transport.unblock(0)
    await sending
    await stage.send(END)
    await leave(exchange, stage)


async def test_sends_at_the_same_time_take_turns() -> None:
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    await stage.send(START)
    sending = [asyncio.ensure_future(stage.send(body(b"%d" % n, more=True))) for n in range(4)]
    await exchange.until_idle()
    assert exchange.body == b"0"
    sending[2].cancel()
    exchange.transport.unblock(0)
    await asyncio.wait(sending)
    await stage.send(body(b"!"))
    await leave(exchange, stage)
    assert (exchange.outcome, exchange.body) == ("200", b"013!")


async def test_sends_that_wait_for_their_turn_hear_of_the_disconnect_too() -> None:
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    await stage.send(START)
    sending = [asyncio.ensure_future(stage.send(PART)) for _ in range(3)]
    await exchange.until_idle()
    exchange.stop()
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ClientDisconnected] * 3
    await leave(exchange, stage)


@pytest.mark.parametrize("how", ["reset", "stop", "lose"])
async def test_a_send_that_waits_raises_when_the_client_goes(how: str) -> None:
    exchange, stage = await on_stage(method="POST", end=False)
    exchange.transport.block(0)
    await stage.send(START)
    sending = asyncio.ensure_future(stage.send(PART))
    await exchange.until_idle()
    {"reset": exchange.reset, "stop": exchange.stop, "lose": exchange.transport.lose}[how]()
    with pytest.raises(ClientDisconnected):
        await sending
    await leave(exchange, stage)


@pytest.mark.parametrize("message", [START, PART, END, TRAILERS, {"type": "unknown"}])
async def test_every_send_after_a_disconnect_raises_an_oserror_with_the_code(
    message: Message,
) -> None:
    exchange, stage = await on_stage()
    exchange.stop(0x10C)
    with pytest.raises(OSError, match="error code 0x10c") as caught:
        at_once(stage.send(message))
    assert isinstance(caught.value, ClientDisconnected)
    assert caught.value.error_code == 0x10C
    await leave(exchange, stage)


async def test_an_application_that_sends_for_ever_ends_when_the_client_goes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        while True:
            await send(PART)
            await asyncio.sleep(0)

    exchange = Exchange(app)
    await exchange.until_idle()
    exchange.stop()
    await exchange.finished()
    assert exchange.outcome == "reset 0x10c"
    assert caplog.records == []


async def test_what_an_application_raises_because_it_was_told_is_no_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class FrameworksOwnError(Exception):
        pass

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if await receive() == DISCONNECT:
            raise FrameworksOwnError

    exchange = Exchange(app, method="POST", end=False)
    await exchange.until_idle()
    exchange.reset()
    await exchange.finished()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_an_oserror_because_of_a_disconnect_is_not_worth_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if await receive() == DISCONNECT:
            raise ConnectionResetError("The client left.")

    caplog.set_level(logging.INFO, logger="h3producer")
    exchange = Exchange(app, method="POST", end=False)
    await exchange.until_idle()
    exchange.reset()
    await exchange.finished()
    assert caplog.records == []


async def test_what_an_application_raises_by_itself_is_an_error_though_the_client_has_gone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await go_on.wait()
        raise KeyError("real")

    exchange = Exchange(app)
    await exchange.until_idle()
    exchange.stop()
    go_on.set()
    await exchange.finished()
    assert "KeyError: 'real'" in caplog.text


async def test_an_application_that_the_server_cancels_is_reset_without_a_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cleaned = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await receive()
        finally:
            cleaned.append(True)

    exchange = Exchange(app)
    await exchange.until_idle()
    exchange.cancel()
    await exchange.finished()
    assert exchange.outcome == "reset 0x102"
    assert cleaned == [True]
    assert caplog.records == []


# Trailers


@pytest.mark.parametrize("parts", [[], [b"body"], [b"bo", b"dy"]])
async def test_the_trailers_of_a_request_come_with_the_end_of_its_body(parts: list[bytes]) -> None:
    messages: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while not messages or messages[-1]["more_body"]:
            messages.append(await receive())
        await send(START)
        await send(END)

    exchange = Exchange(app, method="POST", end=False)
    for part in parts:
        exchange.upload(part)
        await exchange.until_idle()
    exchange.send_trailers((b"checksum", b"1"))
    await exchange.finished()
    assert b"".join(each["body"] for each in messages) == b"".join(parts)
    assert messages[-1]["trailers"] == [(b"checksum", b"1")]
    assert not any("trailers" in each for each in messages[:-1])


async def test_a_request_without_trailers_has_no_key_for_them() -> None:
    messages: list[dict[str, Any]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        messages.append(await receive())
        await send(START)
        await send(END)

    await Exchange(app).finished()
    assert messages == [{"type": "http.request", "body": b"", "more_body": False}]


async def test_trailers_follow_the_body_and_carry_the_end() -> None:
    exchange = await answered(ANNOUNCED, PART, END, TRAILERS, headers=TE)
    assert (exchange.outcome, exchange.body) == ("200", b"partend")
    assert exchange.sections[-1] == [(b"checksum", b"1")]


async def test_trailers_may_come_in_several_messages() -> None:
    more = {"type": "http.response.trailers", "headers": [(b"a", b"1")], "more_trailers": True}
    exchange = await answered(ANNOUNCED, END, more, TRAILERS, headers=TE)
    assert exchange.sections[-1] == [(b"a", b"1"), (b"checksum", b"1")]


async def test_announced_trailers_may_be_empty() -> None:
    exchange = await answered(ANNOUNCED, END, {"type": "http.response.trailers"}, headers=TE)
    assert exchange.outcome == "200"
    assert len(exchange.sections) == 1


async def test_a_client_that_did_not_ask_for_trailers_gets_the_response_without() -> None:
    exchange = await answered(ANNOUNCED, END, TRAILERS)
    assert exchange.outcome == "200"
    assert len(exchange.sections) == 1


async def test_a_response_with_trailers_may_have_no_body() -> None:
    exchange = await answered(ANNOUNCED, body(b""), TRAILERS, headers=TE)
    assert (exchange.outcome, exchange.body) == ("200", b"")
    assert exchange.sections[-1] == [(b"checksum", b"1")]


# Early hints

HINT = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload", b"</b.js>"]}
SECTION_103 = [(b":status", b"103"), (b"link", b"</a.css>; rel=preload"), (b"link", b"</b.js>")]


async def test_early_hints_leave_at_once_before_and_after_the_start() -> None:
    exchange, stage = await on_stage()
    await stage.send(HINT)
    assert exchange.sections == [SECTION_103]
    await stage.send(START)
    await stage.send(HINT)
    assert exchange.sections == [SECTION_103] * 2
    await stage.send(END)
    await leave(exchange, stage)
    assert exchange.outcome == "200"
    assert len(exchange.sections) == 3


async def test_early_hints_that_come_too_late_have_no_effect() -> None:
    exchange = await answered(START, PART, HINT, END)
    assert exchange.outcome == "200"
    assert len(exchange.sections) == 1


async def test_early_hints_wait_for_room_like_any_other_data() -> None:
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    sending = asyncio.ensure_future(stage.send(HINT))
    await exchange.until_idle()
    assert not sending.done()
    exchange.stop()
    with pytest.raises(ClientDisconnected):
        await sending
    await leave(exchange, stage)


@pytest.mark.parametrize("links", [None, 1])
async def test_links_that_are_no_list_raise(links: object) -> None:
    exchange, stage = await on_stage()
    with pytest.raises(LocalProtocolError, match="links of an early hint"):
        await stage.send({**HINT, "links": links})
    exchange.reset()
    await leave(exchange, stage)


# Files


def sent_file(path: Path) -> dict[str, object]:
    return {"type": "http.response.pathsend", "path": str(path)}


@pytest.mark.parametrize("size", [0, 10, 2 * PIECE_SIZE + 10])
async def test_a_file_is_sent_whole(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(content := os.urandom(size))
    exchange = await answered(start(content_length=str(size)), sent_file(tmp_path / "file"))
    assert exchange.outcome == "200"
    assert exchange.body == content


async def test_a_file_is_not_read_for_a_head_response(tmp_path: Path) -> None:
    exchange = await answered(
        start(content_length="9"), sent_file(tmp_path / "missing"), method="HEAD"
    )
    assert (exchange.outcome, exchange.body) == ("200", b"")


async def test_trailers_may_follow_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    exchange = await answered(ANNOUNCED, sent_file(tmp_path / "file"), TRAILERS, headers=TE)
    assert (exchange.outcome, exchange.body) == ("200", b"content")
    assert exchange.sections[-1] == [(b"checksum", b"1")]


async def test_a_file_waits_for_its_client_and_a_piece_of_it_is_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(content := os.urandom(10 * PIECE_SIZE))
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    await stage.send(START)
    sending = asyncio.ensure_future(stage.send(sent_file(tmp_path / "file")))
    async with asyncio.timeout(10):
        while not exchange.transport.draining(0):  # noqa: ASYNC110 - a thread is reading
            await asyncio.sleep(0)
    assert 0 < len(exchange.transport.sent(0)) <= PIECE_SIZE
    exchange.transport.unblock(0)
    await sending
    await leave(exchange, stage)
    assert exchange.body == content


async def test_a_file_is_read_no_further_when_the_client_has_gone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(10 * PIECE_SIZE))
    exchange, stage = await on_stage()
    exchange.transport.block(0)
    await stage.send(START)
    sending = asyncio.ensure_future(stage.send(sent_file(tmp_path / "file")))
    async with asyncio.timeout(10):
        while not exchange.transport.draining(0):  # noqa: ASYNC110 - a thread is reading
            await asyncio.sleep(0)
    exchange.stop()
    with pytest.raises(ClientDisconnected):
        await sending
    assert len(exchange.body) <= PIECE_SIZE
    await leave(exchange, stage)


async def test_a_file_that_breaks_off_cannot_be_followed_by_anything(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_bytes(bytes(2 * PIECE_SIZE))
    exchange, stage = await on_stage()
    await stage.send(start(content_length=str(PIECE_SIZE + 1)))
    with pytest.raises(LocalProtocolError, match="too many bytes"):
        await stage.send(sent_file(tmp_path / "file"))
    with pytest.raises(LocalProtocolError, match="due is nothing but the rest of the file"):
        await stage.send(body(b"x"))
    await leave(exchange, stage)
    assert exchange.outcome == "reset 0x102"
