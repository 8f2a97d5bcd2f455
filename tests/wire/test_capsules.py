"""Capsules, whole and cut anywhere: RFC 9297 §3.2."""

from __future__ import annotations

import pytest

from h3producer.wire.capsules import CapsuleReader, CapsuleType, encode_capsule

DATAGRAM, CLOSE = CapsuleType.DATAGRAM, CapsuleType.CLOSE_WEBTRANSPORT_SESSION
UNKNOWN = 0x21

Capsules = list[tuple[int, bytes | None]]

STREAMS: dict[str, tuple[bytes, Capsules]] = {
    "nothing": (b"", []),
    "one": (encode_capsule(DATAGRAM, b"abc"), [(DATAGRAM, b"abc")]),
    "one that is empty": (encode_capsule(DATAGRAM), [(DATAGRAM, b"")]),
    "two": (
        encode_capsule(DATAGRAM, b"abc") + encode_capsule(CLOSE, b"wxyz"),
        [(DATAGRAM, b"abc"), (CLOSE, b"wxyz")],
    ),
    "an unknown one in front": (
        encode_capsule(UNKNOWN, b"abc") + encode_capsule(CLOSE, b"wxyz"),
        [(UNKNOWN, None), (CLOSE, b"wxyz")],
    ),
    "an unknown one that is empty": (
        encode_capsule(UNKNOWN) + encode_capsule(DATAGRAM, b"a"),
        [(UNKNOWN, None), (DATAGRAM, b"a")],
    ),
    "the longest that is taken": (encode_capsule(CLOSE, bytes(10)), [(CLOSE, bytes(10))]),
    "one that is too long": (
        encode_capsule(CLOSE, bytes(11)) + encode_capsule(DATAGRAM, b"a"),
        [(CLOSE, None), (DATAGRAM, b"a")],
    ),
    "integers longer than they need be": (
        bytes.fromhex("80000000 4003") + b"abc",
        [(DATAGRAM, b"abc")],
    ),
}


def reader() -> CapsuleReader:
    return CapsuleReader({DATAGRAM: 100, CLOSE: 10})


@pytest.mark.parametrize(("stream", "capsules"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_is_its_capsules_wherever_it_is_cut(stream: bytes, capsules: Capsules) -> None:
    for cut in range(len(stream) + 1):
        read = reader()
        assert [*read.feed(stream[:cut]), *read.feed(stream[cut:])] == capsules
        assert read.at_boundary


@pytest.mark.parametrize(("stream", "capsules"), STREAMS.values(), ids=STREAMS.keys())
def test_a_stream_may_come_byte_by_byte(stream: bytes, capsules: Capsules) -> None:
    read = reader()
    assert [each for octet in stream for each in read.feed(bytes((octet,)))] == capsules


@pytest.mark.parametrize("capsule_type", [DATAGRAM, CLOSE, UNKNOWN])
def test_a_capsule_that_is_cut_is_not_at_a_boundary(capsule_type: int) -> None:
    stream = encode_capsule(capsule_type, b"abcd")
    for cut in range(1, len(stream)):
        read = reader()
        assert all(value is None for _, value in read.feed(stream[:cut]))
        assert not read.at_boundary


def test_a_capsule_of_any_length_is_skipped_and_nothing_of_it_kept() -> None:
    read = reader()
    assert list(read.feed(bytes.fromhex("21 ffffffffffffffff"))) == [(UNKNOWN, None)]
    for _ in range(100):
        assert list(read.feed(bytes(1000))) == []
    assert not read._held


def test_the_longest_value_that_is_held_is_the_bound() -> None:
    read = reader()
    list(read.feed(encode_capsule(CLOSE, bytes(10))[:-1]))
    assert len(read._held) == 9
