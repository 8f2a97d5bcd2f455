"""The fields of responses and their trailers: what an application may not say.

This file knows rows 239 to 252, 259 and 261 to 263 (RFC 9110 §5, §6, RFC 9114 §4.2, §10.3). It
refuses to know content (`responses.py`). Its one rule: that of `scripted.py`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from tests.conformance.case import INFO, MUST, SHOULD, check, connection_case
from tests.conformance.reactions import any_of, malformed, refused, served
from tests.conformance.scripted import body_is, in_trailers, lacks, scripted

if TYPE_CHECKING:
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

TE = (b"te", b"trailers")
_is_date = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
).fullmatch
_is_alt_svc = re.compile(rb'(clear|[!-~]+="[!-~]*"(\s*;\s*[a-z0-9-]+=[^,]+)*)(\s*,.*)?').fullmatch


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
