"""Any bytes of a server, cut anywhere → the same response, or one ClientError; a bounded wait.

Covers `client/response.py`, with which `h3producer get` reads. Allowed: ClientError. A response
that is whole has a status of three digits and the content that it announced; what was consumed is
what came; how many informational heads are held is bounded.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from h3producer.client.errors import ClientError
from h3producer.client.response import MAX_INFORMATIONAL, ClientResponse
from h3producer.wire.qpack import FieldSectionDecoder
from tests.fuzz.choices import Choices, cut
from tests.fuzz.world import play
from tests.http3.harness import data, section

if TYPE_CHECKING:
    from h3producer.wire.fields import Fields

__all__ = ["SEEDS", "fuzz"]

OK = section((b":status", b"200"))
HINT = section((b":status", b"103"), (b"link", b"</a>"))
TRAILERS = section((b"checksum", b"1"))

SEEDS = {
    "whole": b"\0\0" + OK + data(b"hello") + TRAILERS,
    "one octet at a time": b"\0\x01\0" + HINT + OK + data(b"hello"),
    "its length": b"\0\0"
    + section((b":status", b"200"), (b"content-length", b"5"))
    + data(b"hello"),
    "HEAD": b"\x01\0" + section((b":status", b"200"), (b"content-length", b"5")),
    "too short": b"\0\0"
    + section((b":status", b"200"), (b"content-length", b"6"))
    + data(b"hello"),
    "content before the head": b"\0\0" + data(b"hello") + OK,
    "content behind the trailers": b"\0\0" + OK + TRAILERS + data(b"hello"),
    "trailers twice": b"\0\0" + OK + TRAILERS + TRAILERS,
    "no status": b"\0\0" + TRAILERS,
    "a long status": b"\0\0" + section((b":status", b"1" * 5000)),
    "a status of 0": b"\0\0" + section((b":status", b"000")) + OK,
    "hints without end": b"\0\0" + HINT * 200 + OK,
    "cut": b"\0\0" + OK + data(b"hello")[:-1],
}


@dataclass
class Outcome:
    """What the one who asked gets."""

    error: str | None = None
    status: int = 0
    fields: Fields = field(default_factory=list)
    hints: int = 0
    content: bytes = b""
    trailers: Fields | None = None


def fuzz(data: bytes) -> None:
    play(compare(data))


async def compare(data: bytes) -> None:
    choices = Choices(data)
    is_head, sizes, stream = choices.flag(), choices.sizes(), choices.rest()
    whole = await outcome([stream], is_head=is_head)
    assert await outcome(cut(stream, sizes), is_head=is_head) == whole
    assert whole.hints <= MAX_INFORMATIONAL
    if whole.error is None:
        assert 200 <= whole.status <= 999
        length = dict(whole.fields).get(b"content-length", b"")
        if length.isdigit() and len(length) < 9 and not is_head and whole.status != 304:
            assert int(length) == len(whole.content)


async def outcome(pieces: list[bytes], *, is_head: bool) -> Outcome:
    consumed: list[int] = []
    response = ClientResponse(0, FieldSectionDecoder(), consumed.append, is_head=is_head)
    came = 0
    for piece in pieces:
        if response.is_over:
            break  # as the connection does
        came += len(piece)
        response.data_received(piece, False)
    if not response.is_over:
        response.data_received(b"", True)
    result = Outcome()
    try:
        async with asyncio.timeout(0):
            result.status = await response.head()
            while chunk := await response.read_chunk():
                result.content += chunk
    except ClientError as error:
        return Outcome(error=str(error))
    result.fields, result.trailers = response.headers, response.trailers
    result.hints = len(response.informational)
    assert sum(consumed) == came
    return result
