"""Responses: status and content, as HTTP makes them of what an application sends.

This file knows rows 229 to 238, 257, 258 and 260 (RFC 9110, RFC 9114 §4.1). It refuses to know
fields (`response_fields.py`), interim responses (`interim.py`) and how an application may fail
(`applications.py`). Its one rule: a response that is not what it says it is never ends well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, SHOULD, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.reactions import served
from tests.conformance.scripted import body_is, no_clean_end, no_content_unless_refused, scripted

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream


@connection_case(
    "229", "RFC 9114 §4.1", MUST, "GET: one :status, content, FIN", served(), needs_app=True
)
async def get(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/hello"))
    response = await stream.over()
    check(response.status == 200, f"status {response.status}")
    check(response.body == b"hello", f"the content is {bytes(response.body)!r}")
    check(response.trailers is None, f"trailers: {response.trailers}")
    return stream


@connection_case("230", "RFC 9110 §9.3.2", MUST, "HEAD: the fields of GET and no content", served())
async def head(peer: Peer) -> Stream:
    expected = await peer.get("/script/hello")
    stream = peer.request(peer.head("/script/hello", method=b"HEAD"))
    response = await stream.over()
    check(not response.body, f"content: {bytes(response.body)!r}")
    check(response.status == expected.status, f"status {response.status}")
    for name in (b"content-type", b"etag", b"server"):
        check(response.value(name) == expected.value(name), f"{name!r} differs")
    return stream


scripted(
    "230a",
    "9110 §8.6",
    "HEAD: the application's content-length is kept, although nothing follows",
    "with-length",
    lambda stream: (
        None
        if stream.response.value(b"content-length") in (b"5", None)
        else f"content-length is {stream.response.value(b'content-length')!r}"
    ),
    method=b"HEAD",
)
scripted(
    "231",
    "9110 §15.3.5",
    "204: no content even if the application gives some, and no content-length",
    "204-with-content",
    no_content_unless_refused,
    refusable=True,
)
scripted("231a", "9110 §15.3.5", "204 as it should be", "204", body_is(b""))
scripted(
    "232",
    "9110 §15.4.5",
    "304: no content even if the application gives some",
    "304-with-content",
    no_content_unless_refused,
    refusable=True,
)
scripted(
    "233",
    "9110 §15.3.6",
    "205: no content even if the application gives some",
    "205-with-content",
    no_content_unless_refused,
    refusable=True,
)
scripted(
    "234",
    "9110 §9.3.2",
    "HEAD: content that the application sends is dropped",
    "parts",
    body_is(b""),
    method=b"HEAD",
)
for _id, _code in (("235", 200), ("235a", 404), ("235b", 418), ("235c", 500), ("235d", 599)):

    @connection_case(
        _id,
        "RFC 9110 §15",
        MUST,
        f"status {_code} passes through",
        served(_code, _code),
        needs_app=True,
    )
    async def _passes(peer: Peer, code: int = _code) -> Stream:
        return peer.request(peer.head(f"/script/status-{code}"))


scripted(
    "237",
    "9114 §4.1.2",
    "content shorter than the application's content-length",
    "too-short",
    no_clean_end,
    refusable=True,
)
scripted(
    "237a",
    "9114 §4.1.2",
    "content shorter than its content-length, in parts",
    "too-short-in-parts",
    no_clean_end,
    refusable=True,
)
scripted(
    "238",
    "9114 §4.1.2",
    "content longer than the application's content-length",
    "too-long",
    no_clean_end,
    refusable=True,
)
scripted(
    "238a",
    "9114 §4.1.2",
    "content longer than its content-length, in parts",
    "too-long-in-parts",
    no_clean_end,
    refusable=True,
)


@connection_case(
    "257", "RFC 9114 §4.1", MUST, "a response of 1 MB arrives whole", served(), needs_app=True
)
async def large(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/download/1000000"))
    response = await stream.over()
    check(len(response.body) == 1_000_000, f"{len(response.body)} octets came")
    return stream


scripted("258", "9114 §4.1", "a response without content ends cleanly", "empty", body_is(b""))


@connection_case(
    "260",
    "RFC 9114 §4.1",
    SHOULD,
    "content is passed on as it is produced",
    served(),
    needs_app=True,
)
async def as_it_comes(peer: Peer) -> Stream:
    token = Token(peer)
    stream = peer.request(peer.head("/late", token.field))
    await peer.until(lambda: stream.response.body == b"first" or stream.is_over)
    check(not stream.is_over, "the first part came with the last")
    await token.release()
    return stream
