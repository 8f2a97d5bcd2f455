"""HEADERS frames, and the size that the peer has set for them."""

from __future__ import annotations

import pytest

from h3producer.errors import LocalProtocolError
from h3producer.http3.field_encoder import FieldEncoder
from h3producer.wire.qpack import FieldSectionEncoder

STATUS_200 = [(b":status", b"200")]


@pytest.fixture
def encoder() -> FieldEncoder:
    return FieldEncoder(FieldSectionEncoder())


def test_a_section_is_one_headers_frame(encoder: FieldEncoder) -> None:
    assert encoder.headers_frame(STATUS_200) == bytes.fromhex("01 03 0000 d9")


def test_without_a_setting_there_is_no_limit(encoder: FieldEncoder) -> None:
    frame = encoder.headers_frame([(b":status", b"200"), (b"x", b"\xff" * 100_000)])
    assert frame.endswith(b"\xff" * 100_000)


def test_a_section_of_just_the_size_the_peer_takes_is_sent(encoder: FieldEncoder) -> None:
    encoder.peer_max_section_size = len(b":status" + b"200") + 32
    assert encoder.headers_frame(STATUS_200) == bytes.fromhex("01 03 0000 d9")


def test_a_byte_more_than_the_peer_takes_is_refused_before_anything_is_written(
    encoder: FieldEncoder,
) -> None:
    encoder.peer_max_section_size = 41
    with pytest.raises(LocalProtocolError, match=r"42 bytes.*exceeds the limit.*peer of 41 bytes"):
        encoder.headers_frame(STATUS_200)


def test_the_limit_is_looked_at_each_time(encoder: FieldEncoder) -> None:
    """Kestrel's frame writer reads it once, and misses a SETTINGS frame that comes late."""
    encoder.headers_frame(STATUS_200)
    encoder.peer_max_section_size = 41
    with pytest.raises(LocalProtocolError):
        encoder.headers_frame(STATUS_200)


def test_a_limit_of_2_to_the_32_is_not_0(encoder: FieldEncoder) -> None:
    """Kestrel keeps 32 bits of it, and every response fails (reference 1.9, defect 7)."""
    encoder.peer_max_section_size = 1 << 32
    assert encoder.headers_frame(STATUS_200)
