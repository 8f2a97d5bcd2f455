"""What Kestrel's tests say of a response, said of ours; and what of Kestrel we did not port.

The upstream names are those of Http3StreamTests, the ★ ones (5.1 and 5.2 of our reference), and
of a few others that pin the producer. Upstream's "AfterBodyStarted", "BodyWriter" and
"StartAsync" are `write`, the producer and `flush` here.

HelloWorldTest                                  test_hello_world
HEADERS_NoResponseBody_RequestEndsOnHeaders     test_no_response_body_ends_on_headers
FlushPipeAsync_OnStoppedHttp3Stream_ReturnsFlushResultWithIsCompletedTrue
                                                test_a_flush_on_a_stopped_stream_is_completed
FlushPipeAsync_OnCanceledPendingFlush_ReturnsFlushResultWithIsCanceledTrue
                                                test_a_flush_that_was_canceled_is_canceled
CompleteAsync_BeforeBodyStarted_SendsHeadersWithEndStream
                                                test_complete_before_the_body
CompleteAsync_BeforeBodyStarted_WithTrailers_SendsHeadersAndTrailersWithEndStream
                                                test_complete_before_the_body_with_trailers
CompleteAsync_BeforeBodyStarted_WithTrailers_TruncatedContentLength_ThrowsAnd500
                                                test_complete_before_a_truncated_body
CompleteAsync_AfterBodyStarted_SendsBodyWithEndStream
                                                test_complete_after_the_body_started
CompleteAsync_WriteAfterComplete_Throws         test_write_after_complete
CompleteAsync_WriteAgainAfterComplete_Throws    test_write_again_after_complete
CompleteAsync_AdvanceAfterComplete_AdvanceThrows
                                                test_advance_after_complete
CompleteAsync_AfterPipeWrite_WithTrailers_SendsBodyAndTrailersWithEndStream
                                                test_complete_after_an_advance_with_trailers
CompleteAsync_AfterBodyStarted_WithTrailers_SendsBodyAndTrailersWithEndStream
                                                test_complete_after_the_body_with_trailers
CompleteAsync_AfterBodyStarted_WithTrailers_TruncatedContentLength_ThrowsAndReset
                                                test_complete_after_a_truncated_body
PipeWriterComplete_AfterBodyStarted_WithTrailers_TruncatedContentLength_ThrowsAndReset
                                                test_an_application_that_leaves_a_truncated_body
AbortAfterCompleteAsync_GETWithResponseBodyAndTrailers_ResetsAfterResponse
                                                test_abort_after_complete
AbortAfterCompleteAsync_POSTWithResponseBodyAndTrailers_RequestBodyThrows
                                                test_abort_after_complete_and_the_request_body
ResetAfterCompleteAsync_GETWithResponseBodyAndTrailers_ResetsAfterResponse
                                                test_reset_after_complete
ResetAfterCompleteAsync_POSTWithResponseBodyAndTrailers_RequestBodyThrows
                                                test_reset_after_complete_and_the_request_body
ResetStream_ReturnStreamError                   test_reset_with_a_code
GetMemory_AfterAbort_GetsFakeMemory             test_memory_after_an_abort
ApplicationWriteWhenConnectionClosesPreservesMemory
                                                test_memory_from_before_an_abort
PostRequest_ServerReadsPartialAndFinishes_SendsBodyWithEndStream
                                                test_a_request_that_is_read_in_part
EndRequestStream_ContinueReadingFromResponse    test_a_client_that_has_finished_reads_on
SendDataObservesBackpressureFromApp             test_an_upload_waits_for_the_application
RemoveConnectionSpecificHeaders                 test_connection_specific_headers
ResponseTrailers_WithoutData_Sent               test_trailers_without_data
ResponseTrailers_WithData_Sent                  test_trailers_with_data
ResponseTrailers_WithExeption500_Cleared        test_trailers_are_cleared_for_a_500
ResponseTrailers_MultipleStreams_Reset          test_trailers_do_not_leak_to_the_next_response
ResponseHeaders_WithInvalidValuesAndCustomEncoder_AbortsConnection
                                                test_headers_with_invalid_values
ResponseTrailers_WithInvalidValuesAndCustomEncoder_AbortsConnection
                                                test_trailers_with_invalid_values
HEADERS_ExceedsClientMaxFieldSectionSize_ErrorOnServer
                                                test_headers_larger_than_the_client_takes
HEADERS_WriteLargeResponseHeaderSection_Success test_a_large_header_section
HEADERS_WriteLargeResponseHeaderSectionTrailers_Success
                                                test_a_large_trailer_section
Http3QPackEncoderTests                          test_header_encoding
Http3FrameWriterTests                           test_settings_frames
HEADERS_Received_ContainsExpect100Continue_100ContinueSent
                                                test_expect_100_continue
WriteBeforeFlushingHeadersTracksBytesCorrectly  test_unflushed_bytes_before_the_headers_left
WriteAfterFlushingHeadersTracksBytesCorrectly   test_unflushed_bytes_after_the_headers_left
ServerReset_InvalidErrorCode                    test_reset_with_no_code
GET_ClientCancellationAfterResponseHeaders_RequestAbortRaised
                                                test_a_client_that_cancels_after_the_headers
POST_ServerCompletesWithoutReadingRequestBody_ClientGetsResponse
                                                test_a_request_that_is_not_read
"""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

