"""What a stream says of itself with its first bytes, however they are cut."""

from __future__ import annotations

import pytest

from h3producer.http3.webtransport.heads import StreamHeads
from h3producer.wire.webtransport import encode_stream_head
from tests.http3.harness import GET

BIDI, UNI = 4, 6


@pytest.mark.parametrize("stream_id", [BIDI, UNI])
@pytest.mark.parametrize("session_id", [0, 64, 1 << 40])
def test_a_head_is_found_wherever_it_is_cut(stream_id: int, session_id: int) -> None:
    octets = encode_stream_head(stream_id, session_id) + b"data"
    for cut in range(len(octets)):
        heads = StreamHeads()
        first = heads.feed(stream_id, octets[:cut])
        if first is None:
            assert heads.feed(stream_id, octets[cut:]) == (session_id, b"data")
        else:
            assert first == (session_id, octets[len(octets) - 4 : cut])
        assert heads.size_of_last == len(octets) - 4
        assert heads.give_back(stream_id) is None


def test_a_head_may_come_byte_by_byte() -> None:
    heads = StreamHeads()
    octets = encode_stream_head(UNI, 64)
    answers = [heads.feed(UNI, bytes((octet,))) for octet in octets]
    assert answers == [None] * (len(octets) - 1) + [(64, b"")]


@pytest.mark.parametrize(
    ("stream_id", "octets"),
    [
        (BIDI, GET),
        (BIDI, encode_stream_head(UNI, 0)),
        (UNI, encode_stream_head(BIDI, 0)),
        (UNI, b"\x00\x04\x00"),
        (UNI, bytes.fromhex("c0000000 00000021 aa")),
    ],
    ids=["a request", "the other kind", "the other kind, too", "control", "unknown"],
)
def test_any_other_stream_is_given_back_with_all_its_bytes(stream_id: int, octets: bytes) -> None:
    for cut in range(1, len(octets)):
        heads = StreamHeads()
        first = heads.feed(stream_id, octets[:cut])
        assert first == (None, octets[:cut]) or (
            first is None and heads.feed(stream_id, octets[cut:]) == (None, octets)
        )


def test_a_type_may_be_written_longer_than_it_need_be() -> None:
    octets = bytes.fromhex("80000041 04") + b"data"
    assert StreamHeads().feed(BIDI, octets) == (4, b"data")


def test_what_is_undecided_for_long_is_late() -> None:
    heads = StreamHeads()
    heads.feed(UNI, b"\x40")
    assert list(heads.late(100.0, 30.0)) == []
    assert list(heads.late(130.0, 30.0)) == []
    assert list(heads.late(130.1, 30.0)) == [UNI]
    assert heads.give_back(UNI) == b"\x40"
    assert list(heads.late(200.0, 30.0)) == []
