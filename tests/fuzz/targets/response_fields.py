"""Anything an application may pass as headers → a legal section, or LocalProtocolError at the call.

Covers `wire/response.py`. No other exception may come out, whatever the objects are; what comes
out is pairs of bytes that a client reads as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from h3producer.errors import LocalProtocolError
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from h3producer.wire.response import response_fields, trailer_fields
from tests.fuzz.choices import Choices, chunk
from tests.fuzz.targets.request_fields import check_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from h3producer.wire.fields import Fields

__all__ = ["SEEDS", "fuzz", "headers"]

NAMES = (
    *(b"content-type", b"Content-Length", b"x-custom", b"connection", b"TE", b":status", b""),
    *(b"set-cookie", "date", None, 7, bytearray(b"server"), memoryview(b"server"), (b"a", b"b")),
)
VALUES = (b"text/plain", b"5", b"", b" spaced ", "5", 5, None, bytearray(b"5"), memoryview(b"5"))
STATUSES = (200, 204, 404, 100, 103, 101, 99, 999, 1000, -1, 0)

SPELLED = 0xFF  # instead of a choice: the octets themselves follow


def spelled(name: bytes, value: bytes) -> bytes:
    """A field that `headers` reads as these octets."""
    return bytes((0, SPELLED)) + chunk(name) + bytes((SPELLED,)) + chunk(value)


SEEDS = {
    "a page": b"\x00" + spelled(b"content-type", b"text/html") + spelled(b"Set-Cookie", b"a=1"),
    "for HTTP/1": b"\x00" + spelled(b"Connection", b"close"),
    "a line break": b"\x00" + spelled(b"x", b"1\r\nset-cookie: a=1"),
    "a long value": b"\x00" + spelled(b"x", b"y" * 255),
    "no bytes": b"\x00" + bytes((0, 8, 4)),
    "nearly bytes": b"\x00" + bytes((0, 11, 7, 0, 12, 8)),
    "no pairs": b"\x00" + bytes((1, 0, 2, 0, 3, 0, 4, 0)),
    "a status of none": b"\x06" + spelled(b"x", b"y"),
    "its own status": b"\x00" + spelled(b":status", b"204"),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    status = choices.pick(STATUSES)
    pairs = headers(choices, 20)
    dropped: list[bytes] = []
    fields = made(lambda: response_fields(status, pairs, dropped.append))
    if fields is not None:
        assert fields[0] == (b":status", b"%d" % status)
        check_sent(fields[1:])
        assert len(fields) - 1 + len(dropped) == len(pairs)
    trailers = made(lambda: trailer_fields(pairs))
    if trailers is not None:
        check_sent(trailers)
        assert b"content-length" not in dict(trailers)


def headers(choices: Choices, count: int) -> list[tuple[bytes, bytes]]:
    """Up to `count` of what an application passes as headers, whatever the annotation says."""
    pairs: list[object] = []
    while choices and len(pairs) < count:
        kind = choices.below(8)
        pair = (_object(choices, NAMES), _object(choices, VALUES))
        shapes = (pair, pair[:1], (*pair, b""), b"ab", None, list(pair), pair, pair)
        pairs.append(shapes[kind])
    return cast("list[tuple[bytes, bytes]]", pairs)  # the point is that they may not be


def _object(choices: Choices, known: tuple[object, ...]) -> object:
    number = choices.octet()
    return choices.chunk() if number == SPELLED else known[number % len(known)]


def made(make: Callable[[], Fields]) -> Fields | None:
    try:
        return make()
    except LocalProtocolError:
        return None


def check_sent(fields: Iterable[tuple[bytes, bytes]]) -> None:
    fields = list(fields)
    assert all(type(part) is bytes for field in fields for part in field)
    check_fields(fields)
    section = FieldSectionEncoder().encode(fields)
    assert FieldSectionDecoder().decode(0, section) == fields