import pytest

from h3producer.errors import LocalProtocolError, RequestAborted
from h3producer.http3 import response_heads
from h3producer.http3.dropped_fields import DroppedFieldLog
from h3producer.pipe.results import COMPLETED, FLUSHED
from h3producer.wire.frames import encode_frame
from h3producer.wire.qpack import FieldSectionEncoder
from h3producer.wire.settings import encode_settings
from tests.http3.harness import GET, HEAD, OK, POST, Received, data, echo, hello, request, section

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream
    from tests.http3.conftest import Connect, LoggedErrors

TRAILER = (b"trailer", b"value")
STATUS_200 = section((b":status", b"200"))
EMPTY = [*OK, (b"content-length", b"0")]


def test_the_list_above_is_true() -> None:
    assert __doc__ is not None
    listed = re.findall(r"test_\w+", __doc__)
    assert [name for name in listed if name not in globals()] == []
    assert len(listed) == len(set(listed))


# The body


async def test_hello_world(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        line = f"{stream.request.method} {stream.request.path.decode()} ".encode()
        content = (await stream.body.read_at_least(5)).buffer.to_bytes()
        stream.response.start(200)
        await stream.response.complete(line + content)

    client = connect(application)
    client.send(request(b"POST", path=b"/echo") + data(b"Hello"), end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"POST /echo Hello", ended=True)


async def test_no_response_body_ends_on_headers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(section(*EMPTY), True)]


async def test_a_flush_on_a_stopped_stream_is_completed(connect: Connect) -> None:
    results = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.reset(0x102)
        results.append(await stream.response.write(b"a"))
        results.append(await stream.output.flush())

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert results == [COMPLETED, COMPLETED]
    assert client.received() == Received(reset=0x102)


async def test_a_flush_that_was_canceled_is_canceled(connect: Connect) -> None:
    """Sticky: the bytes of the canceled write go out, and the next write is normal."""
    canceled = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.output.cancel_pending_flush()
        canceled.append((await stream.response.write(b"one")).is_canceled)
        canceled.append((await stream.response.write(b"two")).is_canceled)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert canceled == [True, False]
    assert client.frames()[1:] == [(0, b"one"), (0, b"two")]


async def test_complete_before_the_body(connect: Connect) -> None:
    """Headers and FIN leave although the application still runs."""
    leave = asyncio.Event()

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete()
        await leave.wait()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=EMPTY, ended=True)
    assert not client.is_clean
    leave.set()
    await client.idle()
    assert client.is_clean


async def test_complete_before_the_body_with_trailers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.response.set_trailers([TRAILER])
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(section(*EMPTY) + section(TRAILER), True)]


async def test_complete_before_a_truncated_body(connect: Connect, errors: LoggedErrors) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"content-length", b"25")])
        stream.response.set_trailers([TRAILER])
        with pytest.raises(LocalProtocolError, match=r"too few bytes written \(0 of 25\)"):
            await stream.response.complete()
        raise ValueError("oops")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().status == 500
    assert client.received().trailers is None
    assert len(errors.take()) == 1


async def test_complete_after_the_body_started(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"Hello World")
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"Hello World", ended=True)


async def test_write_after_complete(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.complete()
        with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
            await stream.response.write(b"2 Hello World")
        with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
            stream.output.get_memory()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=EMPTY, ended=True)


async def test_write_again_after_complete(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"Hello World")
        await stream.response.complete()
        with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
            await stream.response.write(b"2 Hello World")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"Hello World", ended=True)


