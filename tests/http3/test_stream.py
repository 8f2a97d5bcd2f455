"""One exchange from its first byte to its end, and every way in which it can end early.

Each test is a transcript: what the client sends, what the application does, what the client
gets. The fixture looks at what all of them have in common: one ending, credit given back in
full, nothing forgotten and nothing left over, no error in the log that nobody asked for.
"""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import RequestAborted
from h3producer.pipe.pipe import Pipe
from h3producer.pipe.results import CANCELED_AND_COMPLETED, COMPLETED, FLUSHED
from h3producer.pipe.wakeup import start_inline
from tests.http3.harness import (
    GET,
    HEAD,
    OK,
    POST,
    Client,
    Received,
    data,
    echo,
    hello,
    never,
    request,
    section,
    trailers,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from h3producer.http3.stream import Handler, Http3Stream
    from h3producer.pipe.results import FlushResult
    from tests.http3.conftest import Connect, LoggedErrors

FAILED = Received(
    fields=[(b":status", b"500"), (b"content-type", b"text/plain; charset=utf-8")],
    body=b"Internal Server Error",
    ended=True,
)


# The normal course


async def test_a_request_and_its_response(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)
    assert client.is_clean


async def test_a_small_response_is_one_write_with_the_end(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(section((b":status", b"200")) + data(b"hello"), True)]


async def test_an_application_sees_the_request(connect: Connect) -> None:
    seen: list[object] = []

    async def application(stream: Http3Stream) -> None:
        seen.append((stream.stream_id, stream.request.method, stream.request.path))
        seen.append(stream.transport.peer_address)
        await hello(stream)

    client = connect(application)
    client.send(request(b"POST", path=b"/a?b=c"), end=True, on=4)
    await client.idle()
    assert seen == [(4, "POST", b"/a?b=c"), ("127.0.0.1", 50000)]


async def test_a_body_comes_and_goes(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST, data(b"hello, "))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello, ")
    client.send(data(b"world"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello, world", ended=True)


async def test_trailers_of_a_request_are_there_after_its_body(connect: Connect) -> None:
    seen: list[object] = []

    async def application(stream: Http3Stream) -> None:
        await stream.body.copy_to(Pipe().writer)
        seen.append(stream.body.trailers)
        await hello(stream)

    client = connect(application)
    client.send(POST, data(b"x"), trailers((b"checksum", b"1")), end=True)
    await client.idle()
    assert seen == [[(b"checksum", b"1")]]


async def test_the_end_of_a_request_may_come_alone(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST, data(b"hello"))
    client.send(end=True)
    await client.idle()
    assert client.received().ended


async def test_a_server_may_stream_on_when_the_client_has_finished(connect: Connect) -> None:
    more = asyncio.Event()

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"one")
        await more.wait()
        await stream.response.complete(b"two")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"one")
    more.set()
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"onetwo", ended=True)


async def test_an_exchange_says_how_it_stands(connect: Connect) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        seen.append(repr(stream))
        await hello(stream)

    client = connect(application)
    client.send(POST)
    await client.idle()
    assert seen == ["<Http3Stream 0 BODY>"]


# A request that is not read


async def test_what_an_application_does_not_read_is_stopped_after_the_end_of_its_response(
    connect: Connect,
) -> None:
    client = connect(hello)
    client.send(POST, data(b"unread"))
    await client.idle()
    assert client.endings() == ["fin", "stop 0x100"]
    assert client.received() == Received(fields=OK, body=b"hello", ended=True, stopped=0x100)
    assert client.is_clean


async def test_a_request_that_was_whole_is_not_stopped(connect: Connect) -> None:
    client = connect(hello)
    client.send(POST, data(b"unread"), end=True)
    await client.idle()
    assert client.endings() == ["fin"]


async def test_credit_follows_the_reader_and_an_unread_upload_gets_none(connect: Connect) -> None:
    read = asyncio.Event()

    async def application(stream: Http3Stream) -> None:
        await read.wait()
        await echo(stream)

    client = connect(application)
    client.send(POST, data(bytes(1000)))
    await client.idle()
    assert client.transport.granted[0] == len(POST) + 3
    read.set()
    await client.idle()
    assert client.transport.granted[0] == len(POST) + 3 + 1000


