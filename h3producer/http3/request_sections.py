"""The field sections of a connection's requests: decoded, held to their bounds, and understood.

This file knows the order of that, and which heads came before. It refuses to know when a section
may come (`http3/request_reader.py`) and what is malformed (`wire/request.py`).

A client that asks for the same again sends the same octets: with no dynamic table, equal sections
say the same. So a few heads are kept by their octets, with what they turned out to be. Its one
rule: only what was found in order is kept, little of it, and nothing for a connection that is idle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from h3producer.wire.qpack import MOST_BYTES_PER_OCTET
from h3producer.wire.received import check_field_count, check_section_size, parse_trailers
from h3producer.wire.request import parse_request

if TYPE_CHECKING:
    from h3producer.config import Config
    from h3producer.wire.fields import Fields
    from h3producer.wire.qpack import FieldSectionDecoder
    from h3producer.wire.request import Request

__all__ = ["MAX_KEPT_FIELDS", "MAX_KEPT_HEADS", "MAX_KEPT_OCTETS", "RequestSections"]

MAX_KEPT_HEADS: Final = 8
"""Heads of a connection. Whoever asks in turn for more than that is not asking for the same."""

MAX_KEPT_OCTETS: Final = 512
"""Of a section as it came. Browsers' first requests have about as many."""

MAX_KEPT_FIELDS: Final = 32
"""Of a section, since an octet may stand for a whole field: what is kept is 64 KiB at most."""


class RequestSections:
    """Reads the sections of one connection. The requests of equal heads are one object."""

    __slots__ = ("_config", "_decoder", "_kept")

    def __init__(self, decoder: FieldSectionDecoder, config: Config) -> None:
        self._decoder = decoder
        self._config = config
        self._kept: dict[bytes, Request] = {}

    def read_head(self, stream_id: int, payload: bytes) -> Request:
        """What a client asks for.

        Raises `OversizedSection` for a section that exceeds a bound, Http3StreamError for one that
        is malformed, and Http3ConnectionError for one that cannot be decoded.
        """
        request = self._kept.get(payload)
        if request is not None:
            return request
        fields = self._decode(stream_id, payload)
        request = parse_request(fields)
        if len(payload) <= MAX_KEPT_OCTETS and len(fields) <= MAX_KEPT_FIELDS:
            if len(self._kept) == MAX_KEPT_HEADS:
                del self._kept[next(iter(self._kept))]  # the one that came first
            self._kept[payload] = request
        return request

    def read_trailers(self, stream_id: int, payload: bytes) -> Fields:
        """The trailer fields; raises as `read_head` does."""
        return parse_trailers(self._decode(stream_id, payload))

    def forget(self) -> None:
        """The connection is idle: keep nothing."""
        self._kept.clear()

    def _decode(self, stream_id: int, payload: bytes) -> Fields:
        fields = self._decoder.decode(stream_id, payload)
        config = self._config
        check_field_count(fields, config.max_fields)
        if len(payload) * MOST_BYTES_PER_OCTET > config.max_decoded_field_section_size:
            check_section_size(fields, config.max_decoded_field_section_size)
        return fields