async def test_advance_after_complete(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.output.get_memory(12)[:11] = b"Hello World"
        await stream.response.complete()
        with pytest.raises(LocalProtocolError, match="Writing is not allowed after writer was"):
            stream.output.advance(11)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=EMPTY, ended=True)


async def test_complete_after_an_advance_with_trailers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        stream.output.get_memory(12)[:11] = b"Hello World"
        stream.output.advance(11)
        stream.response.set_trailers([TRAILER])
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends()[1:] == [(data(b"Hello World") + section(TRAILER), True)]


async def test_complete_after_the_body_with_trailers(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"Hello World")
        stream.response.set_trailers([TRAILER])
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends()[1:] == [(section(TRAILER), True)]


async def test_complete_after_a_truncated_body(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"content-length", b"25")])
        await stream.response.write(b"Hello World")
        stream.response.set_trailers([TRAILER])
        with pytest.raises(LocalProtocolError, match=r"too few bytes written \(11 of 25\)"):
            await stream.response.complete()
        stream.reset(0x102)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().reset == 0x102
    assert client.received().trailers is None


async def test_an_application_that_leaves_a_truncated_body(
    connect: Connect, errors: LoggedErrors
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"content-length", b"25")])
        await stream.response.write(b"Hello World")
        stream.response.set_trailers([TRAILER])
        stream.output.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().reset == 0x102
    assert not client.received().ended
    assert len(errors.take()) == 1


# Aborts and resets by the application


async def check_reset_after_complete(connect: Connect, error_code: int, sent: bytes) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"Hello World")
        stream.response.set_trailers([TRAILER])
        await stream.response.complete()
        stream.reset(error_code)
        if sent is POST:
            with pytest.raises(RequestAborted):
                await stream.body.read_chunk()

    client = connect(application)
    client.send(sent, end=sent is GET)
    await client.idle()
    received = client.received()
    assert (received.body, received.trailers) == (b"Hello World", [TRAILER])
    assert (received.ended, received.reset) == (True, None)
    assert received.stopped == (None if sent is GET else error_code)


async def test_abort_after_complete(connect: Connect) -> None:
    """A departure: upstream puts a RESET_STREAM behind the FIN.

    On a real network it may overtake a response that the application knows to be complete, and
    drop it. Each response of ours ends once.
    """
    await check_reset_after_complete(connect, 0x102, GET)


async def test_abort_after_complete_and_the_request_body(connect: Connect) -> None:
    await check_reset_after_complete(connect, 0x102, POST)


async def test_reset_after_complete(connect: Connect) -> None:
    """A departure, as `test_abort_after_complete`."""
    await check_reset_after_complete(connect, 0x10B, GET)


async def test_reset_after_complete_and_the_request_body(connect: Connect) -> None:
    await check_reset_after_complete(connect, 0x10B, POST)


async def test_reset_with_a_code(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.reset(0x10C)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x10C)


async def test_reset_with_no_code(connect: Connect, errors: LoggedErrors) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.reset(-1)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().status == 500
    assert "An error code is in 0..2^62-1, which -1 is not." in errors.take()[0]


@pytest.mark.parametrize("size", [1000, 4096, 8000])
async def test_memory_after_an_abort(connect: Connect, size: int) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.reset(0x102)
        memory = stream.output.get_memory(size)
        assert len(memory) >= size
        memory[:size] = bytes(size)
        stream.output.advance(size)
        assert await stream.output.flush() is COMPLETED
        await stream.response.complete()
        stream.output.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)


async def test_memory_from_before_an_abort(connect: Connect) -> None:
    """The block of a stopped response is nobody else's until its application has left."""
    memories = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        memory = stream.output.get_memory(4096)
        memory[:4] = b"%4d" % stream.stream_id
        await stream.wait_closed()
        assert bytes(memory[:4]) == b"%4d" % stream.stream_id
        memories.append(memory)

    client = connect(application)
    client.send(GET, on=0)
    client.send(GET, on=4)
    await client.idle()
    client.reset(on=0)
    client.send(GET, on=8)
    await client.idle()
    client.lose()
    await client.idle()
    assert len(memories) == 3


# The request body


async def test_a_request_that_is_read_in_part(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        buffer = (await stream.body.read_at_least(3)).buffer
        stream.body.advance_to(buffer.get_position(3))
        stream.response.start(200)
        await stream.response.complete(b"enough")

    client = connect(application)
    client.send(POST, data(b"hello"))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"enough", ended=True, stopped=0x100)
    assert client.endings() == ["fin", "stop 0x100"]


