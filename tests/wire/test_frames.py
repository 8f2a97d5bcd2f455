"""Frames, whole and cut anywhere: RFC 9114 §7, with the rows of the requirements list in names."""

from __future__ import annotations

from itertools import accumulate, combinations_with_replacement, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.errors import ErrorCode, Http3ConnectionError
from h3producer.wire.frames import (
    RESERVED_FRAME_TYPES,
    FrameReader,
    FrameTooLarge,
    FrameType,
    StreamType,
    encode_data_header,
    encode_frame,
    encode_frame_header,
    encode_goaway,
    find_sole_frame,
    parse_id_payload,
    parse_priority_update,
)
from h3producer.wire.varint import MAX_VARINT, encode_varint

DATA, HEADERS, GREASE = FrameType.DATA, FrameType.HEADERS, 0x21

Frames = list[tuple[int, bytes | None]]


def request_reader(max_payload: int = 1000) -> FrameReader:
    return FrameReader({HEADERS}, {DATA}, max_payload=max_payload)


def read(reader: FrameReader, *chunks: bytes) -> Frames:
    """All that comes out, with the pieces of one DATA frame left as they are."""
    return [frame for chunk in chunks for frame in reader.feed(chunk)]


def joined(frames: Frames) -> Frames:
    """The frames with neighbouring pieces of DATA put together."""
    result: Frames = []
    for frame_type, payload in frames:
        if result and frame_type == DATA == result[-1][0] and payload is not None:
            result[-1] = (DATA, (result[-1][1] or b"") + payload)
        else:
            result.append((frame_type, payload))
    return result


def long_varint(value: int) -> bytes:
    return (value | 0xC000_0000_0000_0000).to_bytes(8, "big")


# Writing


def test_interim_100_is_the_six_octets_of_kestrel() -> None:
    assert encode_frame(HEADERS, b"\x00\x00\xff\x00").hex() == "01040000ff00"


def test_empty_settings_are_two_octets() -> None:
    assert encode_frame(FrameType.SETTINGS, b"").hex() == "0400"


def test_a_frame_type_of_four_octets_comes_before_the_length() -> None:
    header = encode_frame_header(FrameType.PRIORITY_UPDATE, 300)
    assert header.hex() == "800f0700412c"


@pytest.mark.parametrize("length", [0, 1, 63, 64, 16_384, 1 << 30])
def test_a_data_header_is_that_of_any_frame(length: int) -> None:
    assert encode_data_header(length) == encode_frame_header(DATA, length)


def test_row60_goaway_takes_the_largest_request_stream() -> None:
    assert encode_goaway((1 << 62) - 4).hex() == "0708fffffffffffffffc"


def test_the_registries_have_the_numbers_of_the_rfcs() -> None:
    assert [int(kind) for kind in StreamType] == [0, 1, 2, 3]
    assert {int(kind) for kind in FrameType}.isdisjoint(RESERVED_FRAME_TYPES)


# The payload that is one integer


@pytest.mark.parametrize("value", [0, 64, MAX_VARINT])
def test_an_id_payload_is_its_integer(value: int) -> None:
    assert parse_id_payload(FrameType.GOAWAY, encode_varint(value)) == value


@pytest.mark.parametrize(
    ("frame_type", "payload"),
    [
        pytest.param(FrameType.GOAWAY, "", id="row31-goaway-without-payload"),
        pytest.param(FrameType.GOAWAY, "0000", id="row32-goaway-with-more"),
        pytest.param(FrameType.MAX_PUSH_ID, "", id="row33-max-push-id-without-payload"),
        pytest.param(FrameType.MAX_PUSH_ID, "0101", id="row34-max-push-id-with-more"),
        pytest.param(FrameType.CANCEL_PUSH, "", id="row35-cancel-push-without-payload"),
        pytest.param(FrameType.MAX_PUSH_ID, "c000", id="row36-max-push-id-cut"),
    ],
)
def test_anything_else_than_one_integer_is_a_frame_error(frame_type: int, payload: str) -> None:
    with pytest.raises(Http3ConnectionError) as caught:
        parse_id_payload(frame_type, bytes.fromhex(payload))
    assert caught.value.error_code is ErrorCode.H3_FRAME_ERROR


def test_row325_a_priority_update_is_an_identifier_and_a_text() -> None:
    assert parse_priority_update(bytes.fromhex("4100 753d31")) == (0x100, b"u=1")


