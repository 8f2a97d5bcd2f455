"""The suite's own octets against the examples of the RFCs: a judge must not misspell."""

from __future__ import annotations

import pytest

from tests.conformance.cases.qpack_streams import (
    acknowledgment,
    cancellation,
    capacity,
    duplicate,
    increment,
    insertion,
    named_insertion,
)
from tests.conformance.inbox import Cutter, pull_varint
from tests.conformance.octets import (
    Kind,
    encoded_insert_count,
    frame,
    integer,
    name_reference,
    post_base,
    prefix,
    varint,
)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ("c2197c5eff14e88c", 151_288_809_941_952_652),
        ("9d7f3e7d", 494_878_333),
        ("7bbd", 15_293),
        ("25", 37),
    ],
)
def test_the_integers_of_rfc_9000_appendix_a1(spelling: str, value: int) -> None:
    octets = bytes.fromhex(spelling)
    assert (varint(value), pull_varint(octets, 0)) == (octets, (value, len(octets)))


def test_an_integer_may_be_longer_than_it_need_be() -> None:
    assert varint(37, 2).hex() == "4025"


def test_the_integers_of_rfc_7541_appendix_c1() -> None:
    assert (integer(10, 5).hex(), integer(1337, 5).hex()) == ("0a", "1f9a0a")


def test_a_literal_with_name_reference_of_rfc_9204_appendix_b1() -> None:
    section = prefix() + name_reference(1, b"/index.html")
    assert section.hex() == "0000" + "510b2f696e6465782e68746d6c"


def test_the_dynamic_table_of_rfc_9204_appendix_b2() -> None:
    said = capacity(220)
    said += named_insertion(0, b"www.example.com", static=True)
    said += named_insertion(1, b"/sample/path", static=True)
    assert said.hex() == (
        "3fbd01" + "c00f7777772e6578616d706c652e636f6d" + "c10c2f73616d706c652f70617468"
    )
    section = prefix(encoded_insert_count(2, 220 // 32), 1, sign=True) + post_base(0) + post_base(1)
    assert section.hex() == "0381" + "10" + "11"
    assert acknowledgment(4).hex() == "84"


def test_the_other_instructions_of_rfc_9204_appendix_b() -> None:
    assert insertion(b"custom-key", b"custom-value").hex() == (
        "4a637573746f6d2d6b6579" + "0c637573746f6d2d76616c7565"
    )
    assert (increment(1).hex(), duplicate(2).hex(), cancellation(8).hex()) == ("01", "02", "48")


def test_a_frame_may_lie_about_its_length() -> None:
    assert frame(Kind.DATA, b"abc", length=100).hex() == "004064" + "616263"


def test_frames_come_out_whole_however_they_are_cut() -> None:
    octets = frame(Kind.HEADERS, b"abc") + frame(Kind.UNKNOWN, b"", size=8) + frame(Kind.DATA, b"d")
    cutter = Cutter()
    frames = [each for octet in octets for each in cutter.feed(bytes((octet,)))]
    assert frames == [(Kind.HEADERS, b"abc"), (Kind.UNKNOWN, b""), (Kind.DATA, b"d")]
    assert not cutter.left


def test_a_frame_that_has_not_ended_is_left() -> None:
    cutter = Cutter()
    assert cutter.feed(frame(Kind.DATA, b"abc", length=4)) == []
    assert bytes(cutter.left) == b"\x00\x04abc"
