"""Any field section → a request that is safe to hand on, or H3_MESSAGE_ERROR of one stream.

Covers `wire/request.py`, `wire/target.py` and `wire/received.py`. What is safe is said again here,
octet by octet and without a table. A request that was accepted, written down again, is accepted
as the same request: what the next server sees is what we saw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.received import parse_trailers
from h3producer.wire.request import Request, parse_request
from tests.fuzz.choices import Choices, chunk

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = ["SEEDS", "check_fields", "fuzz"]

# What a name or value can be picked from; the last is spelled out by the input.
NAMES = (
    *(b":method", b":scheme", b":authority", b":path", b":protocol", b":status", b":"),
    *(b"host", b"cookie", b"content-length", b"te", b"expect", b"accept", b"x-custom"),
    *(b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"),
    *(b"Host", b"trailer", b"content-type", None),
)
VALUES = (
    *(b"GET", b"CONNECT", b"OPTIONS", b"https", b"http", b"/", b"*", b"h3.example"),
    *(b"h3.example:443", b"trailers", b"100-continue", b"5", b"", b" 5\t", b"websocket"),
    *(b"TRAILERS", b"a=1", b"a=1; b=2", b"05", None),
)

TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
VISIBLE = frozenset(range(0x21, 0x7F))
CONTROLS = frozenset(range(0x20)) - {0x09} | {0x7F}
FOR_HTTP_1 = {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}


def line(name: bytes, value: bytes) -> bytes:
    """A field as `section` reads it."""
    return _choice(NAMES, name) + _choice(VALUES, value)


def _choice(known: tuple[bytes | None, ...], octets: bytes) -> bytes:
    if octets in known:
        return bytes((known.index(octets),))
    return bytes((len(known) - 1,)) + chunk(octets)


TARGET = (
    line(b":method", b"GET")
    + line(b":scheme", b"https")
    + line(b":authority", b"h3.example")
    + line(b":path", b"/")
)

SEEDS = {
    "the smallest": TARGET,
    "a path and a query": line(b":path", b"/a%20b?c=d&e") + TARGET[:-2],
    "host alone": TARGET[:4] + line(b":path", b"/") + line(b"host", b"h3.example"),
    "host and authority": TARGET + line(b"host", b"h3.example"),
    "two hosts": TARGET + line(b"host", b"h3.example") * 2,
    "an upload": TARGET + line(b"content-length", b"5") + line(b"expect", b"100-continue"),
    "content-length twice": TARGET + line(b"content-length", b"5") + line(b"content-length", b"05"),
    "content-length with a sign": TARGET + line(b"content-length", b"+5"),
    "crumbs": TARGET + line(b"cookie", b"a=1") + line(b"x-custom", b"1") + line(b"cookie", b""),
    "trailers are welcome": TARGET + line(b"te", b"trailers"),
    "white space": TARGET + line(b"x-custom", b" 5\t"),
    "a line break": TARGET + line(b"x-custom", b"1\r\nhost: evil"),
    "a name for HTTP/1": TARGET + line(b"transfer-encoding", b"chunked"),
    "an upper-case name": TARGET + line(b"Host", b"h3.example"),
    "an empty name": TARGET + line(b"", b"1"),
    "CONNECT": line(b":method", b"CONNECT") + line(b":authority", b"h3.example:443"),
    "extended CONNECT": line(b":method", b"CONNECT")
    + line(b":protocol", b"websocket")
    + TARGET[2:],
    "OPTIONS *": line(b":method", b"OPTIONS") + TARGET[2:6] + line(b":path", b"*"),
    "userinfo": TARGET[:4] + line(b":authority", b"u:p@h3.example") + line(b":path", b"/"),
    "an IP literal": TARGET[:4] + line(b":authority", b"[::1]:443") + line(b":path", b"/"),
    "a port that is none": TARGET[:4] + line(b":authority", b"h:65536") + line(b":path", b"/"),
    "a pseudo-header too late": TARGET[:6] + line(b"accept", b"*") + line(b":path", b"/"),
    "a response's": TARGET + line(b":status", b"200"),
}


def fuzz(data: bytes) -> None:
    fields = section(Choices(data))
    before = list(fields)
    try:
        request = parse_request(fields)
    except Http3StreamError as error:
        if error.error_code != ErrorCode.H3_MESSAGE_ERROR:
            raise
    else:
        check_request(request)
    assert fields == before
    try:
        trailers = parse_trailers(fields)
    except Http3StreamError as error:
        if error.error_code != ErrorCode.H3_MESSAGE_ERROR:
            raise
    else:
        check_fields(trailers)
        assert not {b"te", b"content-length"}.intersection(name for name, _ in trailers)


def section(choices: Choices) -> Fields:
    fields: Fields = []
    while choices and len(fields) < 40:
        name = choices.pick(NAMES)
        if name is None:
            name = choices.chunk()
        value = choices.pick(VALUES)
        if value is None:
            value = choices.chunk()
        fields.append((name, value))
    return fields


def check_request(request: Request) -> None:
    check_fields(request.headers)
    assert request.method
    assert set(request.method.encode()) <= TOKEN | UPPER
    assert request.scheme == request.scheme.lower()
    assert set(request.path) <= VISIBLE
    assert set(request.authority.encode()) <= VISIBLE - frozenset(b"/?#@")
    is_tunnel = request.method == "CONNECT" and request.protocol is None
    if is_tunnel:
        assert (request.scheme, request.path) == ("", b"")
    else:
        assert request.path[:1] == b"/" or (request.path, request.method) == (b"*", "OPTIONS")
    names = [name for name, _ in request.headers]
    for once in (b"host", b"cookie", b"content-length"):
        assert names.count(once) <= 1
    if request.authority:
        assert request.headers[0] == (b"host", request.authority.encode())
    length = dict(request.headers).get(b"content-length")
    assert request.content_length == (None if length is None else int(length))
    assert parse_request(rewritten(request)) == request


def check_fields(fields: Fields) -> None:
    for name, value in fields:
        assert name
        assert set(name) <= TOKEN
        assert name not in FOR_HTTP_1
        assert not CONTROLS & set(value)
        assert value == value.strip(b" \t")


def rewritten(request: Request) -> Fields:
    """The section that a proxy would make of it."""
    pseudo = {
        b":method": request.method.encode(),
        b":scheme": request.scheme.encode(),
        b":authority": request.authority.encode(),
        b":path": request.path,
        b":protocol": (request.protocol or "").encode(),
    }
    return [*((name, value) for name, value in pseudo.items() if value), *request.headers]