# 100 (Continue)

EXPECTING = request(b"POST", (b"expect", b"100-continue"))
CONTINUE = [(b":status", b"100")]


async def test_who_waits_for_content_sends_100_to_a_client_that_waits_to_be_told(
    connect: Connect,
) -> None:
    client = connect(echo)
    client.send(EXPECTING)
    await client.idle()
    assert client.received() == Received(interim=[CONTINUE])
    client.send(data(b"he"), data(b"llo"), end=True)
    await client.idle()
    assert client.received() == Received(interim=[CONTINUE], fields=OK, body=b"hello", ended=True)


async def test_no_100_without_an_expectation(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST)
    await client.idle()
    assert client.received() == Received()


async def test_no_100_if_content_has_come(connect: Connect) -> None:
    client = connect(echo)
    client.send(EXPECTING, data(b"he"))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"he")


async def test_no_100_if_content_has_come_and_more_is_wanted(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        content = await stream.body.read_at_least(2)
        stream.body.advance_to(content.buffer.end)
        await stream.body.read_chunk()
        await hello(stream)

    client = connect(application)
    client.send(EXPECTING, data(b"he"))
    await client.idle()
    assert client.received() == Received()
    client.send(end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def test_no_100_if_the_request_has_no_content(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        await stream.body.read_at_least(1)
        await hello(stream)

    client = connect(application)
    client.send(EXPECTING, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def test_no_100_if_the_trailers_have_come(connect: Connect) -> None:
    client = connect(echo)
    client.send(EXPECTING, trailers((b"checksum", b"1")))
    await client.idle()
    assert client.received() == Received()
    client.send(end=True)
    await client.idle()
    assert client.received().status == 200


async def test_no_100_after_the_headers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        await echo_into(stream)

    client = connect(application)
    client.send(EXPECTING)
    await client.idle()
    client.send(data(b"hello"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def echo_into(stream: Http3Stream) -> None:
    while chunk := await stream.body.read_chunk():
        await stream.response.write(chunk)
    await stream.response.complete()


async def test_no_100_if_the_application_does_not_read(connect: Connect) -> None:
    client = connect(hello)
    client.send(EXPECTING)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True, stopped=0x100)


async def test_a_100_that_waits_for_room_is_not_in_the_way(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        assert stream.body.try_read() is None
        stream.response.start(417)
        await stream.response.write(b"no")
        await stream.response.complete()

    client = connect(application)
    client.transport.block(0)
    client.send(EXPECTING, end=False)
    await client.idle()
    client.transport.unblock(0)
    await client.idle()
    assert client.received().interim == [CONTINUE]
    assert client.received().status == 417
    assert client.received().ended


async def test_a_100_that_the_client_refuses_costs_it_the_exchange(connect: Connect) -> None:
    client = connect(echo)
    client.connection.peer._encoder.peer_max_section_size = 41
    client.send(EXPECTING)
    await client.idle()
    assert client.endings() == ["reset 0x102", "stop 0x102"]


# Applications that fail


async def test_who_raises_before_the_start_has_a_500(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == FAILED
    assert errors.take() == ["Stream 0: exception in the application: ValueError('oops')"]


async def test_an_os_error_of_the_application_itself_is_no_disconnect(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        raise FileNotFoundError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == FAILED
    assert len(errors.take()) == 1


async def test_who_raises_after_a_start_of_which_nothing_has_left_has_a_500(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"content-length", b"5")])
        stream.response.set_trailers([(b"checksum", b"1")])
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == FAILED
    assert len(errors.take()) == 1


async def test_who_raises_in_mid_response_never_ends_it_normally(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"half")
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"half", reset=0x102)
    assert len(errors.take()) == 1


async def test_who_raises_in_mid_upload_stops_it_too(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(await stream.body.read_chunk())
        raise ValueError("oops")

    client = connect(application)
    client.send(POST, data(b"x"))
    await client.idle()
    assert client.endings() == ["reset 0x102", "stop 0x102"]
    assert len(errors.take()) == 1


async def test_who_raises_after_the_end_has_its_response(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)
    assert errors.take() == ["Stream 0: exception in the application: ValueError('oops')"]


async def test_who_raises_after_the_end_in_mid_upload_stops_it_without_an_error(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        raise ValueError("oops")

    client = connect(application)
    client.send(POST)
    await client.idle()
    assert client.endings() == ["fin", "stop 0x100"]
    assert len(errors.take()) == 1


async def test_who_returns_without_a_response_has_a_500(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        pass

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == FAILED
    assert "returned before its response was complete" in errors.take()[0]


async def test_who_returns_in_mid_response_never_ends_it_normally(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"half")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"half", reset=0x102)
    assert len(errors.take()) == 1


async def test_a_failed_answer_to_head_has_no_content(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        raise ValueError("oops")

    client = connect(application)
    client.send(HEAD, end=True)
    await client.idle()
    assert client.received() == Received(fields=FAILED.fields, ended=True)
    assert len(errors.take()) == 1


async def test_a_500_that_the_client_has_no_room_for_is_a_reset(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        raise ValueError("oops")

    client = connect(application)
    client.connection.peer._encoder.peer_max_section_size = 50
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)
    assert errors.take() == ["Stream 0: exception in the application: ValueError('oops')"]


async def test_an_application_that_is_cancelled_in_mid_response_is_cut(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"half")
        await asyncio.Event().wait()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    cancel(client)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"half", reset=0x102)


def cancel(client: Client, on: int = 0) -> None:
    """As the server does when its time to shut down is over."""
    task = client.connection.streams[on]._task
    assert task is not None
    task.cancel()


async def test_an_application_that_is_cancelled_while_its_end_waits_for_room_is_cut(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(bytes(40_000))

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    cancel(client)
    await client.idle()
    assert client.received().reset == 0x102
    assert client.is_clean


async def test_an_application_that_gives_up_waiting_for_its_end_has_it_all_the_same(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        end = asyncio.ensure_future(stream.response.complete(bytes(40_000)))
        await asyncio.sleep(0)
        end.cancel()
        await asyncio.wait([end])

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    assert not client.is_clean
    client.transport.unblock(0)
    await client.idle()
    assert client.received() == Received(fields=OK, body=bytes(40_000), ended=True)
    assert client.is_clean


async def test_cancelling_a_write_that_waits_cuts_the_exchange(connect: Connect) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        try:
            async with asyncio.timeout(0):
                await stream.response.write(b"hello")
        except TimeoutError:
            seen.append(await stream.response.write(b"more"))

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", reset=0x102)
    assert seen == [COMPLETED]


# Resets by the application


@pytest.mark.parametrize("error_code", [0, 0x102, (1 << 62) - 1])
async def test_an_application_may_reset_with_a_code_of_its_choice(
    connect: Connect, error_code: int
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"half")
        stream.reset(error_code)
        stream.reset(0x77)
        assert await stream.response.write(b"more") is COMPLETED

    client = connect(application)
    client.send(POST)
    await client.idle()
    assert client.received() == Received(
        fields=OK, body=b"half", reset=error_code, stopped=error_code
    )


@pytest.mark.parametrize("error_code", [-1, 1 << 62])
async def test_a_code_that_is_none_raises_before_it_has_an_effect(
    connect: Connect, errors: LoggedErrors, error_code: int
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.reset(error_code)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == FAILED
    assert "ValueError" in errors.take()[0]


async def test_a_reset_after_the_end_leaves_the_response_alone_and_stops_the_request(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        stream.reset(0x10B)
        with pytest.raises(RequestAborted):
            await stream.body.read_chunk()

    client = connect(application)
    client.send(POST)
    await client.idle()
    assert client.endings() == ["fin", "stop 0x10b"]


# Clients that go, in each phase


class Application:
    """Does one thing, and remembers what came of it and of what it did next."""

    def __init__(self, act: Callable[[Http3Stream], Awaitable[object]]) -> None:
        self._act = act
        self.outcomes: list[object] = []
        self.stream: Http3Stream | None = None

    async def __call__(self, stream: Http3Stream) -> None:
        self.stream = stream
        for act in (self._act, write_more):
            try:
                self.outcomes.append(await act(stream))
            except RequestAborted as error:
                self.outcomes.append(error.error_code)


async def write_more(stream: Http3Stream) -> FlushResult:
    if not stream.response.started:
        stream.response.start(200)
    return await stream.response.write(b"more")


async def read(stream: Http3Stream) -> bytes:
    return await stream.body.read_chunk()


async def write(stream: Http3Stream) -> FlushResult:
    stream.response.start(200)
    return await stream.response.write(bytes(40_000))


async def flush(stream: Http3Stream) -> FlushResult:
    stream.response.start(200)
    return await stream.response.flush()


async def wait_closed(stream: Http3Stream) -> None:
    await stream.wait_closed()


async def inform(stream: Http3Stream) -> FlushResult:
    return await stream.response.send_informational(103)


async def wait_for_ever(stream: Http3Stream) -> None:
    await asyncio.Event().wait()


Cut = tuple["Callable[[Client], None]", int, list[str]]
"""A way for a client to go, the code that the application hears, and what we answer."""

CUTS: dict[str, Cut] = {
    "reset": (lambda client: client.reset(0x77), 0x77, ["reset 0x10c"]),
    "stop": (lambda client: client.stop(0x77), 0x77, ["reset 0x10c", "stop 0x10c"]),
    "lost": (lambda client: client.lose(0x77), 0x77, ["reset 0x77", "stop 0x77"]),
}


@pytest.fixture(params=list(CUTS))
def cut(request: pytest.FixtureRequest) -> Cut:
    return CUTS[request.param]


WAITS: dict[str, tuple[Callable[[Http3Stream], Awaitable[object]], list[object]]] = {
    "read": (read, [0x77, COMPLETED]),
    "write": (write, [CANCELED_AND_COMPLETED, COMPLETED]),
    "flush": (flush, [COMPLETED, COMPLETED]),
    "inform": (inform, [COMPLETED, COMPLETED]),
    "wait_closed": (wait_closed, [None, COMPLETED]),
}


@pytest.mark.parametrize(("act", "outcomes"), WAITS.values(), ids=WAITS)
async def test_a_client_that_goes_wakes_whoever_waits_for_it_at_once(
    connect: Connect,
    cut: Cut,
    act: Callable[[Http3Stream], Awaitable[object]],
    outcomes: list[object],
) -> None:
    go, error_code, endings = cut
    application = Application(act)
    client = connect(application)
    client.transport.block(0)
    client.send(POST)
    await client.idle()
    assert application.outcomes == []
    go(client)
    await client.idle()
    assert application.outcomes == outcomes
    assert client.endings() == endings
    assert client.is_clean
    assert application.stream is not None
    assert application.stream.error_code == error_code


async def test_a_client_that_goes_wakes_an_end_that_waits_for_room(
    connect: Connect, cut: Cut
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete(bytes(40_000))

    go, _, endings = cut
    client = connect(application)
    client.transport.block(0)
    client.send(POST)
    await client.idle()
    go(client)
    await client.idle()
    assert client.endings() == endings
    assert not client.received().ended
    assert client.is_clean


@pytest.mark.parametrize("first", [b"", GET[:5], GET[:-1]], ids=len)
async def test_a_client_that_goes_before_its_headers_are_there_starts_no_application(
    connect: Connect, cut: Cut, first: bytes
) -> None:
    go, _, _ = cut
    client = connect(never)
    client.send(first)
    go(client)
    await client.idle()
    assert client.is_clean
    assert not client.received().ended


async def test_a_request_that_is_reset_before_its_headers_are_there_is_incomplete(
    connect: Connect,
) -> None:
    """RFC 9114 §4.1: H3_REQUEST_INCOMPLETE."""
    client = connect(never)
    client.send(GET[:5])
    client.reset()
    assert client.received() == Received(reset=0x10D)


async def test_a_client_that_goes_before_the_application_runs_starts_none(
    connect: Connect, cut: Cut
) -> None:
    """A client that opens and resets as fast as it can makes nobody work for it."""
    go, _, endings = cut
    client = connect(never)
    client.send(GET)
    go(client)
    await client.idle()
    assert client.endings() == endings
    assert client.is_clean


async def test_an_application_that_does_not_listen_is_left_alone_until_it_returns(
    connect: Connect, cut: Cut
) -> None:
    go, _, endings = cut
    client = connect(wait_for_ever)
    client.send(POST)
    await client.idle()
    go(client)
    await client.idle()
    assert client.endings() == endings
    assert not client.is_clean
    cancel(client)
    await client.idle()
    assert client.is_clean


async def test_after_the_end_of_both_halves_a_client_that_goes_is_no_news(
    connect: Connect, cut: Cut
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        await leave.wait()
        assert not stream.aborted

    go, _, _ = cut
    leave = asyncio.Event()
    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    go(client)
    leave.set()
    await client.idle()
    assert client.endings() == ["fin"]
    assert client.is_clean


async def test_after_the_end_of_the_response_a_reset_cuts_the_rest_of_the_request(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        with pytest.raises(RequestAborted):
            await stream.body.read_chunk()

    client = connect(application)
    client.send(POST)
    await client.idle()
    client.reset()
    await client.idle()
    assert client.endings() == ["fin"]
    assert client.is_clean


async def test_after_the_end_of_the_response_a_stop_changes_nothing(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        assert await stream.body.read_chunk() == b"late"

    client = connect(application)
    client.send(POST)
    await client.idle()
    client.stop()
    client.send(data(b"late"), end=True)
    await client.idle()
    assert client.endings() == ["fin"]


async def test_a_reset_after_the_end_of_the_request_is_too_late(connect: Connect) -> None:
    """RFC 9000 §3.2: in "Data Recvd" a RESET_STREAM has nothing left to cut."""
    leave = asyncio.Event()

    async def application(stream: Http3Stream) -> None:
        await leave.wait()
        await hello(stream)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    client.reset()
    leave.set()
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def test_a_whole_body_can_be_read_after_the_client_refused_the_response(
    connect: Connect,
) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        await stream.wait_closed()
        seen.append(await stream.body.read_chunk())

    client = connect(application)
    client.send(POST, data(b"hello"), end=True)
    await client.idle()
    client.stop()
    await client.idle()
    assert seen == [b"hello"]


async def test_an_ordinary_disconnect_is_no_error_even_in_an_exception_of_the_application(
    connect: Connect, cut: Cut
) -> None:
    async def application(stream: Http3Stream) -> None:
        try:
            await stream.body.read_chunk()
        except RequestAborted as error:
            raise RuntimeError("my framework says so") from error

    go, _, _ = cut
    client = connect(application)
    client.send(POST)
    await client.idle()
    go(client)
    await client.idle()
    assert client.is_clean


async def test_a_bug_after_a_disconnect_is_an_error_all_the_same(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        await stream.wait_closed()
        raise ValueError("oops")

    client = connect(application)
    client.send(POST)
    await client.idle()
    client.reset()
    await client.idle()
    assert errors.take() == ["Stream 0: exception in the application: ValueError('oops')"]


@pytest.mark.parametrize(
    ("go", "message"),
    [
        (lambda client: client.reset(), "The client reset the request stream."),
        (lambda client: client.stop(), "The client stopped reading the response."),
        (lambda client: client.lose(reason="idle timeout"), "The connection ended: idle timeout."),
        (lambda client: client.lose(), "The connection ended: closed."),
        (
            lambda client: client.connection.streams[0].reset(0),
            "The exchange was aborted: reset by the application.",
        ),
    ],
)
async def test_a_reader_is_told_why(
    connect: Connect, go: Callable[[Client], None], message: str
) -> None:
    told = []

    async def application(stream: Http3Stream) -> None:
        with pytest.raises(RequestAborted) as error:
            await stream.body.read_chunk()
        told.append(str(error.value))

    client = connect(application)
    client.send(POST)
    await client.idle()
    go(client)
    await client.idle()
    assert told == [message]


async def test_the_first_cut_decides(connect: Connect) -> None:
    application = Application(wait_closed)
    client = connect(application)
    client.send(POST)
    await client.idle()
    client.stop(0x77)
    client.reset(0x78)
    client.lose(0x79)
    await client.idle()
    assert application.stream is not None
    assert application.stream.error_code == 0x77
    assert client.endings() == ["reset 0x10c", "stop 0x10c"]


# wait_closed


async def test_wait_closed_returns_when_the_response_is_complete(connect: Connect) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        watchers = [asyncio.ensure_future(stream.wait_closed()) for _ in range(2)]
        await asyncio.sleep(0)
        assert not any(watcher.done() for watcher in watchers)
        await hello(stream)
        await asyncio.gather(*watchers)
        await stream.wait_closed()
        seen.append(stream.aborted)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert seen == [False]


async def test_wait_closed_returns_at_once_when_it_is_over(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        if stream.stream_id == 0:
            await hello(stream)
        else:
            stream.reset(0x10C)
        await stream.wait_closed()

    client = connect(application)
    client.send(GET, on=0, end=True)
    client.send(GET, on=4, end=True)
    await client.idle()
    assert client.is_clean


async def test_wait_closed_returns_when_the_producer_itself_ends_the_response(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        watcher = asyncio.ensure_future(stream.wait_closed())
        await asyncio.sleep(0)
        stream.output.write_response_headers(OK)
        await stream.output.write_stream_suffix()
        await watcher

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.is_clean


# The producer without the response


async def test_a_handler_may_use_the_producer_itself(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.write_response_headers(OK)
        memory = stream.output.get_memory(5)
        memory[:5] = b"hello"
        stream.output.advance(5)
        assert await stream.output.flush() is FLUSHED
        await stream.output.write_stream_suffix()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def test_a_handler_may_dispose_of_the_producer_after_the_end(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.write_response_headers(OK)
        await stream.output.write_stream_suffix()
        stream.output.dispose()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, ended=True)


async def test_a_handler_that_fails_with_the_producer_is_cut(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.get_memory(5)
        stream.output.advance(5)
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)
    assert len(errors.take()) == 1


async def test_a_handler_that_fails_after_headers_of_the_producer_is_cut(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.write_response_headers(OK)
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)
    assert len(errors.take()) == 1


# Requests that break a rule of their stream

LENGTH_5 = request(b"POST", (b"content-length", b"5"))

MALFORMED = {
    "no method": section((b":scheme", b"https"), (b":path", b"/"), (b":authority", b"a")),
    "more content than announced": LENGTH_5 + data(b"hel") + data(b"lo!") + data(b"more"),
    "less content than announced": LENGTH_5 + data(b"hel"),
    "no content as announced": LENGTH_5,
    "a pseudo-header in trailers": POST + data(b"x") + trailers((b":path", b"/")),
    "a content-length in trailers": POST + trailers((b"content-length", b"0")),
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
async def test_a_malformed_request_is_a_stream_error_and_harms_nobody_else(
    connect: Connect, sent: bytes
) -> None:
    async def application(stream: Http3Stream) -> None:
        await echo(stream)

    client = connect(application)
    client.send(POST, data(b"un"), on=4)
    client.send(sent, end=True)
    await client.idle()
    assert client.received().reset == 0x10E
    assert client.close_code is None
    client.send(data(b"harmed"), on=4, end=True)
    await client.idle()
    assert client.received(4) == Received(fields=OK, body=b"unharmed", ended=True)


async def test_a_malformed_request_tells_the_application_that_reads_it(connect: Connect) -> None:
    application = Application(read)
    client = connect(application)
    client.send(LENGTH_5)
    await client.idle()
    client.send(end=True)
    await client.idle()
    assert application.outcomes == [0x10E, COMPLETED]


async def test_a_request_that_turns_out_malformed_after_the_response_wakes_its_reader(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        with pytest.raises(RequestAborted):
            await stream.body.read_chunk()

    client = connect(application)
    client.send(LENGTH_5)
    await client.idle()
    client.send(end=True)
    await client.idle()
    assert client.endings() == ["fin"]
    assert client.is_clean


@pytest.mark.parametrize("sent", [b"", bytes.fromhex("21 03 000000")], ids=["nothing", "unknown"])
async def test_a_stream_that_ends_without_a_request_is_incomplete(
    connect: Connect, sent: bytes
) -> None:
    client = connect(never)
    client.send(sent, end=True)
    assert client.received() == Received(reset=0x10D)
    assert client.close_code is None
    assert client.is_clean


SMALL = Config(date_header=False, server_header=None, max_field_section_size=256)


async def test_a_head_that_is_too_large_is_answered_with_431(connect: Connect) -> None:
    client = connect(never, config=SMALL)
    client.send(request(b"GET", (b"cookie", b"\xff" * 300)), end=True)
    await client.idle()
    assert client.received().fields == [(b":status", b"431"), (b"content-length", b"0")]
    assert client.endings() == ["fin", "stop 0x100"]
    assert client.is_clean


async def test_a_431_that_the_client_has_no_room_for_is_a_reset(connect: Connect) -> None:
    client = connect(never, config=SMALL)
    client.connection.peer._encoder.peer_max_section_size = 41
    client.send(request(b"GET", (b"cookie", b"\xff" * 300)), end=True)
    assert client.endings() == ["reset 0x107", "stop 0x107"]
    assert client.is_clean


async def test_trailers_that_are_too_large_are_a_stream_error(connect: Connect) -> None:
    application = Application(read)
    client = connect(application, config=SMALL)
    client.send(POST)
    await client.idle()
    client.send(trailers((b"x", b"\xff" * 300)), end=True)
    await client.idle()
    assert application.outcomes == [0x107, COMPLETED]
    assert client.endings() == ["reset 0x107", "stop 0x107"]
    assert client.close_code is None


async def test_what_an_inline_reader_cuts_is_not_read_on(connect: Connect) -> None:
    """A reader that runs inside the delivery of its bytes may cut the exchange there."""
    streams = []

    async def application(stream: Http3Stream) -> None:
        streams.append(stream)
        start_inline(cut_at_the_first_byte(stream))
        await stream.wait_closed()

    async def cut_at_the_first_byte(stream: Http3Stream) -> None:
        await stream.body.read_chunk()
        stream.reset(0x77)

    client = connect(application)
    client.send(POST)
    await client.idle()
    client.send(data(b"a") + data(b"b") + data(b"c"), end=True)
    await client.idle()
    assert client.endings() == ["reset 0x77", "stop 0x77"]
    assert not streams[0].body.is_complete


# Nothing is left over


@pytest.mark.parametrize("content", [b"", data(b"x")], ids=["no content", "content"])
@pytest.mark.parametrize("handler", [hello, echo])
async def test_an_exchange_that_is_over_is_free_at_once(handler: Handler, content: bytes) -> None:
    """No circle of references waits for the garbage collector."""
    streams: list[weakref.ref[Http3Stream]] = []

    async def application(stream: Http3Stream) -> None:
        streams.append(weakref.ref(stream))
        await handler(stream)

    client = Client(application)
    gc.collect()
    gc.disable()
    try:
        client.send(EXPECTING if content else GET, content, end=True)
        await client.idle()
        assert [stream() for stream in streams] == [None]
    finally:
        gc.enable()


async def test_an_exchange_that_was_cut_is_free_at_once(cut: Cut) -> None:
    streams: list[weakref.ref[Http3Stream]] = []

    async def application(stream: Http3Stream) -> None:
        streams.append(weakref.ref(stream))
        await echo(stream)

    go, _, _ = cut
    client = Client(application)
    client.send(POST, data(b"x"))
    await client.idle()
    gc.collect()
    gc.disable()
    try:
        go(client)
        await client.idle()
        assert [stream() for stream in streams] == [None]
    finally:
        gc.enable()