@pytest.mark.parametrize("payload", ["", "41"], ids=["nothing", "cut"])
def test_row332_a_priority_update_without_identifier_is_a_frame_error(payload: str) -> None:
    with pytest.raises(Http3ConnectionError) as caught:
        parse_priority_update(bytes.fromhex(payload))
    assert caught.value.error_code is ErrorCode.H3_FRAME_ERROR


# Reading, at every cut

STREAMS: list[tuple[str, bytes, Frames]] = [
    ("nothing", b"", []),
    ("one-headers", encode_frame(HEADERS, b"abc"), [(HEADERS, b"abc")]),
    ("empty-headers", encode_frame(HEADERS, b""), [(HEADERS, b"")]),
    ("row67-empty-data-first", encode_frame(DATA, b""), [(DATA, b"")]),
    ("row73-window-update", encode_frame(0x08, b"\0\0\0\1"), [(0x08, None)]),
    ("row74-continuation", encode_frame(0x09, b""), [(0x09, None)]),
    (
        "row77-unknown-before-headers",
        encode_frame(GREASE, b"xyz") + encode_frame(HEADERS, b"a"),
        [(GREASE, None), (HEADERS, b"a")],
    ),
    (
        "row78-row79-unknown-between-and-after",
        encode_frame(HEADERS, b"a")
        + encode_frame(GREASE, b"")
        + encode_frame(DATA, b"body")
        + encode_frame(GREASE, b"x"),
        [(HEADERS, b"a"), (GREASE, None), (DATA, b"body"), (GREASE, None)],
    ),
    (
        "row80-unknown-after-trailers",
        encode_frame(HEADERS, b"a") + encode_frame(HEADERS, b"t") + encode_frame(GREASE, b"x"),
        [(HEADERS, b"a"), (HEADERS, b"t"), (GREASE, None)],
    ),
    (
        "row82-long-varints",
        b"".join(
            long_varint(kind) + long_varint(len(payload)) + payload
            for kind, payload in ((HEADERS, b"a"), (GREASE, b"b"), (DATA, b"c"))
        ),
        [(HEADERS, b"a"), (GREASE, None), (DATA, b"c")],
    ),
    (
        "two-octet-length",
        encode_frame(HEADERS, bytes(80)) + encode_frame(DATA, b"z" * 70),
        [(HEADERS, bytes(80)), (DATA, b"z" * 70)],
    ),
]
EVERY_STREAM = pytest.mark.parametrize(
    ("stream", "frames"),
    [pytest.param(stream, frames, id=name) for name, stream, frames in STREAMS],
)


@EVERY_STREAM
def test_a_stream_in_one_chunk_gives_its_frames(stream: bytes, frames: Frames) -> None:
    reader = request_reader()
    assert read(reader, stream) == frames
    assert reader.at_boundary


@EVERY_STREAM
def test_row83_cut_twice_anywhere_it_gives_the_same_frames(stream: bytes, frames: Frames) -> None:
    for first, second in combinations_with_replacement(range(len(stream) + 1), 2):
        reader = request_reader()
        given_out = read(reader, stream[:first], stream[first:second], stream[second:])
        assert joined(given_out) == frames
        assert reader.at_boundary


@EVERY_STREAM
def test_row26_octet_by_octet_it_gives_the_same_frames(stream: bytes, frames: Frames) -> None:
    reader = request_reader()
    assert joined(read(reader, *[bytes((octet,)) for octet in stream])) == frames
    assert reader.at_boundary


@pytest.mark.parametrize(
    "cut",
    [
        pytest.param("01", id="in-a-header"),
        pytest.param("0140", id="in-a-length"),
        pytest.param("0105aabb", id="row84-in-headers"),
        pytest.param("0005aabb", id="row85-in-data"),
        pytest.param("2105aabb", id="row86-in-an-unknown-frame"),
        pytest.param("0005", id="row87-after-a-data-header"),
    ],
)
def test_inside_of_a_frame_is_no_boundary(cut: str) -> None:
    reader = request_reader()
    read(reader, bytes.fromhex(cut))
    assert not reader.at_boundary


FRAMES = st.lists(
    st.tuples(st.sampled_from([DATA, HEADERS, GREASE, 0x02, 1 << 40]), st.binary(max_size=90)),
    max_size=6,
)


