"""How an exchange ends before its time, on aioquic: each cause, each way to wait for it, both APIs.

A cause is something that happens to a connection: the client resets, stops, closes, falls silent or
breaks a rule; or the server is stopped by force. A waiter is what an application is doing just
then. Every waiter wakes for every cause, in the pass of the event loop behind the datagram's, and
finds that it is over whatever it does next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import pytest

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.config import Config
from h3producer.errors import ErrorCode, RequestAborted
from h3producer.http3.connection import Http3Connection
from tests.e2e.apps import data as part
from tests.e2e.apps import start
from tests.http3.harness import data, request
from tests.pair import Client, Pair

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from h3producer.http3.stream import Handler, Http3Stream

KIB = 1024
CONFIG = Config(
    server_header=None,
    date_header=False,
    min_request_data_rate=None,
    min_response_data_rate=None,
)
"""No pace: the idle timeout is to be the first that strikes."""
POST_OF_5 = request(b"POST", (b"content-length", b"5"))
"""The head of a request that can be broken by one byte too many."""

Heard = list[object]
Cause = tuple[Callable[[Pair], object], int]
"""What happens, and the code that a handler finds in `error_code`."""


# Causes


def resets(pair: Pair) -> None:
    pair.client.reset(0, 0x77)


def stops(pair: Pair) -> None:
    pair.client.stop_sending(0, 0x77)


def closes(pair: Pair) -> None:
    pair.client.close(0x77)


def sends_too_much(pair: Pair) -> None:
    pair.client.send(0, data(b"123456"))


def opens_a_second_control_stream(pair: Pair) -> None:
    for stream_id in (2, 6):
        pair.client.send(stream_id, b"\x00\x04\x00")


async def falls_silent(pair: Pair) -> None:
    pair.loses_to_server = lambda number: True
    await pair.advance(61.0)


def is_stopped_by_force(pair: Pair) -> None:
    for connection in pair.endpoint.connections:
        connection.close(ErrorCode.H3_NO_ERROR)


DATAGRAMS: dict[str, Cause] = {
    "reset": (resets, 0x77),
    "stop": (stops, 0x77),
    "close": (closes, 0x77),
    "malformed request": (sends_too_much, ErrorCode.H3_MESSAGE_ERROR),
}
"""Those that a datagram says."""

CAUSES: dict[str, Cause] = {
    **DATAGRAMS,
    # Our own doing: it is over when the CONNECTION_CLOSE has left.
    "broken connection": (opens_a_second_control_stream, ErrorCode.H3_STREAM_CREATION_ERROR),
    "idle timeout": (falls_silent, 0),
    "stop by force": (is_stopped_by_force, ErrorCode.H3_NO_ERROR),
}


# Waiters


def receiving(heard: Heard) -> AsgiApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        await send(part(b"some"))
        heard.append("waits")
        while (message := await receive())["type"] == "http.request":
            pass
        heard.append(message["type"])
        await try_again(receive, send, heard)

    return app


def sending(heard: Heard) -> AsgiApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(start())
        heard.append("waits")
        try:
            while True:
                await send(part(bytes(16 * KIB)))
        except OSError:
            heard.append("send raises")
        await try_again(receive, send, heard)

    return app


async def try_again(receive: Receive, send: Send, heard: Heard) -> None:
    """What an application does that does not believe it."""
    try:
        await send(part(b"late"))
    except OSError:
        heard.append("send raises")
    heard.append((await receive())["type"])


async def reads(stream: Http3Stream) -> object:
    try:
        while await stream.body.read_chunk():
            pass
    except RequestAborted as error:
        return error.error_code
    return "the end"


async def writes(stream: Http3Stream) -> object:
    while not (result := await stream.response.write(bytes(16 * KIB))).is_completed:
        pass
    return result.is_completed


async def waits_closed(stream: Http3Stream) -> object:
    await stream.wait_closed()
    return stream.aborted


def handling(act: Callable[[Http3Stream], Awaitable[object]]) -> Callable[[Heard], Handler]:
    """A handler that does this, and then tries to write more."""

    def make(heard: Heard) -> Handler:
        async def handler(stream: Http3Stream) -> None:
            stream.response.start(200)
            heard.append("waits")
            heard.append(await act(stream))
            heard.append((await stream.response.write(b"late")).is_completed)
            heard.append(stream.error_code)

        return handler

    return make


WAITERS: dict[str, Callable[[Heard], Handler]] = {
    "receive": lambda heard: AsgiAdapter(receiving(heard)),
    "send": lambda heard: AsgiAdapter(sending(heard)),
    "body.read_chunk": handling(reads),
    "response.write": handling(writes),
    "wait_closed": handling(waits_closed),
}


def due(waiter: str, code: int) -> Heard:
    """What the waiter has to hear."""
    all_of_them: dict[str, Heard] = {
        "receive": ["waits", "http.disconnect", "send raises", "http.disconnect"],
        "send": ["waits", "send raises", "send raises", "http.disconnect"],
        "body.read_chunk": ["waits", code, True, code],
        "response.write": ["waits", True, True, code],
        "wait_closed": ["waits", True, True, code],
    }
    return all_of_them[waiter]


async def waiting(waiter: str, heard: Heard) -> Pair:
    """A pair with an upload under way whose client does not read, and the application waits."""
    handler = WAITERS[waiter](heard)
    pair = Pair(
        lambda transport: Http3Connection(transport, handler, CONFIG),
        CONFIG,
        client=Client(max_stream_data=32 * KIB),
    )
    await pair.connect()
    pair.client.stop_reading()
    pair.client.send(0, POST_OF_5 + data(b"123"))
    await pair.drive()
    assert heard == ["waits"]
    return pair


@pytest.mark.parametrize("waiter", WAITERS)
@pytest.mark.parametrize(("happens", "code"), CAUSES.values(), ids=CAUSES)
async def test_whoever_waits_hears_of_the_end_and_of_nothing_else_afterwards(
    waiter: str, happens: Callable[[Pair], Awaitable[None] | None], code: int
) -> None:
    heard: Heard = []
    pair = await waiting(waiter, heard)

    if (passing := happens(pair)) is not None:
        await passing
    await pair.drive()

    assert heard == due(waiter, code)
    assert 0 not in pair.client.fins, "What is cut must not look whole."
    core = pair.inputs[0]
    assert isinstance(core, Http3Connection)
    assert core.streams == {}


@pytest.mark.parametrize("waiter", WAITERS)
@pytest.mark.parametrize(("happens", "code"), DATAGRAMS.values(), ids=DATAGRAMS)
async def test_whoever_waits_hears_of_it_one_pass_behind_the_datagram(
    waiter: str, happens: Callable[[Pair], None], code: int
) -> None:
    heard: Heard = []
    pair = await waiting(waiter, heard)
    happens(pair)
    for datagram in pair.client.take(pair.loop.now):
        pair.socket.inbox.append((datagram, pair.client.address))

    # This pass reads the datagram …
    pair.loop.readers[pair.socket]()
    # … and this is the next one: all that the first has made ready runs once.
    await asyncio.sleep(0)

    assert heard[:2] == due(waiter, code)[:2]


# A response that is whole


@pytest.mark.parametrize(
    "happens", [closes, falls_silent, is_stopped_by_force], ids=["close", "idle", "force"]
)
async def test_a_response_that_was_whole_stays_whole_when_the_client_leaves(
    happens: Callable[[Pair], Awaitable[None] | None],
) -> None:
    heard: Heard = []
    may_leave = asyncio.Event()

    async def handler(stream: Http3Stream) -> None:
        while await stream.body.read_chunk():
            pass
        stream.response.start(200)
        await stream.response.complete(b"all of it")
        await may_leave.wait()
        heard.append((stream.aborted, stream.error_code))

    pair = Pair(lambda transport: Http3Connection(transport, handler, CONFIG), CONFIG)
    await pair.connect()
    pair.client.send(0, POST_OF_5 + data(b"12345"), end_stream=True)
    await pair.drive()
    assert pair.client.fins == {0}

    if (passing := happens(pair)) is not None:
        await passing
    await pair.drive()
    may_leave.set()
    await pair.drive()

    assert heard == [(False, None)]
    assert pair.client.resets == {}


# A response that is not


async def raises(stream: Http3Stream) -> None:
    raise ValueError("as it is meant to")


async def returns(stream: Http3Stream) -> None:
    pass


async def is_cancelled(stream: Http3Stream) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await asyncio.sleep(0)


async def resets_itself(stream: Http3Stream) -> None:
    stream.reset(0x1234)


@pytest.mark.parametrize("reads_on", [True, False], ids=["client reads", "client does not read"])
@pytest.mark.parametrize(
    ("fails", "code"),
    [
        (raises, ErrorCode.H3_INTERNAL_ERROR),
        (returns, ErrorCode.H3_INTERNAL_ERROR),
        (is_cancelled, ErrorCode.H3_INTERNAL_ERROR),
        (resets_itself, 0x1234),
    ],
    ids=["raises", "returns", "is cancelled", "resets"],
)
async def test_a_partial_response_ends_with_a_reset_and_never_with_fin(
    fails: Callable[[Http3Stream], Awaitable[None]], code: int, reads_on: bool
) -> None:
    async def handler(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(bytes(40 * KIB))
        await fails(stream)

    pair = Pair(
        lambda transport: Http3Connection(transport, handler, CONFIG),
        CONFIG,
        client=Client(max_stream_data=32 * KIB),
    )
    await pair.connect()
    if not reads_on:
        pair.client.stop_reading()
    pair.client.send(0, request(b"GET"), end_stream=True)
    await pair.drive()

    assert (pair.client.fins, pair.client.resets) == (set(), {0: code})
