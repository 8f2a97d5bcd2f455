"""Status and headers of an application → field section, and its trailers.

This file knows what HTTP/3 lets a response say (RFC 9114 §4.2, §4.3.2). It refuses to know what
the fields mean together: content-length against content is for who counts it. Its one rule: what
an application may have meant for HTTP/1 is repaired, what could break a message is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import LocalProtocolError
from h3producer.wire.fields import (
    CONNECTION_SPECIFIC,
    KNOWN_NAMES,
    Fields,
    clean_value,
    is_field_name,
    values_are_clean,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["response_fields", "trailer_fields"]

# RFC 9114 §4.5: 101 (Switching Protocols) does not exist in HTTP/3.
_STATUSES = {status: (b":status", b"%d" % status) for status in range(100, 1000) if status != 101}

# To the very bytes object, so that no look-alike of an application's (a memoryview has the same
# hash) reaches the encoder.
_HEADER_NAMES = {name: name for name in KNOWN_NAMES}
_TRAILER_NAMES = {name: name for name in KNOWN_NAMES - {b"content-length"}}

# RFC 9114 §4.2 lets only a request have TE.
_NOT_SENT = CONNECTION_SPECIFIC | {b"te"}
# RFC 9110 §6.5.1: fields for framing cannot stand in trailers.
_NOT_SENT_IN_TRAILERS = _NOT_SENT | {b"content-length"}


def response_fields(
    status: int,
    headers: Iterable[tuple[bytes, bytes]],
    on_dropped: Callable[[bytes], None] | None = None,
) -> Fields:
    """The field section of a response, final or interim, `:status` first.

    Names are lower-cased and white space around values is removed. Connection-specific fields
    are left out, and `on_dropped` hears the name of each. Raises LocalProtocolError for a status
    outside 100 to 999 and for 101, for a name that is no token (so for any pseudo-header), for a
    control character in a value, and for what is not bytes.
    """
    pseudo = _STATUSES.get(status)
    if pseudo is None:
        raise LocalProtocolError(f"{status!r} is no status of an HTTP/3 response.")
    return _checked([pseudo], headers, _HEADER_NAMES, on_dropped)


def trailer_fields(
    headers: Iterable[tuple[bytes, bytes]], on_dropped: Callable[[bytes], None] | None = None
) -> Fields:
    """The field section of trailers: as `response_fields`, but for the status.

    content-length is left out too.
    """
    return _checked([], headers, _TRAILER_NAMES, on_dropped)


def _checked(
    fields: Fields,
    headers: Iterable[tuple[bytes, bytes]],
    known: dict[bytes, bytes],
    on_dropped: Callable[[bytes], None] | None,
) -> Fields:
    not_sent = _NOT_SENT if known is _HEADER_NAMES else _NOT_SENT_IN_TRAILERS
    dropped: list[bytes] = []
    try:
        for given, value in headers:
            name = known.get(given) or _checked_name(given)
            if name in not_sent:
                dropped.append(name)
            else:
                fields.append((name, value))
        if not values_are_clean([value for _, value in fields]):
            fields = [(name, _checked_value(name, value)) for name, value in fields]
    except (TypeError, ValueError, AttributeError):
        raise LocalProtocolError("Headers are pairs of bytes, a name and a value.") from None
    if dropped and on_dropped:
        for name in dropped:
            on_dropped(name)
    return fields


def _checked_name(given: bytes) -> bytes:
    name = bytes.lower(given)
    if not is_field_name(name):
        # RFC 9114 §10.3: an "invalid field name". A pseudo-header is one here.
        raise LocalProtocolError(f"{given!r} is no field name.")
    return name


def _checked_value(name: bytes, value: bytes) -> bytes:
    cleaned = clean_value(value)
    if cleaned is None:
        raise LocalProtocolError(f"The value of {name!r} has a control character.")
    return cleaned
