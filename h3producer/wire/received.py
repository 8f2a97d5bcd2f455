"""Field sections from a peer: what makes any of them malformed, and trailers.

This file knows the faults that headers and trailers have in common (RFC 9114 §4.2, §4.3, §10.3).
It refuses to know what is done about a fault: each is Http3StreamError(H3_MESSAGE_ERROR) with one
sentence. Its one rule: what comes out has been checked, so that no one downstream checks again.
"""

from __future__ import annotations

from h3producer.errors import ErrorCode, Http3StreamError
from h3producer.wire.fields import (
    CONNECTION_SPECIFIC,
    KNOWN_NAMES,
    Fields,
    clean_value,
    field_section_size,
    is_field_name,
    values_are_clean,
)

__all__ = [
    "REQUEST_PSEUDO_FIELDS",
    "OversizedSection",
    "check_field_count",
    "check_name",
    "check_section_size",
    "clean_values",
    "excerpt",
    "malformed",
    "parse_trailers",
]

REQUEST_PSEUDO_FIELDS = frozenset((b":method", b":scheme", b":authority", b":path", b":protocol"))
"""RFC 9114 §4.3.1, and :protocol of RFC 8441 §4."""

_NOT_IN_TRAILERS = CONNECTION_SPECIFIC | {b"te", b"content-length"}


def parse_trailers(fields: Fields) -> Fields:
    """The trailer fields that a field section holds.

    Raises Http3StreamError(H3_MESSAGE_ERROR) for a malformed section: what is malformed in
    headers, and any pseudo-header, `te` and content-length too.
    """
    fields = clean_values(fields)
    for name, _ in fields:
        # RFC 9110 §6.5.1: trailers must not hold fields needed for framing, and no one may
        # come to merge a second content-length into the headers.
        if name in _NOT_IN_TRAILERS:
            raise malformed(f"{excerpt(name)} is not allowed in trailers.")
        if name not in KNOWN_NAMES:
            check_name(name)
    return fields


class OversizedSection(Http3StreamError):
    """A field section larger than we take; the reader of a request may answer 431 instead.

    RFC 9114 §4.2.2: "A server that receives a larger field section than it is willing to handle
    can send an HTTP 431 (Request Header Fields Too Large) status code".
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(ErrorCode.H3_EXCESSIVE_LOAD, sentence)


def check_field_count(fields: Fields, limit: int) -> None:
    """Raise OversizedSection for more than `limit` fields.

    All cookies together count as one: a client may cut them into as many lines as it likes
    (RFC 9114 §4.2.1).
    """
    count = len(fields)
    if count > limit:
        cookies = sum([name == b"cookie" for name, _ in fields])
        count -= max(0, cookies - 1)
        if count > limit:
            raise OversizedSection(f"The section has {count} fields; at most {limit} are accepted.")


def check_section_size(fields: Fields, limit: int) -> None:
    """Raise OversizedSection for more than `limit` bytes, counted as in RFC 9114 §4.2.2."""
    size = field_section_size(fields)
    if size > limit:
        raise OversizedSection(f"The section has {size} bytes; at most {limit} are accepted.")


def clean_values(fields: Fields) -> Fields:
    """The fields with no white space around their values: the very list if there is none.

    Raises Http3StreamError(H3_MESSAGE_ERROR) if a value has a character no value may have.
    """
    if values_are_clean([value for _, value in fields]):
        return fields
    return [(name, _clean(name, value)) for name, value in fields]


def _clean(name: bytes, value: bytes) -> bytes:
    cleaned = clean_value(value)
    # RFC 9114 §10.3: "Any request or response that contains a character not permitted in a field
    # value MUST be treated as malformed."
    if cleaned is None:
        raise malformed(f"The value of {excerpt(name)} has a forbidden character.")
    # A pseudo-header is no field: white space in it is for its own syntax to refuse.
    return value if name[:1] == b":" else cleaned


def check_name(name: bytes) -> None:
    """Raise Http3StreamError(H3_MESSAGE_ERROR) unless `name` may name a regular field."""
    if is_field_name(name):
        return
    if name in REQUEST_PSEUDO_FIELDS:
        # RFC 9114 §4.3: "All pseudo-header fields MUST appear in the header section before
        # regular header fields" and "MUST NOT appear in trailer sections."
        raise malformed(f"{excerpt(name)} stands where only regular fields may.")
    if name[:1] == b":":
        # RFC 9114 §4.3: "Endpoints MUST treat a request or response that contains undefined or
        # invalid pseudo-header fields as malformed."
        raise malformed(f"{excerpt(name)} is no pseudo-header of a request.")
    # RFC 9114 §4.2 (upper case), §10.3: "requests or responses containing invalid field names
    # MUST be treated as malformed."
    raise malformed(f"{excerpt(name)} is no field name.")


def malformed(sentence: str) -> Http3StreamError:
    """The error of a malformed message (RFC 9114 §4.1.2)."""
    return Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, sentence)


def excerpt(octets: bytes) -> str:
    """A name or value of the peer's as a log line may show it: escaped and not long."""
    return repr(octets[:64])[1:]