async def test_a_request_that_is_not_read(connect: Connect) -> None:
    client = connect(hello)
    client.send(POST, data(bytes(1000)))
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True, stopped=0x100)


async def test_a_client_that_has_finished_reads_on(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        assert await stream.body.read_chunk() == b""
        stream.response.start(200)
        for _ in range(3):
            await stream.response.write(b"more")
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"more" * 3, ended=True)


async def test_an_upload_waits_for_the_application(connect: Connect) -> None:
    """Upstream holds it back with a pipe of 64 KiB, we with flow control: no credit comes."""
    read = asyncio.Event()

    async def application(stream: Http3Stream) -> None:
        await read.wait()
        await echo(stream)

    client = connect(application)
    client.send(POST)
    await client.idle()
    head = client.transport.granted[0]
    client.send(data(bytes(5000)))
    await client.idle()
    assert client.transport.granted[0] - head == 3
    read.set()
    await client.idle()
    assert client.transport.granted[0] - head == 5003


async def test_expect_100_continue(connect: Connect) -> None:
    client = connect(echo)
    client.send(request(b"POST", (b"expect", b"100-continue")))
    await client.idle()
    assert client.transport.sent(0) == bytes.fromhex("01 04 0000 ff00")
    client.send(data(b"hello"), end=True)
    await client.idle()
    assert client.received().body == b"hello"


async def test_a_client_that_cancels_after_the_headers(connect: Connect) -> None:
    """Noticed although the request was read to its end: issue 36017."""
    seen = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        await stream.wait_closed()
        seen.append(stream.error_code)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    client.stop(0x10C)
    await client.idle()
    assert seen == [0x10C]


# Headers and trailers


async def test_connection_specific_headers(
    connect: Connect, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each name is warned of once in a process: here for the first time.
    monkeypatch.setattr(response_heads, "DROPPED_FIELDS", DroppedFieldLog())

    async def application(stream: Http3Stream) -> None:
        names = [b"connection", b"transfer-encoding", b"keep-alive", b"upgrade"]
        stream.response.start(200, [(name, b"x") for name in [*names, b"proxy-connection"]])
        await stream.response.complete(b"Hello World")

    client = connect(application)
    with caplog.at_level(logging.WARNING, "h3producer"):
        client.send(GET, end=True)
        await client.idle()
    assert client.received().fields == OK
    assert "transfer-encoding" in caplog.text


async def test_trailers_without_data(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        stream.response.set_trailers([TRAILER])
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(STATUS_200, False), (section(TRAILER), True)]


async def test_trailers_with_data(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.response.set_trailers([TRAILER])
        await stream.response.complete(b"Hello World")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(STATUS_200 + data(b"Hello World") + section(TRAILER), True)]


async def test_trailers_are_cleared_for_a_500(connect: Connect, errors: LoggedErrors) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.set_trailers([TRAILER])
        raise NotImplementedError("Test Exception")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().status == 500
    assert client.received().trailers is None
    assert len(errors.take()) == 1


async def test_trailers_do_not_leak_to_the_next_response(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        if stream.stream_id == 0:
            stream.response.set_trailers([TRAILER])
        await stream.response.complete()

    client = connect(application)
    for stream_id in (0, 4):
        client.send(GET, on=stream_id, end=True)
        await client.idle()
    assert client.received(0).trailers == [TRAILER]
    assert client.received(4).trailers is None


@pytest.mark.parametrize("value", [b"Custom \r\n Value", b"Custom \0 Value"])
async def test_headers_with_invalid_values(
    connect: Connect, errors: LoggedErrors, value: bytes
) -> None:
    """A departure: refused when they are set, so there is still room for a 500."""

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"custom", value)])

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().status == 500
    assert "LocalProtocolError" in errors.take()[0]


@pytest.mark.parametrize("value", [b"Custom \r\n Value", b"Custom \0 Value"])
async def test_trailers_with_invalid_values(
    connect: Connect, errors: LoggedErrors, value: bytes
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.write(b"Hello World")
        stream.response.set_trailers([(b"custom", value)])

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"Hello World", reset=0x102)
    assert "LocalProtocolError" in errors.take()[0]


