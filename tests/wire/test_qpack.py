"""QPACK with empty tables: RFC 9204, with the rows of the requirements list in names."""

from __future__ import annotations

import mmap
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3ConnectionError, Http3StreamError
from h3producer.wire.prefixed import encode_integer, encode_string
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

# RFC 9204 appendix A, the first and last entry of each stretch that matters.
STATIC_TABLE = {
    0: (b":authority", b""),
    1: (b":path", b"/"),
    15: (b":method", b"CONNECT"),
    17: (b":method", b"GET"),
    23: (b":scheme", b"https"),
    25: (b":status", b"200"),
    62: (b"x-xss-protection", b"1; mode=block"),
    63: (b":status", b"100"),
    71: (b":status", b"500"),
    98: (b"x-frame-options", b"sameorigin"),
}


def decode(section: str) -> Fields:
    return FieldSectionDecoder().decode(0, bytes.fromhex(section))


def encode(*fields: tuple[bytes, bytes]) -> str:
    return FieldSectionEncoder().encode(list(fields)).hex()


# Writing: the vectors of Kestrel's encoder


@pytest.mark.parametrize(
    ("field", "section"),
    [
        ((b":status", b"200"), "0000d9"),
        ((b":status", b"100"), "0000ff00"),
        ((b":status", b"503"), "0000dc"),
        ((b"content-type", b"application/json"), "0000ee"),
        ((b"accept-ranges", b"bytes"), "0000e0"),
    ],
)
def test_what_is_in_the_static_table_is_kestrels_octets(
    field: tuple[bytes, bytes], section: str
) -> None:
    assert encode(field) == section


@pytest.mark.parametrize(
    ("field", "ours", "kestrel"),
    [
        pytest.param((b":status", b"418"), "00005f09", "00005f0903343138", id="no-shorter"),
        pytest.param((b"content-type", b"application/custom"), "00005f1d8d", "", id="value"),
        pytest.param((b"translate", b"private"), "00002e", "", id="name-and-value"),
    ],
)
def test_strings_are_in_huffman_code_where_that_is_shorter(
    field: tuple[bytes, bytes], ours: str, kestrel: str
) -> None:
    section = encode(field)
    assert section.startswith(ours)
    assert section == kestrel or not kestrel
    assert decode(section) == [field]


def test_row220_a_repeated_field_is_never_put_into_a_table() -> None:
    encoder = FieldSectionEncoder()
    sections = {encoder.encode([(b"x-own", b"value")]) for _ in range(50)}
    assert len(sections) == 1
    assert FieldSectionDecoder().decode(0, sections.pop()) == [(b"x-own", b"value")]


def test_no_fields_are_a_prefix_alone_and_back() -> None:
    assert encode() == "0000"
    assert decode("0000") == []


@pytest.mark.parametrize("field", [(b"n" * 70_000, b"v"), (b"n", b"v" * 70_000)])
def test_a_name_or_value_too_long_for_pylsqpack_is_written_as_it_is(
    field: tuple[bytes, bytes],
) -> None:
    name, value = field
    section = FieldSectionEncoder().encode([(b":status", b"200"), field, (b"a", b"b")])
    literal = encode_string(name, 3, 0x20) + encode_string(value, 7, 0)
    assert section == b"\0\0\xd9" + literal + bytes.fromhex("21610162")


def test_a_value_of_just_the_length_pylsqpack_takes_is_written() -> None:
    assert len(FieldSectionEncoder().encode([(b"a", b"\xff" * 65_535)])) > 65_535


@pytest.mark.parametrize("field", [(b"", b"v"), ("a", b"b"), (b"a", "b")])
def test_what_no_section_can_say_is_a_value_error(field: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="header's name"):
        FieldSectionEncoder().encode([field])


NAMES = st.binary(min_size=1, max_size=40)
FIELDS = st.lists(st.tuples(NAMES, st.binary(max_size=80)), max_size=6)


@given(FIELDS)
def test_what_is_encoded_is_decoded(fields: Fields) -> None:
    assert FieldSectionDecoder().decode(4, FieldSectionEncoder().encode(fields)) == fields


# Reading


@pytest.mark.parametrize("index", STATIC_TABLE)
def test_row187_an_index_into_the_static_table_is_understood(index: int) -> None:
    section = b"\0\0" + encode_integer(index, 6, 0xC0)
    assert FieldSectionDecoder().decode(0, section) == [STATIC_TABLE[index]]


