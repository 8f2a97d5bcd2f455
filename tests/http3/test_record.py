"""What is noted of an exchange: its times, its bytes, how it ended, and by whom.

That each exchange ends its record, and once, is looked at behind every test of this folder.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import ErrorCode
from h3producer.http3.cause import Cause, Party
from tests.fakes import RecordingWatch
from tests.http3.harness import CONFIG, GET, HEAD, POST, Client, data, echo, hello, never, request
from tests.http3.test_exchange import streams_for_ever

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.http3.record import ExchangeRecord
    from h3producer.http3.stream import Handler, Http3Stream
    from tests.http3.conftest import LoggedErrors


class Watched:
    """A client whose exchanges are watched."""

    def __init__(self, handler: Handler, config: Config = CONFIG, *, early: bool = False) -> None:
        self.watch = RecordingWatch()
        self.client = Client(handler, config=config, watch=self.watch, early=early)

    @property
    def record(self) -> ExchangeRecord:
        """That of the only exchange, which is over."""
        (record,) = self.watch.ended
        return record

    async def get(self, what: bytes = GET) -> ExchangeRecord:
        """The record of one request, from its first byte to its last."""
        self.client.send(what, end=True)
        await self.client.idle()
        return self.record


async def test_a_normal_exchange_is_whole_and_has_no_cause() -> None:
    record = await Watched(hello).get()
    assert record.is_whole
    assert (record.cause, record.error_code) == (None, None)
    assert record.request is not None
    assert record.request.method == "GET"
    assert (record.stream_id, record.status, record.is_early, record.is_probe) == (
        0,
        200,
        False,
        False,
    )


async def test_both_contents_are_counted() -> None:
    watched = Watched(echo)
    watched.client.send(POST, data(b"hello"), data(b"you"), end=True)
    await watched.client.idle()
    assert (watched.record.request_bytes, watched.record.response_bytes) == (8, 8)


async def test_content_that_head_leaves_out_is_not_counted() -> None:
    assert (await Watched(hello).get(HEAD)).response_bytes == 0


async def test_the_times_are_those_of_the_first_byte_the_headers_and_the_end() -> None:
    async def application(stream: Http3Stream) -> None:
        watched.watch.time = 3.0
        stream.response.start(200)
        await stream.response.flush()
        watched.watch.time = 5.0
        await stream.response.complete()
        watched.watch.time = 9.0

    watched = Watched(application)
    watched.watch.time = 1.0
    watched.client.send(GET[:4])
    watched.watch.time = 2.0
    watched.client.send(GET[4:], end=True)
    await watched.client.idle()
    assert (watched.record.began, watched.record.answered, watched.record.ended) == (1.0, 3.0, 5.0)


async def test_interim_responses_are_no_answer() -> None:
    async def application(stream: Http3Stream) -> None:
        await stream.response.send_informational(103)
        watched.watch.time = 1.0
        await hello(stream)

    watched = Watched(application)
    assert (await watched.get()).answered == 1.0


async def test_a_handler_that_drives_the_output_itself_has_a_status() -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.write_response_headers([(b":status", b"418")])
        await stream.output.write_stream_suffix()

    record = await Watched(application).get()
    assert (record.status, record.is_whole) == (418, True)


async def test_an_exchange_is_over_although_its_handler_goes_on() -> None:
    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        assert watched.record.is_whole

    watched = Watched(application)
    await watched.get()


# By the client


async def test_a_client_resets_its_request() -> None:
    watched = Watched(echo)
    watched.client.send(POST)
    watched.client.reset(0x1234)
    await watched.client.idle()
    record = watched.record
    assert (record.cause, record.error_code) == (Cause.CLIENT_RESET, 0x1234)
    assert not record.is_whole
    assert record.request is not None


async def test_a_client_resets_its_request_before_its_head_has_come() -> None:
    watched = Watched(never)
    watched.client.send(POST[:4])
    watched.client.reset()
    assert (watched.record.cause, watched.record.request) == (Cause.CLIENT_RESET, None)


async def test_a_client_stops_its_response() -> None:
    watched = Watched(streams_for_ever)
    watched.client.transport.block(0)
    watched.client.send(GET, end=True)
    await watched.client.idle()
    watched.client.stop()
    assert (watched.record.cause, watched.record.status) == (Cause.CLIENT_STOP, 200)


async def test_a_connection_is_lost_under_its_exchanges() -> None:
    watched = Watched(echo)
    watched.client.send(POST)
    watched.client.lose(ErrorCode.H3_NO_ERROR)
    assert (watched.record.cause, watched.record.error_code) == (
        Cause.CONNECTION_LOST,
        ErrorCode.H3_NO_ERROR,
    )


async def test_what_is_cut_behind_the_response_went_well() -> None:
    watched = Watched(hello)
    watched.client.send(POST)
    await watched.client.idle()
    watched.client.reset()
    assert (watched.record.is_whole, watched.record.cause) == (True, None)


# By the application


async def test_an_application_resets_its_exchange() -> None:
    async def application(stream: Http3Stream) -> None:
        stream.reset(0x77)

    record = await Watched(application).get()
    assert (record.cause, record.error_code, record.status) == (
        Cause.APPLICATION_RESET,
        0x77,
        None,
    )


async def test_an_application_that_raises_is_the_cause_of_a_500(errors: LoggedErrors) -> None:
    async def application(stream: Http3Stream) -> None:
        raise RuntimeError("boom")

    record = await Watched(application).get()
    assert errors.take()
    assert (record.cause, record.status, record.is_whole) == (Cause.APPLICATION_ERROR, 500, True)


async def test_an_application_that_raises_too_late_is_the_cause_of_a_reset(
    errors: LoggedErrors,
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"he")
        raise RuntimeError("boom")

    record = await Watched(application).get()
    assert errors.take()
    assert (record.cause, record.status, record.is_whole) == (Cause.APPLICATION_ERROR, 200, False)
    assert (record.error_code, record.response_bytes) == (ErrorCode.H3_INTERNAL_ERROR, 2)


async def test_an_application_is_canceled() -> None:
    async def application(stream: Http3Stream) -> None:
        stream._task.cancel()  # type: ignore[union-attr]  # it runs
        await stream.wait_closed()

    record = await Watched(application).get()
    assert (record.cause, record.error_code) == (
        Cause.APPLICATION_CANCELED,
        ErrorCode.H3_INTERNAL_ERROR,
    )


# By the server


async def test_a_malformed_request_is_the_servers_reset() -> None:
    record = await Watched(never).get(request(b"GET", (b"connection", b"close")))
    assert (record.cause, record.error_code) == (
        Cause.MALFORMED_REQUEST,
        ErrorCode.H3_MESSAGE_ERROR,
    )
    assert record.request is None


async def test_what_comes_after_goaway_is_rejected() -> None:
    watched = Watched(echo)
    watched.client.send(POST)
    watched.client.connection.shutdown()
    watched.client.send(GET, end=True, on=4)
    assert watched.watch.rejected == [4]
    await watched.client.check()


@pytest.mark.parametrize("cause", [each for each in Cause if each.party is Party.LIMIT])
def test_limits_have_the_names_of_settings(cause: Cause) -> None:
    if cause is not Cause.MAX_WEBTRANSPORT_STREAMS:
        assert hasattr(CONFIG, cause.label)


async def test_a_head_that_is_too_large_is_refused_by_a_limit() -> None:
    many = [(b"x-%d" % number, b"") for number in range(200)]
    record = await Watched(never).get(request(b"GET", *many))
    assert (record.cause, record.status) == (Cause.MAX_FIELD_SECTION_SIZE, 431)
    assert (record.is_whole, record.request, record.answered) == (True, None, record.ended)


async def test_content_that_is_too_large_is_refused_by_a_limit() -> None:
    watched = Watched(never, replace(CONFIG, max_request_body_size=3))
    record = await watched.get(request(b"POST", (b"content-length", b"4")))
    assert (record.cause, record.status) == (Cause.MAX_REQUEST_BODY_SIZE, 413)
    assert record.is_whole
    assert record.request is not None


async def test_a_head_that_does_not_come_is_reset_by_a_limit() -> None:
    watched = Watched(never)
    watched.client.send(GET[:4])
    watched.client.pass_time(CONFIG.request_head_timeout + 2)
    assert (watched.record.cause, watched.record.error_code) == (
        Cause.REQUEST_HEAD_TIMEOUT,
        ErrorCode.H3_REQUEST_REJECTED,
    )


async def test_a_body_that_does_not_come_is_refused_by_a_limit() -> None:
    watched = Watched(echoes_one_piece)
    watched.client.send(POST)
    await watched.client.idle()
    watched.client.pass_time(CONFIG.data_rate_grace + 2)
    assert (watched.record.cause, watched.record.status) == (Cause.MIN_REQUEST_DATA_RATE, 408)


async def echoes_one_piece(stream: Http3Stream) -> None:
    body = await stream.body.read_chunk()
    stream.response.start(200)
    await stream.response.complete(body)


async def test_a_response_that_is_not_taken_is_reset_by_a_limit() -> None:
    watched = Watched(streams_for_ever)
    watched.client.transport.block(0)
    watched.client.send(GET, end=True)
    await watched.client.idle()
    watched.client.pass_time(CONFIG.data_rate_grace + 2)
    assert (watched.record.cause, watched.record.status) == (Cause.MIN_RESPONSE_DATA_RATE, 200)


async def test_a_response_that_was_handed_over_and_is_not_taken_is_given_up() -> None:
    watched = Watched(hello)
    watched.client.transport.block(0)
    await watched.get()
    assert watched.record.is_whole
    watched.client.pass_time(CONFIG.data_rate_grace + 2)
    assert watched.watch.given_up == 1


async def test_early_data_says_so() -> None:
    record = await Watched(hello, early=True).get()
    assert record.is_early


async def test_a_request_that_is_cut_while_it_waits_for_the_handshake_is_noted() -> None:
    watched = Watched(never, early=True)
    watched.client.send(POST)
    await watched.client.idle()
    watched.client.reset()
    assert watched.record.cause is Cause.CLIENT_RESET


async def test_nobody_watches_by_default() -> None:
    async def application(stream: Http3Stream) -> None:
        seen.append(stream.record)
        await hello(stream)

    seen: list[ExchangeRecord | None] = []
    client = Client(application)
    client.send(GET, end=True)
    await client.idle()
    assert seen == [None]
