"""Heads that came before are known by their octets; nothing else about them is different."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.errors import Http3StreamError
from h3producer.http3.request_sections import (
    MAX_KEPT_FIELDS,
    MAX_KEPT_HEADS,
    MAX_KEPT_OCTETS,
    RequestSections,
)
from h3producer.wire.qpack import FieldSectionDecoder, FieldSectionEncoder
from h3producer.wire.received import OversizedSection
from tests.http3.harness import CONFIG, GET, hello

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields
    from tests.http3.conftest import Connect


def sections(config: Config = CONFIG) -> RequestSections:
    return RequestSections(FieldSectionDecoder(), config)


def head(path: bytes = b"/", *fields: tuple[bytes, bytes]) -> bytes:
    section: Fields = [
        (b":method", b"GET"),
        (b":scheme", b"https"),
        (b":authority", b"h3.example"),
        (b":path", path),
        *fields,
    ]
    return FieldSectionEncoder().encode(section)


def test_a_head_that_came_before_is_not_read_again() -> None:
    reader = sections()
    first = reader.read_head(0, head())
    assert reader.read_head(4, head()) is first


def test_a_head_that_differs_in_an_octet_is_another() -> None:
    reader = sections()
    assert reader.read_head(0, head(b"/a")).path == b"/a"
    assert reader.read_head(4, head(b"/b")).path == b"/b"


def test_a_head_that_is_malformed_is_so_each_time() -> None:
    reader = sections()
    for stream_id in (0, 4):
        with pytest.raises(Http3StreamError):
            reader.read_head(stream_id, head(b"no path"))


def test_a_head_that_exceeds_a_bound_does_so_each_time() -> None:
    reader = sections(Config(max_fields=4))
    for stream_id in (0, 4):
        with pytest.raises(OversizedSection):
            reader.read_head(stream_id, head(b"/", (b"accept", b"*/*")))


def test_trailers_are_never_taken_for_a_head() -> None:
    reader = sections()
    reader.read_head(0, head())
    with pytest.raises(Http3StreamError):
        reader.read_trailers(0, head())


def test_only_so_many_heads_are_kept_and_the_first_goes_first() -> None:
    reader = sections()
    first = reader.read_head(0, head(b"/0"))
    for number in range(1, MAX_KEPT_HEADS):
        reader.read_head(0, head(b"/%d" % number))
    assert reader.read_head(0, head(b"/0")) is first
    reader.read_head(0, head(b"/one more"[:4]))
    assert len(reader._kept) == MAX_KEPT_HEADS
    assert reader.read_head(0, head(b"/0")) is not first


@pytest.mark.parametrize(
    "large",
    [
        head(b"/" + bytes(range(0x41, 0x5B)) * (MAX_KEPT_OCTETS // 20)),
        head(b"/", *[(b"accept", b"*/*")] * MAX_KEPT_FIELDS),
    ],
    ids=["octets", "fields"],
)
def test_a_large_head_is_not_kept(large: bytes) -> None:
    reader = sections()
    assert reader.read_head(0, large) is not reader.read_head(0, large)


async def test_an_idle_connection_keeps_no_head(connect: Connect) -> None:
    client = connect(hello)
    client.send(GET, end=True)
    client.pass_time(1)
    assert client.connection._context.sections._kept
    await client.idle()
    client.pass_time(1)
    assert not client.connection._context.sections._kept
