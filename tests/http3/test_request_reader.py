"""The bytes of a request stream, and what is made of them, however they are cut.

Every row also comes one byte at a time and cut once at every place: the outcome is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import Http3ConnectionError, Http3StreamError
from h3producer.http3.load import ConnectionLoad
from h3producer.http3.request_reader import RequestReader
from h3producer.http3.request_sections import RequestSections
from h3producer.http3.state import RequestState
from h3producer.wire.frames import encode_frame
from h3producer.wire.qpack import FieldSectionDecoder
from h3producer.wire.received import OversizedSection
from tests.http3.harness import CONFIG, GET, POST, data, request, section, trailers

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields
    from h3producer.wire.request import Request

TRAILER = (b"checksum", b"1")
UNKNOWN = encode_frame(0x21, b"grease")
LENGTH_5 = request(b"POST", (b"content-length", b"5"))


class Heard:
    """A sink that remembers; content is joined, since how it is cut is no part of it."""

    def __init__(self) -> None:
        self.request: Request | None = None
        self.content = b""
        self.trailers: Fields | None = None
        self.is_whole = False

    def request_received(self, request: Request) -> None:
        assert self.request is None
        self.request = request

    def content_received(self, piece: bytes) -> None:
        assert piece
        assert self.request is not None
        self.content += piece

    def request_ended(self, trailers: Fields | None) -> None:
        assert not self.is_whole
        self.trailers = trailers
        self.is_whole = True


def new_reader(config: Config = CONFIG) -> RequestReader:
    sections = RequestSections(FieldSectionDecoder(), config)
    return RequestReader(0, sections, ConnectionLoad(config), config)


def outcome(chunks: list[bytes], *, end: bool = True, config: Config = CONFIG) -> object:
    """What a sink heard, or the error."""
    reader, heard = new_reader(config), Heard()
    try:
        for chunk in chunks[:-1]:
            reader.receive(chunk, False, heard)
        reader.receive(chunks[-1], end, heard)
    except OversizedSection as error:
        return error.args[0]
    except (Http3StreamError, Http3ConnectionError) as error:
        scope = "stream" if isinstance(error, Http3StreamError) else "connection"
        return f"{scope} {error.error_code.name}"
    assert len(heard.content) == reader.content_received
    assert reader.is_over == (reader.state is RequestState.ENDED) == heard.is_whole
    return (heard.content, heard.trailers, heard.is_whole)


def cuts(whole: bytes) -> list[list[bytes]]:
    """The bytes in one piece, one by one, and in two, cut at every place."""
    single = [whole[i : i + 1] for i in range(len(whole))] or [b""]
    return [[whole], single, *([whole[:i], whole[i:]] for i in range(len(whole) + 1))]


WHOLE = {
    "headers only": (GET, (b"", None, True)),
    "content": (POST + data(b"hello"), (b"hello", None, True)),
    "content in frames": (POST + data(b"hel") + data(b"") + data(b"lo"), (b"hello", None, True)),
    "trailers": (POST + data(b"x") + trailers(TRAILER), (b"x", [TRAILER], True)),
    "trailers, no content": (POST + trailers(TRAILER), (b"", [TRAILER], True)),
    "just its content-length": (LENGTH_5 + data(b"hel") + data(b"lo"), (b"hello", None, True)),
    "unknown frame before the headers": (UNKNOWN + GET, (b"", None, True)),
    "unknown frame before the content": (POST + UNKNOWN + data(b"x"), (b"x", None, True)),
    "unknown frame after the content": (POST + data(b"x") + UNKNOWN, (b"x", None, True)),
    "unknown frame after the trailers": (
        POST + trailers(TRAILER) + UNKNOWN,
        (b"", [TRAILER], True),
    ),
    "types and lengths in long varints": (
        b"\x40\x01\x80\x00\x00\x11" + GET[2:] + b"\x80\x00\x00\x00\x40\x01x",
        (b"x", None, True),
    ),
}


@pytest.mark.parametrize(("sent", "expected"), WHOLE.values(), ids=WHOLE)
def test_a_request_is_the_same_however_it_is_cut(sent: bytes, expected: object) -> None:
    for chunks in cuts(sent):
        assert outcome(chunks) == expected


FAULTS = {
    "no request": (b"", "stream H3_REQUEST_INCOMPLETE"),
    "only unknown frames": (UNKNOWN, "stream H3_REQUEST_INCOMPLETE"),
    "DATA before HEADERS": (data(b"x"), "connection H3_FRAME_UNEXPECTED"),
    "empty DATA before HEADERS": (data(b""), "connection H3_FRAME_UNEXPECTED"),
    "DATA after the trailers": (
        POST + trailers(TRAILER) + data(b"x"),
        "connection H3_FRAME_UNEXPECTED",
    ),
    "HEADERS after the trailers": (
        POST + trailers(TRAILER) + trailers(TRAILER),
        "connection H3_FRAME_UNEXPECTED",
    ),
    "a section that does not decode": (b"\x01\x03\x00\x00\xff", "connection QPACK"),
    "a malformed head": (section((b":method", b"GET")), "stream H3_MESSAGE_ERROR"),
    "malformed trailers": (POST + trailers((b"Upper", b"")), "stream H3_MESSAGE_ERROR"),
    "too much content": (LENGTH_5 + data(b"hello!"), "stream H3_MESSAGE_ERROR"),
    "too little content": (LENGTH_5 + data(b"hell"), "stream H3_MESSAGE_ERROR"),
    "no content": (LENGTH_5, "stream H3_MESSAGE_ERROR"),
    "the end in a frame type": (POST + b"\x40", "connection H3_FRAME_ERROR"),
    "the end in a frame length": (POST + b"\x00", "connection H3_FRAME_ERROR"),
    "the end after a DATA header": (POST + b"\x00\x05", "connection H3_FRAME_ERROR"),
    "the end in a DATA frame": (POST + data(b"hello")[:-1], "connection H3_FRAME_ERROR"),
    "the end in a HEADERS frame": (GET[:-1], "connection H3_FRAME_ERROR"),
    "the end in an unknown frame": (POST + UNKNOWN[:-1], "connection H3_FRAME_ERROR"),
} | {
    f"frame {frame_type:#x} {where}": (before + encode_frame(frame_type, b""), unexpected)
    # Rows 70 to 76, and PRIORITY_UPDATE, rows 328 and 329.
    for frame_type in (0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0D, 0xF0700, 0xF0701)
    for where, before in (("first", b""), ("after the headers", GET))
    for unexpected in ["connection H3_FRAME_UNEXPECTED"]
}


@pytest.mark.parametrize(("sent", "expected"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_the_same_however_it_is_cut(sent: bytes, expected: str) -> None:
    for chunks in cuts(sent):
        assert str(outcome(chunks)).startswith(expected)


def of_encoded_size(size: int) -> tuple[bytes, bytes]:
    """A field that makes `request` a section of so many octets; "\x7e" gains nothing by Huffman."""
    return (b"x", b"~" * (size - len(request(b"GET", (b"x", b""))) + 1))


def test_a_section_of_just_the_bound_is_taken_and_a_larger_one_is_not() -> None:
    config = Config(max_field_section_size=256)
    field = of_encoded_size(256)
    just = request(b"GET", field)
    assert just[:3] == bytes.fromhex("01 4100")  # 256 octets of payload
    for chunks in cuts(just):
        assert outcome(chunks, config=config) == (b"", None, True)
    larger = request(b"GET", (field[0], field[1] + b"~"))
    for head in (larger, GET + larger):
        for chunks in cuts(head):
            assert "has 257 bytes; at most 256" in str(outcome(chunks, config=config))


def test_a_section_of_just_the_decoded_bound_is_taken_and_a_larger_one_is_not() -> None:
    # :method GET (42), :scheme https (44), :authority h3.example (52), :path / (38): 176 bytes.
    config = Config(max_decoded_field_section_size=256)
    for chunks in cuts(request(b"GET", (b"x", b"y" * 47))):
        assert outcome(chunks, config=config) == (b"", None, True)
    for chunks in cuts(request(b"GET", (b"x", b"y" * 48))):
        assert "has 257 bytes; at most 256" in str(outcome(chunks, config=config))


@pytest.mark.parametrize("where", ["head", "trailers"])
def test_a_section_of_just_as_many_fields_is_taken_and_one_more_is_not(where: str) -> None:
    config = Config(max_fields=8)

    def sent(fields: int) -> bytes:
        if where == "head":
            return request(b"GET", *[(b"x", b"")] * (fields - 4))
        return POST + trailers(*[(b"x", b"")] * fields)

    assert isinstance(outcome([sent(8)], config=config), tuple)
    assert "has 9 fields; at most 8" in str(outcome([sent(9)], config=config))


def test_a_cookie_counts_once_however_it_is_cut() -> None:
    config = Config(max_fields=8)
    crumbs = [(b"cookie", b"a=1")] * 50
    others = [(b"x", b"")] * 3
    assert isinstance(outcome([request(b"GET", *crumbs, *others)], config=config), tuple)
    assert "has 9 fields" in str(
        outcome([request(b"GET", *crumbs, *others, (b"y", b""))], config=config)
    )


@pytest.mark.parametrize(
    ("setting", "frame"),
    [("max_unknown_frames_per_second", UNKNOWN), ("max_empty_data_frames_per_second", data(b""))],
)
def test_frames_that_are_worth_nothing_have_a_bound(setting: str, frame: bytes) -> None:
    config = Config(**{setting: 2})  # type: ignore[arg-type]
    for chunks in (cuts(POST + frame * 20)[0], cuts(POST + frame * 20)[1]):
        assert isinstance(outcome(chunks, config=config), tuple)
    for chunks in (cuts(POST + frame * 21)[0], cuts(POST + frame * 21)[1]):
        assert outcome(chunks, config=config) == "connection H3_EXCESSIVE_LOAD"


def test_a_data_frame_whose_content_comes_later_is_not_an_empty_one() -> None:
    config = Config(max_empty_data_frames_per_second=1)
    frame = data(b"x")
    chunks = [POST, *[frame[:2], frame[2:]] * 30]
    assert outcome(chunks, config=config) == (b"x" * 30, None, True)


def test_frames_of_64_kb_that_nobody_knows_are_not_kept() -> None:
    reader, heard = new_reader(), Heard()
    for _ in range(64):
        reader.receive(encode_frame(0x21, bytes(1024)), False, heard)
    assert reader._frames is not None
    assert reader._frames._held == b""


def test_a_request_without_an_end_is_not_whole() -> None:
    assert outcome([POST, data(b"hello")], end=False) == (b"hello", None, False)


def test_what_was_abandoned_is_not_read_on() -> None:
    reader, heard = new_reader(), Heard()
    reader.receive(POST, False, heard)
    reader.abandon()
    reader.abandon()
    reader.receive(data(b"hello") + b"\x04\x00", True, heard)
    assert reader.state is RequestState.ABORTED
    assert (heard.content, heard.is_whole) == (b"", False)


def test_a_request_that_is_whole_stays_whole_when_it_is_abandoned() -> None:
    reader = new_reader()
    reader.receive(GET, True, Heard())
    reader.abandon()
    assert reader.state is RequestState.ENDED


@pytest.mark.parametrize("sent", [b"", LENGTH_5])
def test_a_request_that_ended_badly_is_over_and_not_whole(sent: bytes) -> None:
    reader, heard = new_reader(), Heard()
    with pytest.raises(Http3StreamError):
        reader.receive(sent, True, heard)
    assert reader.state is RequestState.ABORTED
    assert not heard.is_whole


def test_too_much_content_is_not_passed_on() -> None:
    reader, heard = new_reader(), Heard()
    with pytest.raises(Http3StreamError):
        reader.receive(LENGTH_5 + data(b"hel") + data(b"lo!"), False, heard)
    assert heard.content == b"hel"
    assert reader.content_received == 3
