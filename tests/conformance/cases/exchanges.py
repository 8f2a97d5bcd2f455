"""Whole exchanges: how requests and responses end, and that they do not wait for each other.

This file knows rows 92 to 101, 103 and 104 (RFC 9114 §4.1). It refuses to know faults in frames
(`request_frames.py`) and field sections (`malformed.py`). Its one rule: nothing here is malformed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import Code, data, headers
from tests.conformance.reactions import (
    aborted,
    any_of,
    ignored,
    refused,
    served,
    stream_error,
)

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

CUT = any_of(
    stream_error(Code.H3_REQUEST_CANCELLED), stream_error(Code.H3_REQUEST_INCOMPLETE), refused()
)


@connection_case(
    "92",
    "RFC 9114 §4.1",
    MUST,
    "a body cut by RESET_STREAM is not taken for a whole one",
    aborted(),
    refused(),
    needs_app=True,
)
async def cut_body(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/echo", token.field, method=b"POST"), b"some", end=False)
    await token.until("run")
    token.must_not_be_noted("complete")
    stream.reset()
    await token.until("disconnect")
    return stream


@connection_case(
    "93", "RFC 9114 §4.1", MUST, "the server closes its side behind the response", served()
)
async def closes(peer: Peer) -> Stream:
    return peer.request(peer.head())


@connection_case(
    "94",
    "RFC 9114 §4.1",
    MUST,
    "a response before the request's content: whole, STOP_SENDING only with H3_NO_ERROR",
    any_of(served(200, 499), ignored()),
)
async def early_response(peer: Peer) -> Stream:
    stream = peer.open()
    stream.write(headers(peer.head("/refuse", method=b"POST")) + data(bytes(1000)))
    if peer.target.has_app:
        await stream.over()
    await peer.serves()
    check(
        stream.stop_code in (None, Code.H3_NO_ERROR),
        f"STOP_SENDING with {stream.stop_code or 0:#x}",
    )
    check(stream.reset_code is None, "the response was reset")
    return stream


@connection_case(
    "95",
    "RFC 9114 §4.1",
    MUST,
    "uploads that the application does not read do not starve the connection",
    ignored(),
    needs_app=True,
)
async def unread_uploads(peer: Peer) -> None:
    tokens = [Token(peer) for _ in range(3)]
    uploads = [
        peer.request(peer.head("/unread", each.field, method=b"POST"), bytes(1_000_000), end=False)
        for each in tokens
    ]
    for token in tokens:
        await token.until("run")
    check(await peer.serves(), "another request was not served")
    for token in tokens:
        await token.release()
    for upload in uploads:
        await upload.over()
        check(upload.response.status == 200, f"an upload ended with {upload.reset_code}")


@connection_case(
    "96",
    "RFC 9114 §4.1.1",
    MUST,
    "STOP_SENDING for a response stops it",
    aborted(),
    needs_app=True,
)
async def stopped_response(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/endless", token.field))
    await peer.until(lambda: bool(stream.response.body))
    stream.stop()
    await token.until("stopped")
    return stream


@connection_case(
    "97",
    "RFC 9114 §4.1",
    SHOULD,
    "a body cut by RESET_STREAM: the response ends too",
    CUT,
    any_of(aborted(), served()),
)
async def response_to_a_cut_body(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo", method=b"POST"), b"some", end=False)
    await peer.round_trip()
    stream.reset()
    return stream


@connection_case(
    "98", "RFC 9114 §6.1", MUST, "100 requests at the same time on one connection", ignored()
)
async def hundred(peer: Peer) -> None:
    streams = [peer.request(peer.head()) for _ in range(100)]
    for stream in streams:
        await stream.over()
        check(stream.ended and stream.response.status, f"stream {stream.stream_id} failed")


@connection_case(
    "99", "RFC 9000 §2.1", MUST, "requests on streams that are opened out of order", ignored()
)
async def out_of_order(peer: Peer) -> None:
    streams = [peer.open() for _ in range(4)]
    for stream in reversed(streams):
        stream.write(headers(peer.head()), end=True)
        await peer.round_trip()
    for stream in streams:
        await stream.over()
        check(stream.ended and stream.response.status, f"stream {stream.stream_id} failed")


@connection_case(
    "100",
    "RFC 9114 §4.1",
    MUST,
    "an upload of 2 MB goes through flow control and comes back",
    served(),
    needs_app=True,
)
async def large_upload(peer: Peer) -> Stream:
    content = bytes(range(256)) * 8000
    stream = peer.request(peer.head("/echo", method=b"POST"), content)
    response = await stream.over()
    check(response.body == content, f"{len(response.body)} octets came back")
    return stream


@connection_case(
    "101",
    "RFC 9114 §4.1",
    MUST,
    "a slow response does not hold up others on the connection",
    served(),
    needs_app=True,
)
async def slow_response(peer: Peer) -> Stream:
    token = Token(peer)
    slow = peer.request(peer.head("/late", token.field))
    await token.until("first")
    check(await peer.serves(), "another request was not served")
    check(slow.response.body == b"first", f"so far came {bytes(slow.response.body)!r}")
    await token.release()
    return slow


@connection_case("103", "RFC 9114 §4.1", MUST, "HEADERS, and the FIN in a later packet", served())
async def late_end(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/echo"), end=False)
    await peer.round_trip()
    stream.write(end=True)
    return stream


@connection_case(
    "104",
    "RFC 9114 §4.1",
    MUST,
    "a GET whose client does not close the stream: answered or waited for",
    any_of(served(), ignored()),
)
async def no_end(peer: Peer) -> Stream:
    return peer.request(peer.head(), end=False)


@connection_case(
    "104a",
    "RFC 9000 §3.5",
    MUST,
    "STOP_SENDING for a response that has not begun",
    any_of(aborted(), ignored()),
    needs_app=True,
)
async def stopped_early(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/hold", token.field))
    await token.until("complete")
    stream.stop()
    await token.until("disconnect")
    return stream


@connection_case(
    "104b",
    "RFC 9000 §3.2",
    MUST,
    "RESET_STREAM behind a whole request changes nothing",
    any_of(served(), aborted()),
    needs_app=True,
)
async def reset_behind_the_end(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/hold", token.field))
    await token.until("complete")
    stream.reset()
    await peer.round_trip()
    await token.release()
    return stream