@given(FRAMES, st.lists(st.integers(0, 600), max_size=6))
def test_frames_come_back_however_they_are_chunked(
    frames: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(encode_frame(kind, payload) for kind, payload in frames)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    chunks = [stream[start:end] for start, end in pairwise(edges)]
    expected: Frames = [(kind, p if kind in (DATA, HEADERS) else None) for kind, p in frames]
    assert joined(read(request_reader(), *chunks)) == joined(expected)


@given(FRAMES)
def test_only_between_frames_is_a_boundary(frames: list[tuple[int, bytes]]) -> None:
    encoded = [encode_frame(kind, payload) for kind, payload in frames]
    boundaries = set(accumulate(map(len, encoded), initial=0))
    stream = b"".join(encoded)
    for cut in range(len(stream) + 1):
        reader = request_reader()
        read(reader, stream[:cut])
        assert reader.at_boundary == (cut in boundaries)


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\x01\x11", b"\0\x03", b"\x01"])))
def test_any_bytes_give_frames_or_a_frame_too_large(chunks: list[bytes]) -> None:
    def outcome(*chunks: bytes) -> Frames | tuple[int, int]:
        try:
            return joined(read(request_reader(max_payload=16), *chunks))
        except FrameTooLarge as error:
            return error.frame_type, error.length

    assert outcome(*chunks) == outcome(b"".join(chunks))


def test_a_length_of_four_octets_is_never_taken_for_one_of_two() -> None:
    # Its first two octets, read as a length of two octets, would fit the chunk exactly.
    headers = b"\x01\x80\x00\x00\x64" + bytes(100)
    size = 3 + (0x8000 ^ 0x4000)
    data_length = size - len(headers) - 5
    data = b"\x00" + (0x8000_0000 | data_length).to_bytes(4, "big") + bytes(data_length)
    assert len(headers + data) == size
    frames = read(request_reader(max_payload=1 << 20), headers + data)
    assert frames == [(HEADERS, bytes(100)), (DATA, bytes(data_length))]


def test_a_type_of_two_octets_is_never_taken_for_one_of_one() -> None:
    reader = FrameReader({0x41}, max_payload=1000)
    assert read(reader, b"\x41\x01\x01") == [(0x101, None)]


# What is passed on, and what is held


def test_a_chunk_inside_of_a_data_frame_is_passed_on_as_the_very_object() -> None:
    reader = request_reader()
    read(reader, encode_data_header(3000))
    chunk = bytes(1200)
    ((_, piece),) = reader.feed(chunk)
    assert piece is chunk


def test_a_chunk_that_ends_a_data_frame_is_passed_on_as_the_very_object() -> None:
    reader = request_reader()
    read(reader, encode_data_header(1200))
    chunk = bytes(1200)
    ((_, piece),) = reader.feed(chunk)
    assert piece is chunk
    assert reader.at_boundary


def test_an_empty_chunk_gives_nothing_anywhere() -> None:
    reader = request_reader()
    assert read(reader, b"", encode_data_header(2), b"", b"x", b"") == [(DATA, b""), (DATA, b"x")]


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 16383])
def test_a_frame_that_comes_alone_is_found(length: int) -> None:
    frame = encode_frame(HEADERS, bytes(length))
    offset = find_sole_frame(frame, HEADERS)
    assert frame[offset:] == bytes(length) if length else offset in (0, 2)


@given(st.binary(max_size=80))
def test_whatever_comes_a_sole_frame_is_what_the_reader_finds(octets: bytes) -> None:
    """With the type HEADERS in front, so that there is something to be found."""
    octets = b"\x01" + octets
    offset = find_sole_frame(octets, HEADERS)
    if offset:
        reader = FrameReader((HEADERS,), max_payload=1 << 20)
        assert list(reader._frames(octets)) == [(HEADERS, octets[offset:])]
        assert reader.at_boundary


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x01",
        b"\x01\x02x",
        b"\x01\x01xy",
        b"\x00\x01x",
        b"\x01\x40",
        b"\x40\x01\x01x",
        b"\x01\x80\x00\x00\x01x",
    ],
)
def test_what_is_cut_goes_on_or_is_spelled_at_length_is_no_sole_frame(octets: bytes) -> None:
    assert find_sole_frame(octets, HEADERS) == 0


def test_a_data_header_alone_is_told_at_once() -> None:
    assert read(request_reader(), encode_data_header(5)) == [(DATA, b"")]


