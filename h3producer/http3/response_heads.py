"""Status and headers of an application → the field section that leaves, checked and complete.

This file knows what the fields of a response say together (content-length, priority, what every
response has) and which heads were sent before. It refuses to know which fields may be sent
(`wire/response.py`), when they leave (`http3/response.py`) and how they are encoded.

Applications give most of their responses one of a few heads. So a few are kept by what the
application said, with all that follows from it, down to the frame. Its one rule: what is kept is
what would be made again, so nobody can tell but by the clock. A head that is odd in any way is
made anew each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from h3producer.errors import LocalProtocolError
from h3producer.http3.dropped_fields import DROPPED_FIELDS
from h3producer.http3.field_encoder import SteadyFields
from h3producer.wire.fields import field_section_size, parse_content_length
from h3producer.wire.priority import parse_priority
from h3producer.wire.response import response_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from h3producer.wire.fields import Fields
    from h3producer.wire.priority import Priority

__all__ = ["MAX_KEPT_HEADS", "MAX_KEPT_SIZE", "DefaultFields", "ResponseHead", "ResponseHeads"]

DefaultFields = Callable[[], "Fields"]
"""The fields that a response gets if it has none of that name: `date`, `server`."""

MAX_KEPT_HEADS: Final = 8
"""Of a connection: an application has a few, or one for each response."""

MAX_SEEN_HEADS: Final = 32
"""Heads of which it is remembered that they came, in the hope that they come again."""

MAX_KEPT_SIZE: Final = 2048
"""Bytes of a head, counted as in RFC 9114 §4.2.2. With its frame it takes about twice as many."""


_Key = tuple[object, ...]
"""Status and headers as the application gave them."""


class ResponseHead:
    """What an application said, and what it means."""

    __slots__ = ("_complete", "_defaults", "content_length", "fields", "key", "priority")

    def __init__(self, fields: Fields, content_length: int | None) -> None:
        self.fields = fields
        """`:status` and what the application gave."""
        self.content_length = content_length
        """The length that it announces."""
        self.priority: Priority | None = None
        """How soon the response has to leave, if it says so (RFC 9218 §5); known once complete."""
        self.key: _Key = ()
        """What it is known by, if it is kept."""
        self._defaults: Fields | None = None
        self._complete: Fields = []

    def with_length_0(self) -> ResponseHead:
        """The same for a body that turned out to be empty."""
        return ResponseHead([*self.fields, (b"content-length", b"0")], self.content_length)

    def complete(self, defaults: Fields) -> Fields:
        """The whole section, with those of `defaults` of whose names there is none."""
        if self._defaults is not defaults:
            names = {name for name, _ in self.fields}
            fields = self.fields + [field for field in defaults if field[0] not in names]
            if b"priority" in names:
                self.priority = _priority_of(fields)
            self._complete = SteadyFields(fields) if self.key else fields
            self._defaults = defaults
        return self._complete


class ResponseHeads:
    """Makes the heads of one connection's responses."""

    __slots__ = ("_kept", "_seen", "default_fields", "prioritize")

    def __init__(
        self, default_fields: DefaultFields, prioritize: Callable[[int, Priority], None]
    ) -> None:
        """`prioritize` is told a stream's id, and how soon its response has to leave."""
        self.default_fields = default_fields
        self.prioritize = prioritize
        self._kept: dict[int, ResponseHead] = {}
        """By their hashes."""
        self._seen: set[int] = set()
        """Hashes of heads that came once. Most heads that do are never seen again."""

    def head(
        self, method: str, status: int, headers: Iterable[tuple[bytes, bytes]]
    ) -> ResponseHead:
        """The head of a final response to `method`.

        Raises LocalProtocolError as `response_fields` does, and for a content-length that is no
        number, comes twice, or may not stand here.
        """
        key: _Key = ()
        digest = 0
        if isinstance(headers, list | tuple) and method != "CONNECT":
            key = (status, *headers)
            try:
                digest = hash(key)
            except TypeError:
                key = ()  # lists in place of pairs, or what not: it cannot be looked up
            head = self._kept.get(digest)
            # A memoryview equals the bytes that it shows, and is an error all the same.
            if head is not None and head.key == key and _types_in(headers) <= _BYTES:
                return head
        fields = response_fields(status, headers, DROPPED_FIELDS.warn)
        head = ResponseHead(fields, _checked_content_length(method, status, fields))
        if key:
            self._keep_or_remember(key, digest, head)
        return head

    def forget(self) -> None:
        """The connection is idle: keep nothing."""
        self._kept.clear()
        self._seen.clear()

    def _keep_or_remember(self, key: _Key, digest: int, head: ResponseHead) -> None:
        seen = self._seen
        if digest not in seen:
            if len(seen) == MAX_SEEN_HEADS:
                seen.clear()
            seen.add(digest)
            return
        # Neither may a field have been dropped, which is worth a warning, nor removed.
        if len(head.fields) == len(key) and field_section_size(head.fields) <= MAX_KEPT_SIZE:
            if len(self._kept) == MAX_KEPT_HEADS:
                del self._kept[next(iter(self._kept))]  # the one that came first
            head.key = key
            self._kept[digest] = head


_BYTES = {bytes}


def _types_in(headers: Iterable[tuple[bytes, bytes]]) -> set[type]:
    return {type(each) for pair in headers for each in pair}


def _priority_of(fields: Fields) -> Priority | None:
    return parse_priority(b", ".join([value for name, value in fields if name == b"priority"]))


def _checked_content_length(method: str, status: int, fields: Fields) -> int | None:
    """The declared length; removes the field where RFC 9110 §8.6 forbids it."""
    values = [value for name, value in fields if name == b"content-length"]
    if not values:
        return None
    value = values[0]
    length = parse_content_length(value) if len(values) == 1 else None
    if length is None:
        raise LocalProtocolError(f"The content-length {values!r} is not one number.")
    if status == 204 or (method == "CONNECT" and 200 <= status <= 299):
        # RFC 9110 §8.6: "A server MUST NOT send a Content-Length header field in any
        # response with a status code of 1xx (Informational) or 204 (No Content)", nor in
        # "any 2xx (Successful) response to a CONNECT request".
        if length:
            raise LocalProtocolError(
                f"A response with status code {status} cannot have a content-length."
            )
        fields.remove((b"content-length", value))
        return None
    if status == 205 and length:
        raise LocalProtocolError("A 205 response has no content (RFC 9110 §15.3.6).")
    return length
