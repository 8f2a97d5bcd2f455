"""Any bytes, at any place → an integer and where it ends, or that it is cut or too large.

Covers `wire/varint.py` and `wire/prefixed.py`. Allowed: ValueError of a prefixed integer that has
more than 62 bits. A second opinion on varints is aioquic's, written in C.
"""

from __future__ import annotations

from aioquic._buffer import Buffer, BufferReadError

from h3producer.wire.prefixed import encode_integer, encode_string, pull_integer, skip_string
from h3producer.wire.varint import MAX_VARINT, encode_varint, pull_varint
from tests.fuzz.choices import Choices

__all__ = ["SEEDS", "fuzz"]

SEEDS = {
    "one of each size": bytes.fromhex("00 07 25 7bbd 9d7f3e7d c2197c5eff14e88c"),
    "a long form of a small number": bytes.fromhex("00 07 4001 80000001 c000000000000001"),
    "cut": bytes.fromhex("01 03 c2197c"),
    "prefixed, 1337": bytes.fromhex("00 05 1f9a0a"),
    "prefixed, the largest": bytes.fromhex("00 03 07 f8ffffffffffffff3f"),
    "prefixed, one larger": bytes.fromhex("00 03 07 f9ffffffffffffff3f"),
    "prefixed, without end": bytes.fromhex("00 07 7f") + b"\x80" * 20,
    "a string": bytes.fromhex("00 07 03 616263"),
}


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    offset = choices.below(4)
    bits = 3 + choices.below(5)
    octets = choices.rest()
    check_varint(octets, offset)
    check_prefixed(octets, offset, bits)


def check_varint(octets: bytes, offset: int) -> None:
    pulled = pull_varint(octets, offset)
    try:
        second = Buffer(data=octets[offset:]).pull_uint_var()
    except BufferReadError:
        assert pulled is None
        return
    assert pulled is not None
    value, end = pulled
    assert value == second
    assert offset < end <= len(octets)
    shortest = encode_varint(value)
    assert len(shortest) <= end - offset
    assert pull_varint(shortest, 0) == (value, len(shortest))


def check_prefixed(octets: bytes, offset: int, bits: int) -> None:
    try:
        pulled = pull_integer(octets, offset, bits)
        end_of_string = skip_string(octets, offset, bits)
    except ValueError:
        return  # allowed: more than 62 bits
    if pulled is None:
        assert end_of_string is None
        return
    value, end = pulled
    assert 0 <= value <= MAX_VARINT
    assert offset < end <= len(octets)
    shortest = encode_integer(value, bits, 0)
    assert pull_integer(shortest, 0, bits) == (value, len(shortest))
    if end_of_string is None:
        assert end + value > len(octets)
    else:
        string = encode_string(octets[end:end_of_string], bits, 0)
        assert skip_string(string, 0, bits) == len(string)
