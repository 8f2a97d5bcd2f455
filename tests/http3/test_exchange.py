"""Endings that the server decides on: an answer in the application's place, or a reset.

What the world does to an exchange, and what the application does, is in `test_stream.py`.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, RequestAborted
from tests.http3.harness import (
    CONFIG,
    GET,
    OK,
    POST,
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
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect

TEN_BYTES = replace(CONFIG, max_request_body_size=10)
FOUR_FIELDS = replace(CONFIG, max_fields=4)
QUICK = replace(CONFIG, request_head_timeout=5)


def refused(status: int) -> Received:
    """A response of ours, behind which the client is asked to send no more."""
    fields = [(b":status", b"%d" % status), (b"content-length", b"0")]
    return Received(fields=fields, ended=True, stopped=ErrorCode.H3_NO_ERROR)


class Notes:
    """An application that reads, and notes how that ended and what its response came to."""

    def __init__(self, *, begins: bool = False, answers: bool = False) -> None:
        self.begins = begins
        self.answers = answers
        self.read: list[bytes] = []
        self.error: RequestAborted | None = None
        self.code: int | None = None

    async def __call__(self, stream: Http3Stream) -> None:
        if self.begins:
            stream.response.start(200)
            await stream.response.flush()
        try:
            while chunk := await stream.body.read_chunk():
                self.read.append(chunk)
        except RequestAborted as error:
            self.error = error
            self.code = stream.error_code
            if self.answers:
                stream.response.start(202)
                await stream.response.complete(b"accepted")
            raise


# 431: more headers than we take (the bounds themselves: test_request_reader.py)


async def test_a_head_with_too_many_fields_is_answered_431(connect: Connect) -> None:
    client = connect(never, config=FOUR_FIELDS)
    client.send(request(b"GET", (b"x", b"")))
    assert client.received() == refused(431)
    assert client.is_clean


async def test_trailers_with_too_many_fields_end_an_application_that_is_at_work(
    connect: Connect,
) -> None:
    client = connect(notes := Notes(), config=FOUR_FIELDS)
    client.send(POST, data(b"x"))
    await client.idle()
    client.send(trailers(*[(b"x", b"")] * 5))
    await client.idle()
    assert client.endings() == ["reset 0x107", "stop 0x107"]
    assert notes.code == ErrorCode.H3_EXCESSIVE_LOAD


async def test_refused_requests_are_refused_within_bounds(connect: Connect) -> None:
    config = replace(CONFIG, max_fields=4, max_resets_per_second=1)
    client = connect(never, config=config)
    for number in range(10):
        client.send(request(b"GET", (b"x", b"")), on=4 * number)
    assert client.close_code is None
    client.send(request(b"GET", (b"x", b"")), on=40)
    assert client.close_code == ErrorCode.H3_EXCESSIVE_LOAD


# 413: more content than we take


async def test_a_body_of_just_the_bound_is_taken(connect: Connect) -> None:
    client = connect(echo, config=TEN_BYTES)
    client.send(request(b"POST", (b"content-length", b"10")), data(b"0123456789"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"0123456789", ended=True)


async def test_a_body_that_says_that_it_is_larger_is_refused_before_it_comes(
    connect: Connect,
) -> None:
    client = connect(never, config=TEN_BYTES)
    client.send(request(b"POST", (b"content-length", b"11")))
    assert client.received() == refused(413)
    assert client.is_clean


async def test_a_client_that_waits_to_be_told_to_go_on_is_told_413(connect: Connect) -> None:
    client = connect(never, config=TEN_BYTES)
    client.send(request(b"POST", (b"content-length", b"11"), (b"expect", b"100-continue")))
    assert client.received() == refused(413)


async def test_a_body_that_turns_out_to_be_larger_is_answered_413(connect: Connect) -> None:
    client = connect(notes := Notes(), config=TEN_BYTES)
    client.send(POST, data(b"0123456789"))
    await client.idle()
    assert b"".join(notes.read) == b"0123456789"
    client.send(data(b"!"))
    await client.idle()
    assert client.received() == refused(413)
    assert str(notes.error) == "The request body has more than 10 bytes."
    assert notes.code == ErrorCode.H3_EXCESSIVE_LOAD
    assert client.is_clean


async def test_what_the_application_answers_to_a_body_that_was_refused_is_dropped(
    connect: Connect,
) -> None:
    client = connect(Notes(answers=True), config=TEN_BYTES)
    client.send(POST, data(b"0123456789!"))
    await client.idle()
    assert client.received() == refused(413)


async def test_an_application_that_does_not_read_does_not_keep_a_body_from_being_refused(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        await stream.wait_closed()

    client = connect(application, config=TEN_BYTES)
    client.send(POST, data(b"0123456789!"))
    await client.idle()
    assert client.received() == refused(413)


async def test_a_body_that_is_too_large_for_a_response_that_has_begun_resets_it(
    connect: Connect,
) -> None:
    client = connect(notes := Notes(begins=True), config=TEN_BYTES)
    client.send(POST)
    await client.idle()
    client.send(data(b"0123456789!"))
    await client.idle()
    assert client.received() == Received(fields=OK, reset=0x107, stopped=0x107)
    assert notes.code == ErrorCode.H3_EXCESSIVE_LOAD


async def test_without_a_bound_any_body_is_taken(connect: Connect) -> None:
    client = connect(echo, config=replace(CONFIG, max_request_body_size=None))
    length = b"999999999999"
    client.send(request(b"POST", (b"content-length", length)), data(b"x"))
    await client.idle()
    assert client.received().body == b"x"


# The head of a request has a time


async def test_a_head_that_does_not_come_is_rejected(connect: Connect) -> None:
    client = connect(never, config=QUICK)
    client.send(GET[:5])
    client.pass_time(6)
    assert client.is_clean is False
    client.pass_time(1)
    assert client.endings() == ["reset 0x10b", "stop 0x10b"]
    assert client.is_clean


async def test_a_head_that_drips_in_has_no_more_time_than_one_that_does_not(
    connect: Connect,
) -> None:
    client = connect(never, config=QUICK)
    for octet in range(7):
        client.send(GET[octet : octet + 1])
        client.pass_time(1)
    assert client.received().reset == ErrorCode.H3_REQUEST_REJECTED


async def test_a_head_in_time_may_have_a_body_that_takes_longer(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        await asyncio.get_running_loop().create_future()

    client = connect(application, config=QUICK)
    client.send(POST)
    client.pass_time(1000)
    assert client.received() == Received()


# A body has to come while somebody waits for it


async def test_a_body_that_does_not_come_is_answered_408(connect: Connect) -> None:
    client = connect(notes := Notes())
    client.send(POST, data(b"x"))
    await client.idle()
    client.pass_time(6)
    await client.idle()
    assert not client.is_clean
    client.pass_time(1)
    await client.idle()
    assert client.received() == refused(408)
    assert str(notes.error) == "The request body came too slowly."
    assert notes.code == ErrorCode.H3_REQUEST_CANCELLED


async def test_a_body_that_comes_quickly_enough_may_take_its_time(connect: Connect) -> None:
    client = connect(Notes())
    client.send(POST)
    for _ in range(60):
        client.send(data(b"x" * 240))
        await client.idle()
        client.pass_time(1)
    assert client.received() == Received()


async def test_a_body_that_comes_too_slowly_for_a_response_that_has_begun_resets_it(
    connect: Connect,
) -> None:
    client = connect(Notes(begins=True))
    client.send(POST)
    await client.idle()
    client.pass_time(7)
    await client.idle()
    assert client.received() == Received(fields=OK, reset=0x10C, stopped=0x10C)


async def test_a_body_that_nobody_waits_for_may_take_for_ever(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        await asyncio.get_running_loop().create_future()

    client = connect(application)
    client.send(POST, data(b"x"))
    await client.idle()
    client.pass_time(1000)
    assert client.received() == Received()


async def test_trailers_that_never_come_count_as_a_body_that_does_not(connect: Connect) -> None:
    """dotnet/aspnetcore#66249: the header timeout does not cover them."""
    client = connect(Notes())
    client.send(POST, data(b"x"), section((b"checksum", b"1"))[:3])
    await client.idle()
    client.pass_time(7)
    await client.idle()
    assert client.received() == refused(408)


