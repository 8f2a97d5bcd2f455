"""A request's field section → `Request`.

This file knows the regular fields that a request may have only in some form, and puts headers in
the shape that applications expect. It refuses to know what the pseudo-headers may say: `target`
does. Its one rule: most requests have at most one field that needs a look, so only those fields
are looked at one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from h3producer.wire.fields import (
    CONNECTION_SPECIFIC,
    KNOWN_NAMES,
    Fields,
    parse_content_length,
)
from h3producer.wire.priority import Priority, parse_priority
from h3producer.wire.received import (
    REQUEST_PSEUDO_FIELDS,
    check_name,
    clean_values,
    excerpt,
    malformed,
)
from h3producer.wire.target import parse_target

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Request", "parse_request"]


@dataclass(slots=True)
class Request:
    """What a client asks for. Read it only, its headers too: a client that asks for the same again
    may get the same object. It is not frozen since that costs a microsecond."""

    method: str
    """Case-sensitive, any token (RFC 9110 §9.1)."""
    scheme: str
    """In lower case; empty for a CONNECT without `protocol`."""
    authority: str
    """host[:port] as the client wrote it; empty only for schemes that need none."""
    path: bytes
    """The request target as it came, query included; `*` for a server-wide OPTIONS; empty for a
    CONNECT without `protocol`."""
    headers: Fields
    """Regular fields in their order, names in lower case, values without white space around
    them. `host` comes first and once, cookies are one field, content-length comes once."""
    protocol: str | None = None
    """`:protocol` of an extended CONNECT (RFC 9220)."""
    content_length: int | None = None
    """Bytes of content that the client announces; None if it does not."""
    expects_continue: bool = False
    """It waits for 100 (Continue) before it sends content (RFC 9110 §10.1.1)."""
    accepts_trailers: bool = False
    """It sent `te: trailers` (RFC 9110 §10.1.4)."""
    priority: Priority | None = None
    """How soon it wants the response (RFC 9218 §5); None if it says nothing sensible."""


# Fields of which a request may have only some values, or of which we make something.
_PLAIN_NAMES = KNOWN_NAMES - {
    b"host",
    b"cookie",
    b"content-length",
    b"expect",
    b"te",
    b"priority",
}

_MERGED_NAMES = frozenset((b"cookie", b"content-length"))


def parse_request(fields: Fields) -> Request:
    """The request that a field section describes. `fields` itself is left as it is.

    Raises Http3StreamError(H3_MESSAGE_ERROR) for a malformed one (RFC 9114 §4.1.2).
    """
    fields = clean_values(fields)
    pseudo = _leading_pseudo_fields(fields)
    headers = fields[len(pseudo) :]
    odd = [field for field in headers if field[0] not in _PLAIN_NAMES]
    notes = _note(odd) if odd else _NOTHING
    method, scheme, authority, path, protocol = parse_target(pseudo, notes.host)
    if notes.needs_merge:
        headers = _merged(headers)
    if authority:
        headers.insert(0, (b"host", authority))
    return Request(
        method,
        scheme,
        authority.decode(),
        path,
        headers,
        protocol,
        notes.content_length,
        notes.expects_continue,
        notes.accepts_trailers,
        None if notes.priority is None else parse_priority(notes.priority),
    )


def _leading_pseudo_fields(fields: Fields) -> dict[bytes, bytes]:
    pseudo: dict[bytes, bytes] = {}
    for name, value in fields:
        if name not in REQUEST_PSEUDO_FIELDS:
            break
        # RFC 9114 §4.3.1: "exactly one value for the :method, :scheme, and :path".
        if name in pseudo:
            raise malformed(f"{excerpt(name)} comes twice.")
        pseudo[name] = value
    return pseudo


# What the regular fields say


@dataclass(slots=True)
class _Notes:
    """What the fields that are not plain say."""

    host: bytes | None = None
    content_length: int | None = None
    expects_continue: bool = False
    accepts_trailers: bool = False
    priority: bytes | None = None
    cookies: int = 0
    needs_merge: bool = False


_NOTHING = _Notes()


def _note(odd: Fields) -> _Notes:
    notes = _Notes()
    for name, value in odd:
        rule = _RULES.get(name)
        if rule is None:
            check_name(name)
        else:
            rule(notes, name, value)
    return notes


def _note_host(notes: _Notes, name: bytes, value: bytes) -> None:
    # RFC 9112 §3.2 refuses more than one Host field line; two could also be taken for a list.
    if notes.host is not None:
        raise malformed("host comes twice.")
    notes.host = value
    notes.needs_merge = True


def _note_cookie(notes: _Notes, name: bytes, value: bytes) -> None:
    notes.cookies += 1
    notes.needs_merge |= notes.cookies > 1


def _note_content_length(notes: _Notes, name: bytes, value: bytes) -> None:
    length = parse_content_length(value)
    if length is None:
        raise malformed(f"content-length {excerpt(value)} is no number of bytes.")
    if notes.content_length is not None:
        # RFC 9110 §8.6: "a recipient … MAY either reject the message as invalid or replace that
        # invalid field value with a single instance of the decimal value".
        if notes.content_length != length:
            raise malformed("Two content-length fields differ.")
        notes.needs_merge = True
    notes.content_length = length


def _note_te(notes: _Notes, name: bytes, value: bytes) -> None:
    # RFC 9114 §4.2: TE "MAY be present in an HTTP/3 request header; when it is, it MUST NOT
    # contain any value other than "trailers"", a keyword in any case (RFC 9110 §10.1.4).
    if value.lower() != b"trailers":
        raise malformed(f"te is {excerpt(value)}, not trailers.")
    notes.accepts_trailers = True


def _note_priority(notes: _Notes, name: bytes, value: bytes) -> None:
    # RFC 9651 §4.2: field lines are combined before they are parsed.
    notes.priority = value if notes.priority is None else notes.priority + b", " + value


def _note_expect(notes: _Notes, name: bytes, value: bytes) -> None:
    # RFC 9110 §10.1.1: the value is case-insensitive; what else it asks for we may ignore.
    if value.lower() == b"100-continue":
        notes.expects_continue = True


def _refuse(notes: _Notes, name: bytes, value: bytes) -> None:
    raise malformed(f"{excerpt(name)} is a field of HTTP/1 connections.")


_RULES: dict[bytes, Callable[[_Notes, bytes, bytes], None]] = {
    b"host": _note_host,
    b"cookie": _note_cookie,
    b"content-length": _note_content_length,
    b"te": _note_te,
    b"expect": _note_expect,
    b"priority": _note_priority,
    **dict.fromkeys(CONNECTION_SPECIFIC, _refuse),
}


def _merged(headers: Fields) -> Fields:
    """The headers with one cookie, one content-length and, since it goes first, no host."""
    # RFC 9114 §4.2.1: "If a decompressed field section contains multiple cookie field lines,
    # these MUST be concatenated into a single byte string using the two-byte delimiter of "; "
    # … before being passed into a context other than HTTP/2 or HTTP/3".
    # The space in front of an empty last crumb would be trailing white space (RFC 9110 §5.5).
    cookie = b"; ".join([value for name, value in headers if name == b"cookie"]).rstrip(b" ")
    seen = {b"host"}
    merged: Fields = []
    for field in headers:
        name = field[0]
        if name in seen:
            continue
        if name in _MERGED_NAMES:
            seen.add(name)
        merged.append((name, cookie) if name == b"cookie" else field)
    return merged