@pytest.mark.parametrize("index", STATIC_TABLE)
def test_row187_a_name_reference_into_the_static_table_is_understood(index: int) -> None:
    section = b"\0\0" + encode_integer(index, 4, 0x50) + b"\1v"
    assert FieldSectionDecoder().decode(0, section) == [(STATIC_TABLE[index][0], b"v")]


@pytest.mark.parametrize(
    ("section", "fields"),
    [
        pytest.param("000021610162", [(b"a", b"b")], id="plain-literal"),
        pytest.param("0000216100", [(b"a", b"")], id="row188-empty-value"),
        pytest.param("00005180", [(b":path", b"")], id="row188-empty-huffman-value"),
        pytest.param("0000291f811f", [(b"a", b"a")], id="row188-huffman-strings"),
        pytest.param("000031610162", [(b"a", b"b")], id="row201-never-indexed-literal"),
        pytest.param("00007103782f79", [(b":path", b"x/y")], id="row201-never-indexed-name"),
        pytest.param("0005d9", [(b":status", b"200")], id="base-without-meaning"),
        pytest.param("007fe10fd9", [(b":status", b"200")], id="base-of-several-octets"),
        pytest.param("0005", [], id="base-and-no-fields"),
    ],
)
def test_a_legal_section_is_understood(section: str, fields: Fields) -> None:
    assert decode(section) == fields


UNDECODABLE = [
    pytest.param("0000ff24", id="row189-static-index-99"),
    pytest.param("00005f5400", id="static-name-99"),
    pytest.param("000080", id="row190-dynamic-index"),
    pytest.param("00004000", id="row190-dynamic-name"),
    pytest.param("000010", id="row191-post-base-index"),
    pytest.param("00000000", id="row191-post-base-name"),
    pytest.param("0100d9", id="row192-required-insert-count-1"),
    pytest.param("ff00d9", id="row192-required-insert-count-255"),
    pytest.param("fffffff0d9", id="row192-of-several-octets"),
    pytest.param("0080d9", id="row193-sign-bit"),
    pytest.param("0085d9", id="row193-sign-bit-and-delta"),
    pytest.param("0080", id="row193-and-no-fields"),
    pytest.param("", id="row194-empty"),
    pytest.param("00", id="row195-prefix-cut"),
    pytest.param("02", id="row195-prefix-cut-after-a-count"),
    pytest.param("007f", id="base-cut"),
    pytest.param("007fffffffffffffffffff7fd9", id="base-beyond-62-bits"),
    pytest.param("0000510561", id="row196-value-cut"),
    pytest.param("00002161", id="row196-no-value"),
    pytest.param("000027a861", id="row197-name-longer-than-the-section"),
    pytest.param("0000ffffffffffffffffffff7f", id="row198-index-beyond-62-bits"),
    pytest.param("000027ffffffffffffffffff7f61", id="row198-length-beyond-62-bits"),
    pytest.param("00002161821fff", id="row199-padding-of-more-than-7-bits"),
    pytest.param("000021618118", id="row200-padding-of-zeros"),
    pytest.param("0000d9ff", id="index-cut"),
    pytest.param("ff24200176", id="a-prefix-is-no-line"),
]


@pytest.mark.parametrize("section", UNDECODABLE)
def test_a_section_that_cannot_be_decoded_breaks_the_connection(section: str) -> None:
    with pytest.raises(Http3ConnectionError) as caught:
        decode(section)
    assert caught.value.error_code is ErrorCode.QPACK_DECOMPRESSION_FAILED
    assert "stream 0 " in str(caught.value)


@pytest.mark.parametrize(
    "section",
    [
        pytest.param("0000200176", id="alone"),
        pytest.param("0000d9200176", id="behind-another"),
        pytest.param("000521610162280176", id="huffman-and-behind-a-base"),
        pytest.param("0000200176d9", id="before-another"),
    ],
)
def test_row135_an_empty_name_breaks_only_the_stream(section: str) -> None:
    with pytest.raises(Http3StreamError) as caught:
        decode(section)
    assert caught.value.error_code is ErrorCode.H3_MESSAGE_ERROR


