"""Frames that go by, however they are cut."""

from __future__ import annotations

import pytest

from h3producer.http3.qlog.scanner import MAX_HELD, FrameScanner
from h3producer.wire.frames import FrameType, encode_frame, encode_frame_header

HEADERS = encode_frame(FrameType.HEADERS, b"section")
DATA = encode_frame(FrameType.DATA, b"content")
EMPTY = encode_frame(FrameType.HEADERS, b"")
ALL = HEADERS + DATA + EMPTY

TOLD = [
    (FrameType.HEADERS, 7, b"section"),
    (FrameType.DATA, 7, None),
    (FrameType.HEADERS, 0, b""),
]


def test_each_frame_is_told_with_its_length_and_its_payload() -> None:
    assert list(FrameScanner().feed(ALL)) == TOLD


@pytest.mark.parametrize("cut", range(1, len(ALL)))
def test_frames_may_be_cut_anywhere(cut: int) -> None:
    scanner = FrameScanner()
    assert [*scanner.feed(ALL[:cut]), *scanner.feed(ALL[cut:])] == TOLD


def test_octets_may_come_one_by_one() -> None:
    scanner = FrameScanner()
    assert [each for octet in ALL for each in scanner.feed(bytes((octet,)))] == TOLD


def test_data_is_told_before_it_comes() -> None:
    header = encode_frame_header(FrameType.DATA, 1_000_000)
    assert list(FrameScanner().feed(header)) == [(FrameType.DATA, 1_000_000, None)]


def test_a_payload_that_is_too_long_is_passed_over() -> None:
    scanner = FrameScanner()
    assert list(scanner.feed(encode_frame_header(FrameType.HEADERS, MAX_HELD + 1))) == [
        (FrameType.HEADERS, MAX_HELD + 1, None)
    ]
    assert list(scanner.feed(bytes(MAX_HELD + 1) + HEADERS)) == [TOLD[0]]