# A response has to be taken


async def streams_for_ever(stream: Http3Stream) -> None:
    stream.response.start(200)
    while not (await stream.response.write(b"x" * 1000)).is_completed:
        pass


async def test_a_response_that_is_not_taken_is_reset(connect: Connect) -> None:
    client = connect(streams_for_ever)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(6)
    assert client.received().reset is None
    client.pass_time(1)
    await client.idle()
    assert client.received().reset == ErrorCode.H3_REQUEST_CANCELLED
    assert client.is_clean


async def test_a_response_that_is_taken_at_the_minimum_rate_goes_on(connect: Connect) -> None:
    client = connect(streams_for_ever)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    for _ in range(60):
        client.transport.take(0, 500)
        if not client.transport.progress(0).unsent:
            client.transport.unblock(0)
            client.transport.block(0)
        await client.idle()
        client.pass_time(1)
    assert client.received().reset is None


async def test_a_response_that_waits_for_its_application_may_take_for_ever(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"event")
        await asyncio.get_running_loop().create_future()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(1000)
    assert client.received() == Received(fields=OK, body=b"event")


async def test_an_application_whose_client_does_not_read_hears_of_it(connect: Connect) -> None:
    heard: list[object] = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        result = await stream.response.write(b"x")
        heard.append((result.is_completed, stream.error_code))

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(7)
    await client.idle()
    assert heard == [(True, ErrorCode.H3_REQUEST_CANCELLED)]


async def test_a_whole_response_that_is_not_taken_is_reset_in_the_end(connect: Connect) -> None:
    """Upstream: ResponseDrain_SlowerThanMinimumDataRate, but it costs the stream alone."""
    client = connect(hello)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    assert client.is_clean
    client.pass_time(6)
    assert client.endings() == ["fin"]
    client.pass_time(1)
    assert client.endings() == ["fin", "reset 0x10c"]
    client.pass_time(100)
    assert client.endings() == ["fin", "reset 0x10c"]


async def test_a_whole_response_is_given_up_while_its_application_is_still_at_work(
    connect: Connect,
) -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        await asyncio.get_running_loop().create_future()

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(7)
    assert client.endings() == ["fin", "reset 0x10c"]


async def test_a_whole_response_that_is_taken_in_time_stays_whole(connect: Connect) -> None:
    client = connect(hello)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.pass_time(4)
    client.transport.unblock(0)
    client.pass_time(100)
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)