@pytest.mark.parametrize("section", ["0000ff24200176", "000080200176", "0000216181ff200176"])
def test_an_empty_name_behind_a_broken_line_excuses_nothing(section: str) -> None:
    with pytest.raises(Http3ConnectionError, match="QPACK_DECOMPRESSION_FAILED"):
        decode(section)


def test_the_decoder_serves_on_after_a_stream_error() -> None:
    decoder = FieldSectionDecoder()
    for _ in range(3):
        with pytest.raises(Http3StreamError):
            decoder.decode(0, bytes.fromhex("0000d9200176"))
        assert decoder.decode(0, b"\0\0\xd9") == [(b":status", b"200")]


def test_row405_an_octet_decodes_to_one_static_entry_at_most() -> None:
    assert decode("0000" + "d9" * 1000) == [(b":status", b"200")] * 1000


def test_a_section_is_the_same_at_every_cut_or_undecodable() -> None:
    fields = [(b":status", b"200"), (b"content-type", b"a/b"), (b"x-own", b"value")]
    section = FieldSectionEncoder().encode(fields)
    for cut in range(len(section)):
        try:
            decoded = FieldSectionDecoder().decode(0, section[:cut])
        except Http3ConnectionError:
            continue
        assert decoded == fields[: len(decoded)]
        assert len(decoded) < len(fields)


LINES = st.one_of(
    st.sampled_from(sorted(STATIC_TABLE)).map(
        lambda index: (encode_integer(index, 6, 0xC0), STATIC_TABLE[index])
    ),
    st.tuples(
        st.sampled_from(sorted(STATIC_TABLE)), st.sampled_from([0x50, 0x70]), st.binary(max_size=9)
    ).map(
        lambda line: (
            encode_integer(line[0], 4, line[1]) + encode_string(line[2], 7, 0),
            (STATIC_TABLE[line[0]][0], line[2]),
        )
    ),
    st.tuples(NAMES, st.sampled_from([0x20, 0x30]), st.binary(max_size=150)).map(
        lambda line: (
            encode_string(line[0], 3, line[1]) + encode_string(line[2], 7, 0),
            (line[0], line[2]),
        )
    ),
)


@given(st.lists(LINES, max_size=6), st.integers(0, 1 << 40))
def test_any_legal_lines_behind_any_base_are_understood(
    lines: list[tuple[bytes, tuple[bytes, bytes]]], base: int
) -> None:
    section = b"\0" + encode_integer(base, 7, 0) + b"".join(line for line, _ in lines)
    assert FieldSectionDecoder().decode(0, section) == [field for _, field in lines]


@given(st.binary(max_size=40), st.booleans())
def test_any_bytes_give_fields_or_a_documented_error(octets: bytes, prefixed: bool) -> None:
    section = b"\0\0" + octets if prefixed else octets
    try:
        fields = FieldSectionDecoder().decode(0, section)
    except Http3ConnectionError as error:
        code = error.error_code
        assert_is(code, ErrorCode.QPACK_DECOMPRESSION_FAILED)
    except Http3StreamError as error:
        assert_is(error.error_code, ErrorCode.H3_MESSAGE_ERROR)
    else:
        assert all(name for name, _ in fields)


def assert_is(code: ErrorCode, expected: ErrorCode) -> None:
    assert code is expected


# The peer's encoder stream

FORBIDDEN_INSTRUCTIONS = [
    pytest.param("3fe11f", id="row202-capacity-4096"),
    pytest.param("21", id="row202-capacity-1"),
    pytest.param("3fe1c7afa025", id="row203-capacity-10-to-the-10"),
    pytest.param("41610162", id="row204-insertion"),
    pytest.param("c10162", id="row204-insertion-with-a-static-name"),
    pytest.param("800162", id="row205-insertion-with-a-name-that-is-not-there"),
    pytest.param("00", id="row205-duplicate-of-nothing"),
    pytest.param("3fffffffffffffffffffff7f", id="row206-integer-beyond-62-bits"),
    pytest.param("5fe11f", id="row207-entry-larger-than-the-capacity"),
]


@pytest.mark.parametrize("instruction", FORBIDDEN_INSTRUCTIONS)
def test_an_instruction_that_needs_a_table_breaks_the_connection(instruction: str) -> None:
    octets = bytes.fromhex(instruction)
    for cut in range(1, len(octets) + 1):
        with pytest.raises(Http3ConnectionError) as caught:
            feed_encoder_stream(b"\x20", octets[:cut], octets[cut:])
        assert caught.value.error_code is ErrorCode.QPACK_ENCODER_STREAM_ERROR