LIMIT_100 = bytes.fromhex("00 04 03 06 4064")
"""A control stream with SETTINGS_MAX_FIELD_SECTION_SIZE 100."""


async def test_headers_larger_than_the_client_takes(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"x", bytes(100).hex().encode())])
        with pytest.raises(LocalProtocolError, match="exceeds the limit"):
            await stream.response.complete(b"Hello World")

    client = connect(application)
    client.send(LIMIT_100, on=2)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)


LARGE = [(b"x-%d" % i, b"a" * 6144) for i in range(10)]


async def test_a_large_header_section(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, LARGE)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(
        fields=[*OK, *LARGE, (b"content-length", b"0")], ended=True
    )


async def test_a_large_trailer_section(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.response.set_trailers(LARGE)
        await stream.response.complete(b"Hello World")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"Hello World", trailers=LARGE, ended=True)


@pytest.mark.parametrize(
    ("fields", "encoded"),
    [
        ([(b":status", b"200")], "0000 d9"),
        ([(b":status", b"100")], "0000 ff00"),
        ([(b":status", b"200"), (b"content-type", b"application/json")], "0000 d9 ee"),
    ],
)
def test_header_encoding(fields: list[tuple[bytes, bytes]], encoded: str) -> None:
    """The static table alone; we use Huffman codes where they are shorter, upstream never."""
    assert FieldSectionEncoder().encode(fields) == bytes.fromhex(encoded)


@pytest.mark.parametrize(
    ("settings", "frame"), [({}, "04 00"), ({0x06: 32768}, "04 05 06 80008000")]
)
def test_settings_frames(settings: dict[int, int], frame: str) -> None:
    assert encode_frame(0x04, encode_settings(settings)) == bytes.fromhex(frame)


# Unflushed bytes


async def test_unflushed_bytes_before_the_headers_left(connect: Connect) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        stream.output.write_response_headers(OK)
        for word in (b"Hello", b"World"):
            stream.output.write(word)
            seen.append(stream.output.unflushed_bytes)
        await stream.output.flush()
        seen.append(stream.output.unflushed_bytes)
        await stream.output.write_stream_suffix()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert seen == [5, 10, 0]
    assert client.frames()[1:] == [(0, b"HelloWorld")]


async def test_unflushed_bytes_after_the_headers_left(connect: Connect) -> None:
    seen = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        stream.output.get_memory(5)
        stream.output.advance(5)
        seen.append(stream.output.unflushed_bytes)
        await stream.response.flush()
        seen.append(stream.output.unflushed_bytes)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert seen == [5, 0]


# What we did not port: the numbers are those of 1.9 of our reference


async def test_1_data_that_is_left_at_the_end_is_sent(connect: Connect) -> None:
    """Upstream loses it, and says FIN all the same."""

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        await stream.response.flush()
        stream.output.get_memory(5)[:5] = b"Hello"
        stream.output.advance(5)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"Hello", ended=True)


async def test_1_writes_that_nobody_waited_for_are_sent_at_the_end(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        writes = [asyncio.ensure_future(stream.response.write(b"one"))]
        await asyncio.sleep(0)
        stream.output.write(b"two")
        await stream.response.complete(b"three")
        await asyncio.gather(*writes)

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.transport.unblock(0)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"onetwothree", ended=True)


@pytest.mark.parametrize(("sent", "status"), [(HEAD, 200), (GET, 204), (GET, 304)])
async def test_2_a_response_without_a_body_has_no_data(
    connect: Connect, sent: bytes, status: int
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(status)
        await stream.response.flush()
        stream.output.get_memory(5)
        stream.output.advance(5)
        await stream.response.complete()

    client = connect(application)
    client.send(sent, end=True)
    await client.idle()
    assert client.received() == Received(fields=[(b":status", b"%d" % status)], ended=True)


@pytest.mark.parametrize("discard", [True, False])
async def test_2_memory_filled_before_the_headers_follows_them_or_is_dropped(
    connect: Connect, discard: bool
) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.get_memory(5)[:5] = b"hello"
        stream.output.advance(5)
        stream.output.write_response_headers(OK, discard_data=discard)
        await stream.output.write_stream_suffix()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"" if discard else b"hello", ended=True)


async def test_2_data_without_headers_is_never_sent(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.output.get_memory(5)
        stream.output.advance(5)
        with pytest.raises(LocalProtocolError):
            await stream.output.flush()
        stream.reset(0x102)

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)


