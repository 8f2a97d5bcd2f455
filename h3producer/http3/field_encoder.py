"""Outgoing field sections of one connection: our encoder and the peer's limit, together.

This file knows that a section must fit the peer's SETTINGS_MAX_FIELD_SECTION_SIZE before a
byte of it is written. It refuses to know what the fields mean (`wire/response.py`) and
how they are compressed (`wire/qpack.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from h3producer.errors import FieldSectionTooLarge
from h3producer.wire.fields import Fields, field_section_size
from h3producer.wire.frames import FrameType, encode_frame

if TYPE_CHECKING:
    from h3producer.wire.qpack import FieldSectionEncoder

__all__ = ["FieldEncoder", "SteadyFields"]


class SteadyFields(list[tuple[bytes, bytes]]):
    """A field section that is sent again and again; knows its size, and its frame once it is made.

    Whoever makes one does not change it.
    """

    __slots__ = ("frame", "size")

    def __init__(self, fields: Fields) -> None:
        super().__init__(fields)
        self.size = field_section_size(fields)
        self.frame: bytes | None = None


class FieldEncoder:
    """Makes HEADERS frames; one per connection, shared by its streams.

    `peer_max_section_size` is the peer's setting in bytes, None until (unless) it comes. It is
    looked at when a section is encoded, so a SETTINGS frame that arrives late still counts
    (Kestrel reads it when the pooled frame writer is made, and misses it).
    """

    __slots__ = ("_encoder", "peer_max_section_size")

    def __init__(self, encoder: FieldSectionEncoder) -> None:
        self._encoder = encoder
        self.peer_max_section_size: int | None = None

    def headers_frame(self, fields: Fields) -> bytes:
        """One HEADERS frame, of any size that the peer takes; FieldSectionTooLarge otherwise."""
        limit = self.peer_max_section_size
        steady = fields if isinstance(fields, SteadyFields) else None
        size = 0 if limit is None else steady.size if steady else field_section_size(fields)
        if limit is not None and size > limit:
            # RFC 9114 §4.2.2: "An implementation that has received this parameter SHOULD NOT
            # send an HTTP message header that exceeds the indicated size".
            raise FieldSectionTooLarge(
                f"The field section has {size} bytes, which exceeds the limit specified by the "
                f"peer of {limit} bytes."
            )
        if steady is None:
            return encode_frame(FrameType.HEADERS, self._encoder.encode(fields))
        if steady.frame is None:
            # There is no dynamic table, so equal sections have equal octets.
            steady.frame = encode_frame(FrameType.HEADERS, self._encoder.encode(fields))
        return steady.frame