def feed_encoder_stream(*chunks: bytes) -> None:
    decoder = FieldSectionDecoder()
    for chunk in chunks:
        decoder.feed_encoder_stream(chunk)


def test_a_capacity_of_0_may_be_set_as_often_as_one_likes() -> None:
    feed_encoder_stream(b"", b"\x20", b"\x20" * 1000)


def test_a_capacity_of_0_does_not_hide_an_insertion() -> None:
    with pytest.raises(Http3ConnectionError):
        feed_encoder_stream(b"\x20\x20\x41\x61\x01\x62\x20")


# The peer's decoder stream


def feed_decoder_stream(*chunks: bytes) -> FieldSectionEncoder:
    encoder = FieldSectionEncoder()
    for chunk in chunks:
        encoder.feed_decoder_stream(chunk)
    return encoder


@pytest.mark.parametrize(
    "instruction",
    [
        pytest.param("01", id="row208-increment"),
        pytest.param("00", id="row208-increment-by-0"),
        pytest.param("3f00", id="row208-large-increment"),
        pytest.param("80", id="row209-section-acknowledgment"),
        pytest.param("ff00", id="row209-of-a-large-stream-id"),
        pytest.param("7fffffffffffffffffff7f", id="row210-beyond-62-bits"),
        pytest.param("7fc1ffffffffffffff3f", id="row210-one-beyond-62-bits"),
        pytest.param("7f80808080808080808080", id="row210-without-end"),
    ],
)
def test_an_instruction_about_nothing_breaks_the_connection(instruction: str) -> None:
    octets = bytes.fromhex(instruction)
    for cut in range(len(octets)):
        with pytest.raises(Http3ConnectionError) as caught:
            feed_decoder_stream(b"\x44", octets[:cut], octets[cut:])
        assert caught.value.error_code is ErrorCode.QPACK_DECODER_STREAM_ERROR


def test_row211_stream_cancellations_are_harmless_at_every_cut() -> None:
    ids = [0, 4, 62, 63, 64, 1 << 20, (1 << 62) - 4]
    stream = b"".join(encode_integer(stream_id, 6, 0x40) for stream_id in ids)
    for cut in range(len(stream) + 1):
        encoder = feed_decoder_stream(stream[:cut], stream[cut:])
        assert encoder._held == b""
    assert feed_decoder_stream(*[bytes((octet,)) for octet in stream])._held == b""


def test_row416_twenty_thousand_cancellations_hold_nothing() -> None:
    stream = b"".join(encode_integer(4 * index, 6, 0x40) for index in range(20_000))
    assert feed_decoder_stream(stream[:33_333], stream[33_333:])._held == b""


@given(st.lists(st.binary(max_size=12), max_size=4))
def test_any_bytes_hold_less_than_ten_octets_or_break_the_connection(chunks: list[bytes]) -> None:
    try:
        encoder = feed_decoder_stream(*chunks)
    except Http3ConnectionError as error:
        assert_is(error.error_code, ErrorCode.QPACK_DECODER_STREAM_ERROR)
    else:
        assert len(encoder._held) < 10


# pylsqpack keeps nothing

STATM = Path("/proc/self/statm")


def resident_kib() -> int:
    return int(STATM.read_text().split()[1]) * mmap.PAGESIZE // 1024


@pytest.mark.skipif(not STATM.exists(), reason="needs Linux to look at the process")
def test_three_thousand_sections_and_failures_do_not_grow_the_process() -> None:
    encoder, decoder = FieldSectionEncoder(), FieldSectionDecoder()
    fields = [(b":status", b"200"), (b"x-own", b"v" * 2000)]
    literal = encode_string(b"x-own", 3, 0x20) + encode_string(b"v" * 2000, 7, 0)

    def work() -> None:
        for stream_id in range(0, 12_000, 4):
            decoder.decode(stream_id, encoder.encode(fields))
            with suppress(Http3ConnectionError):
                decoder.decode(stream_id, b"\0\0" + literal + b"\xff\x24")

    work()
    before = resident_kib()
    work()
    assert resident_kib() - before < 2048  # a section kept each time would be 6000
