"""Responses: what HTTP makes of what an application sends.

This file knows rows 229 to 266 (RFC 9110, RFC 9114 §4.1, §4.2, RFC 8297). It refuses to know how an
application may fail (`applications.py`). Its one rule: what must not leave is looked for in what
came, whatever the server did instead.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tests.conformance.case import INFO, MUST, SHOULD, Level, NotOffered, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import Code, data, headers
from tests.conformance.reactions import (
    aborted,
    any_of,
    malformed,
    refused,
    served,
    stream_error,
)
from tests.conformance.scripts import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.octets import Field
    from tests.conformance.peer import Peer, Stream

    Finding = Callable[[Stream], str | None]
    """What is wrong with a response that is over; None if nothing is."""

NOT_SENT = any_of(refused(500, 500), stream_error(Code.H3_INTERNAL_ERROR), served(200, 304))
"""Refused with 500, cut, or sent without what must not be sent."""

TE = (b"te", b"trailers")
_is_date = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
).fullmatch
_is_alt_svc = re.compile(rb'(clear|[!-~]+="[!-~]*"(\s*;\s*[a-z0-9-]+=[^,]+)*)(\s*,.*)?').fullmatch


def scripted(
    id: str,
    section: str,
    words: str,
    script: str,
    find: Finding,
    *,
    level: Level = MUST,
    method: bytes = b"GET",
    more: tuple[Field, ...] = (),
    refusable: bool = False,
) -> None:
    """A response that our application sends by a script, and what must not be found in it."""
    assert script in SCRIPTS

    @connection_case(
        id, f"RFC {section}", level, words, NOT_SENT if refusable else served(), needs_app=True
    )
    async def act(peer: Peer) -> Stream:
        stream = peer.request(peer.head(f"/script/{script}", *more, method=method))
        await stream.over()
        wrong = find(stream)
        check(wrong is None, str(wrong))
        return stream


def body_is(content: bytes) -> Finding:
    """The content is this and nothing else."""

    def find(stream: Stream) -> str | None:
        body = bytes(stream.response.body)
        return None if body == content else f"the content is {body!r}"

    return find


def lacks(name: bytes) -> Finding:
    """No field of this name came, in whichever section."""

    def find(stream: Stream) -> str | None:
        names = [each for section in stream.sections for each, _ in section]
        return f"{name!r} was sent" if name in names else None

    return find


def no_content_unless_refused(stream: Stream) -> str | None:
    """Neither content nor content-length, but in a 500 of the server itself."""
    if stream.response.status == 500:
        return None
    return body_is(b"")(stream) or lacks(b"content-length")(stream)


def in_trailers(stream: Stream, name: bytes) -> str | None:
    """A field that trailers must not have."""
    return f"{name!r} in trailers" if name in dict(stream.response.trailers or []) else None


def no_clean_end(stream: Stream) -> str | None:
    """Content that is not what content-length says must not end with FIN."""
    response = stream.response
    promised = response.value(b"content-length")
    if stream.ended and promised is not None and int(promised) != len(response.body):
        return f"content-length {promised.decode()}, {len(response.body)} octets, and a FIN"
    return None


# Content


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


# Fields

for _id, _section, _name in (
    ("239", "9114 §4.2", "connection"),
    ("240", "9114 §4.2", "keep-alive"),
    ("241", "9114 §4.2", "transfer-encoding"),
    ("241a", "9114 §4.2", "upgrade"),
    ("241b", "9114 §4.2", "proxy-connection"),
):
    scripted(
        _id,
        _section,
        f"{_name} from the application",
        _name,
        lacks(_name.encode()),
        refusable=True,
    )
scripted(
    "242",
    "9114 §10.3",
    "CR LF in a value from the application",
    "line-break",
    lacks(b"set-cookie"),
    refusable=True,
)
scripted("243", "9114 §10.3", "NUL in a value", "nul", lacks(b"x-bad"), refusable=True)
scripted(
    "244", "9114 §10.3", "CR LF in a name", "line-break-in-name", lacks(b"x-bad"), refusable=True
)
scripted("245", "9114 §10.3", "a space in a name", "space-in-name", lacks(b"x bad"), refusable=True)
scripted("246", "9110 §5.1", "an empty name", "empty-name", lacks(b""), refusable=True)
scripted(
    "246a",
    "9114 §4.3",
    "a pseudo-header from the application",
    "pseudo-header",
    lambda stream: "a second :status" if stream.response.status == 204 else None,
    refusable=True,
)
scripted(
    "246b",
    "9114 §4.2",
    "an upper-case name is sent in lower case",
    "upper-case",
    lacks(b"X-Upper"),
    refusable=True,
)
scripted(
    "247",
    "9114 §4.2",
    "connection in the application's trailers",
    "connection-in-trailers",
    lacks(b"connection"),
    more=(TE,),
    refusable=True,
)
scripted(
    "248",
    "9114 §10.3",
    "CR LF in the application's trailers",
    "line-break-in-trailers",
    lacks(b"x-bad"),
    more=(TE,),
    refusable=True,
)
scripted(
    "248a",
    "9114 §4.3",
    "a pseudo-header in the application's trailers",
    "pseudo-header-in-trailers",
    lambda stream: in_trailers(stream, b":status"),
    more=(TE,),
    refusable=True,
)
scripted(
    "248b",
    "9110 §6.5.1",
    "content-length in the application's trailers",
    "length-in-trailers",
    lambda stream: in_trailers(stream, b"content-length"),
    more=(TE,),
    refusable=True,
)


scripted(
    "249",
    "9110 §5.5",
    "white space around the application's values",
    "white-space",
    lambda stream: (
        None
        if stream.response.value(b"x-padded") in (b"a", None)
        else f"{stream.response.value(b'x-padded')!r} was sent"
    ),
    level=SHOULD,
    refusable=True,
)


@connection_case("250", "RFC 9110 §6.6.1", MUST, "date, in IMF-fixdate form", served())
async def date(peer: Peer) -> Stream:
    return await _dated(peer.request(peer.head("/script/hello")))


@connection_case(
    "250a",
    "RFC 9110 §6.6.1",
    MUST,
    "date in a refusal of the server itself, if there is one",
    any_of(refused(400, 599), malformed()),
)
async def date_of_a_refusal(peer: Peer) -> Stream:
    stream = peer.request([(b":method", b"CONNECT"), (b":authority", b"localhost:1")], end=False)
    await stream.over()
    return await _dated(stream) if stream.response.status else stream


async def _dated(stream: Stream) -> Stream:
    response = await stream.over()
    value = (response.value(b"date") or b"").decode("latin-1")
    check(_is_date(value), f"date is {value!r}")
    difference = abs(parsedate_to_datetime(value) - datetime.now(UTC))
    check(difference < timedelta(minutes=5), f"date is {difference} off")
    return stream


scripted(
    "251",
    "9110 §6.5",
    "trailers of the application follow the content (te: trailers)",
    "trailers",
    lambda stream: (
        None
        if (b"x-sum", b"5") in (stream.response.trailers or [])
        else f"the trailers are {stream.response.trailers}"
    ),
    more=(TE,),
)
scripted(
    "252",
    "9110 §6.5.1",
    "without te: trailers the response is whole, with or without them",
    "trailers",
    body_is(b"hello"),
)
scripted(
    "259",
    "9110 §5.3",
    "two set-cookie fields stay two",
    "two-cookies",
    lambda stream: (
        None
        if stream.response.values(b"set-cookie") == [b"a=1", b"b=2"]
        else f"set-cookie: {stream.response.values(b'set-cookie')}"
    ),
)


@connection_case(
    "261", "RFC 7838 §3", INFO, "alt-svc, if sent over HTTP/3 at all, is well formed", served()
)
async def alt_svc(peer: Peer) -> Stream:
    stream = peer.request(peer.head())
    response = await stream.over()
    for value in response.values(b"alt-svc"):
        check(_is_alt_svc(value), f"alt-svc is {value!r}")
    return stream


scripted(
    "262",
    "9114 §4.2.2",
    "a response with 100 fields arrives whole",
    "many-fields",
    lambda stream: (
        None
        if sum(name.startswith(b"x-field-") for name, _ in stream.response.fields) == 100
        else f"{len(stream.response.fields)} fields came"
    ),
)
scripted(
    "262a",
    "9114 §4.2.2",
    "a response with a field of 8 kB arrives whole",
    "large-field",
    lambda stream: (
        None if stream.response.value(b"x-large") == b"v" * 8192 else "the field is not whole"
    ),
)
scripted(
    "263",
    "9110 §8.6",
    "content-length in a 204 of the application",
    "204-with-length",
    lacks(b"content-length"),
    refusable=True,
)

# Interim responses


scripted(
    "236",
    "9110 §15.2",
    "status 103 from http.response.start is not the final response",
    "status-103",
    lambda stream: "FIN behind an interim response" if not _has_final(stream) else None,
    refusable=True,
)
for _id, _words in (("236a", "101"), ("236b", "99"), ("236c", "1000")):
    scripted(
        _id,
        "9114 §4.5" if _words == "101" else "9110 §15",
        f"status {_words} from http.response.start is not sent",
        f"status-{_words}",
        lambda stream: None if stream.response.status in (500, None) else "it was sent",
        refusable=True,
    )
scripted(
    "264",
    "9114 §4.1",
    "an interim response has neither content nor a FIN",
    "early-hint",
    lambda stream: None if _has_final(stream) else "there is no final response",
)
scripted(
    "265a",
    "8297 §2",
    "103 (Early Hints) of the application after the response has begun is not sent",
    "early-hint-too-late",
    lambda stream: "an interim response came too late" if stream.response.interim else None,
    refusable=True,
)


def _has_final(stream: Stream) -> bool:
    return stream.response.status is not None or not stream.ended


@connection_case(
    "265",
    "RFC 8297 §2",
    MUST,
    "103 (Early Hints) before the final response, in any number",
    served(),
    needs_app=True,
)
async def early_hints(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/early-hint"))
    response = await stream.over()
    if not response.interim:
        raise NotOffered("early hints")
    statuses = [dict(each)[b":status"] for each in response.interim]
    check(statuses == [b"103", b"103"], f"the interim responses are {statuses}")
    return stream


# Expectations


def _expecting(peer: Peer, path: str, expectation: bytes = b"100-continue") -> Stream:
    stream = peer.open()
    fields = peer.head(path, (b"expect", expectation), (b"content-length", b"5"), method=b"POST")
    stream.write(headers(fields))
    return stream


@connection_case(
    "253",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue: 100 or a final response without waiting for content",
    served(),
)
async def continues(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo")
    await peer.until(lambda: bool(stream.sections) or stream.is_over)
    if stream.response.interim:
        status = stream.response.interim[0][0]
        check(status == (b":status", b"100"), f"the interim response is {status}")
    if not stream.is_over:
        stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "254",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue: the application may refuse at once",
    served(403, 403),
    needs_app=True,
)
async def refuses(peer: Peer) -> Stream:
    stream = _expecting(peer, "/refuse")
    await stream.over()
    check(not stream.response.interim, "100 before a refusal")
    return stream


@connection_case("255", "RFC 9110 §10.1.1", MUST, "expect: 100-continue without content", served())
async def nothing_to_continue(peer: Peer) -> Stream:
    return peer.request(peer.head("/echo", (b"expect", b"100-continue")))


@connection_case(
    "255a",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue from a client that does not wait",
    served(),
)
async def impatient(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo")
    stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "256", "RFC 9110 §10.1.1", MUST, "an unknown expectation", any_of(served(), refused(417, 417))
)
async def unknown_expectation(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo", b"the-unexpected")
    stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "266",
    "RFC 9114 §10.5",
    INFO,
    "a client that reads nothing does not make the server hold ever more content",
    any_of(aborted(), served()),
    needs_app=True,
)
async def slow_reader(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/endless"))
    await peer.until(lambda: len(stream.response.body) > 100_000)
    stream.stop()
    return stream