def test_a_data_header_with_content_is_not_told_twice() -> None:
    assert read(request_reader(), encode_frame(DATA, b"hello")) == [(DATA, b"hello")]


def test_an_unknown_frame_is_told_before_its_payload_is_there() -> None:
    assert read(request_reader(), encode_frame_header(GREASE, 1 << 40)) == [(GREASE, None)]


@pytest.mark.parametrize("size", [65_536, 100_000], ids=["row81", "row18"])
def test_a_large_unknown_frame_is_counted_away_and_not_held(size: int) -> None:
    reader = request_reader(max_payload=100)
    frames = read(reader, encode_frame_header(GREASE, size), *[bytes(1000)] * (size // 1000))
    assert frames == [(GREASE, None)]
    assert len(reader._held) == 0
    read(reader, bytes(size % 1000))
    assert reader.at_boundary


@pytest.mark.parametrize("frame_type", [GREASE, DATA], ids=["row409-row412", "row410"])
def test_thirty_thousand_empty_frames_hold_nothing(frame_type: int) -> None:
    reader = request_reader()
    assert len(read(reader, encode_frame(frame_type, b"") * 30_000)) == 30_000
    assert len(reader._held) == 0


def test_row411_one_octet_data_frames_come_one_by_one() -> None:
    stream = encode_frame(DATA, b"x") * 20_000
    assert read(request_reader(), stream) == [(DATA, b"x")] * 20_000


# Frames that are too large


@pytest.mark.parametrize(
    ("frame_type", "length"),
    [(HEADERS, 1 << 30), (FrameType.SETTINGS, 1 << 30), (HEADERS, 101)],
    ids=["row407", "row408", "one-too-many"],
)
def test_a_frame_too_large_is_refused_by_its_header(frame_type: int, length: int) -> None:
    reader = FrameReader({HEADERS, FrameType.SETTINGS}, max_payload=100)
    with pytest.raises(FrameTooLarge) as caught:
        read(reader, encode_frame_header(frame_type, length) + bytes(50))
    error = caught.value
    assert (error.frame_type, error.length, error.limit) == (frame_type, length, 100)
    assert error.error_code is ErrorCode.H3_EXCESSIVE_LOAD
    assert len(reader._held) == 0


def test_a_frame_too_large_is_refused_even_if_it_is_all_there() -> None:
    with pytest.raises(FrameTooLarge):
        read(request_reader(max_payload=10), encode_frame(HEADERS, bytes(11)))


def test_a_frame_as_large_as_allowed_is_taken_in_one_chunk_and_in_many() -> None:
    frame = encode_frame(HEADERS, bytes(10))
    assert read(request_reader(max_payload=10), frame) == [(HEADERS, bytes(10))]
    assert read(request_reader(max_payload=10), frame[:5], frame[5:]) == [(HEADERS, bytes(10))]


def test_the_frames_before_a_frame_too_large_are_given_first() -> None:
    frames = iter(
        request_reader(max_payload=10).feed(
            encode_frame(HEADERS, b"first") + encode_frame_header(HEADERS, 11)
        )
    )
    assert next(frames) == (HEADERS, b"first")
    with pytest.raises(FrameTooLarge):
        next(frames)


def test_data_has_no_limit() -> None:
    reader = request_reader(max_payload=10)
    assert read(reader, encode_data_header(MAX_VARINT)) == [(DATA, b"")]


# Taking the frames late


def test_the_iterable_owns_the_rest_until_it_is_taken() -> None:
    reader = request_reader()
    frames = iter(reader.feed(encode_frame(HEADERS, b"a") + encode_frame(DATA, b"b")))
    assert next(frames) == (HEADERS, b"a")
    assert not reader.at_boundary
    assert list(frames) == [(DATA, b"b")]
    assert reader.at_boundary


def test_feeding_before_the_last_frames_are_taken_is_refused() -> None:
    reader = request_reader()
    reader.feed(encode_frame(HEADERS, b"a") + encode_frame(DATA, b"b"))
    with pytest.raises(RuntimeError, match="have not all been taken"):
        reader.feed(b"")


def test_after_a_frame_too_large_the_reader_takes_nothing_more() -> None:
    reader = request_reader(max_payload=1)
    with pytest.raises(FrameTooLarge):
        read(reader, encode_frame(HEADERS, b"aa"))
    with pytest.raises(RuntimeError):
        reader.feed(encode_frame(HEADERS, b"a"))