async def test_3_an_empty_write_sends_the_headers_and_is_not_completed(connect: Connect) -> None:
    results: list[object] = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        results.append(await stream.response.write(b""))
        results.append(stream.output.awaits_headers)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert results == [FLUSHED, False]
    assert client.sends() == [(STATUS_200, False), (b"", True)]


async def test_3a_advance_0_does_not_keep_the_headers_back(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.output.get_memory()
        stream.output.advance(0)
        await stream.response.flush()
        await stream.wait_closed()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.sends() == [(STATUS_200, False)]


async def test_3b_a_cancel_reaches_a_flush_of_headers_alone(connect: Connect) -> None:
    canceled = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        stream.output.cancel_pending_flush()
        canceled.append((await stream.response.flush()).is_canceled)
        canceled.append((await stream.response.write(b"x")).is_canceled)
        await stream.response.complete()

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert canceled == [True, False]


async def test_4_a_flush_that_waited_has_its_flags(connect: Connect) -> None:
    results = []

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200)
        results.append((await stream.response.write(b"x")).is_canceled)
        await stream.response.complete()

    client = connect(application)
    client.transport.block(0)
    client.send(GET, end=True)
    await client.idle()
    client.connection.streams[0].output.cancel_pending_flush()
    await client.idle()
    assert results == [True]
    client.transport.unblock(0)


async def test_5_headers_that_cannot_be_encoded_reset_with_internal_error(
    connect: Connect,
) -> None:
    """Upstream resets with code 0 on a real network."""

    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"x", b"y" * 100)])
        await stream.response.flush()

    client = connect(application)
    client.send(LIMIT_100, on=2)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(reset=0x102)


async def test_6_one_field_may_be_as_large_as_it_likes(connect: Connect) -> None:
    async def application(stream: Http3Stream) -> None:
        stream.response.start(200, [(b"x", b"y" * 60_000)])
        stream.response.set_trailers([(b"z", b"y" * 60_000)])
        await stream.response.complete(b"Hello")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received().fields[1] == (b"x", b"y" * 60_000)
    assert client.received().trailers == [(b"z", b"y" * 60_000)]


async def test_7_a_limit_of_2_to_the_32_is_none(connect: Connect) -> None:
    client = connect(hello)
    client.send(bytes.fromhex("00 04 09 06 c000000100000000"), on=2)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)


async def test_8_the_first_goaway_has_the_id_of_a_request_stream(connect: Connect) -> None:
    client = connect(echo)
    client.send(POST)
    await client.idle()
    client.connection.shutdown()
    assert client.transport.sent(3).endswith(b"\x07\x08\xff\xff\xff\xff\xff\xff\xff\xfc")


@pytest.mark.parametrize("sent", [GET[:-1], POST + data(b"hello")[:-1]], ids=["HEADERS", "DATA"])
async def test_9_an_end_in_the_middle_of_a_frame_is_a_frame_error(
    connect: Connect, sent: bytes
) -> None:
    client = connect(echo)
    client.send(sent, end=True)
    assert client.close_code == 0x106


LENGTH_5 = request(b"POST", (b"content-length", b"5"))


@pytest.mark.parametrize(
    ("sent", "reset", "close"),
    [
        (LENGTH_5 + data(b"hell"), 0x10E, None),
        (request(b"GET", path=b"relative"), 0x10E, None),
        (request(b"G T"), 0x10E, None),
        (b"\x01\x03\x00\x00\xff", None, 0x200),
    ],
    ids=["content-length", "path", "method", "QPACK"],
)
async def test_10_the_codes_are_those_of_the_rfc(
    connect: Connect, sent: bytes, reset: int | None, close: int | None
) -> None:
    client = connect(echo)
    client.send(sent, end=True)
    await client.idle()
    assert (client.received().reset, client.close_code) == (reset, close)


async def test_11_a_task_that_was_cancelled_before_cannot_write_after_the_end(
    connect: Connect,
) -> None:
    """There is no token to ask first: a cancelled task never gets to the call."""

    async def application(stream: Http3Stream) -> None:
        await hello(stream)
        write = asyncio.ensure_future(stream.response.write(b"x"))
        write.cancel()
        with pytest.raises(asyncio.CancelledError):
            await write
        with pytest.raises(LocalProtocolError):
            await stream.response.write(b"x")

    client = connect(application)
    client.send(GET, end=True)
    await client.idle()
    assert client.received() == Received(fields=OK, body=b"hello", ended=True)
