"""HTTP Datagrams: RFC 9297 §2.1."""

from __future__ import annotations

import pytest

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.datagrams import MAX_DATAGRAM_HEAD, encode_datagram, parse_datagram


def test_a_datagram_begins_with_a_quarter_of_its_stream_id() -> None:
    assert encode_datagram(0, b"abc") == b"\x00abc"
    assert encode_datagram(400, b"abc") == b"\x40\x64abc"


def test_a_payload_may_be_empty() -> None:
    assert parse_datagram(b"\x02") == (8, b"")


@pytest.mark.parametrize("stream_id", [0, 4, 252, 256, 65_532, (1 << 62) - 4])
def test_what_was_written_is_read(stream_id: int) -> None:
    data = encode_datagram(stream_id, b"payload")
    assert parse_datagram(data) == (stream_id, b"payload")
    assert len(data) - len(b"payload") <= MAX_DATAGRAM_HEAD


@pytest.mark.parametrize("length", range(8))
def test_a_datagram_that_is_too_short_for_its_id_costs_the_connection(length: int) -> None:
    with pytest.raises(Http3ConnectionError) as caught:
        parse_datagram(encode_datagram((1 << 62) - 4, b"")[:length])
    assert caught.value.error_code is ErrorCode.H3_DATAGRAM_ERROR


def test_an_id_that_no_stream_can_have_costs_the_connection() -> None:
    parse_datagram(bytes.fromhex("cfffffffffffffff"))
    with pytest.raises(Http3ConnectionError) as caught:
        parse_datagram(bytes.fromhex("d000000000000000"))
    assert caught.value.error_code is ErrorCode.H3_DATAGRAM_ERROR
