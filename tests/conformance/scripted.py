"""Cases about a response that the suite's application sends by a script of `scripts.py`.

This file knows how such a case is written down, and findings that many of them share. It refuses to
know scripts and rows (`cases/responses.py`, `cases/response_fields.py`, `cases/interim.py`). Its
one rule: what must not leave is looked for in what came, whatever the server did instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import MUST, Level, check, connection_case
from tests.conformance.octets import Code
from tests.conformance.reactions import any_of, refused, served, stream_error
from tests.conformance.scripts import SCRIPTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conformance.octets import Field
    from tests.conformance.peer import Peer
    from tests.conformance.streams import Stream

    Finding = Callable[[Stream], str | None]
    """What is wrong with a response that is over; None if nothing is."""

__all__ = [
    "body_is",
    "in_trailers",
    "lacks",
    "no_clean_end",
    "no_content_unless_refused",
    "scripted",
]

NOT_SENT = any_of(refused(500, 500), stream_error(Code.H3_INTERNAL_ERROR), served(200, 304))
"""Refused with 500, cut, or sent without what must not be sent."""


def scripted(
    id: str,
    section: str,
    words: str,
    script: str,
    find: Finding,
    *,
    level: Level = MUST,
    method: bytes = b"GET",
    more: tuple[Field, ...] = (),
    refusable: bool = False,
) -> None:
    """A response that our application sends by a script, and what must not be found in it."""
    assert script in SCRIPTS

    @connection_case(
        id, f"RFC {section}", level, words, NOT_SENT if refusable else served(), needs_app=True
    )
    async def act(peer: Peer) -> Stream:
        stream = peer.request(peer.head(f"/script/{script}", *more, method=method))
        await stream.over()
        wrong = find(stream)
        check(wrong is None, str(wrong))
        return stream


def body_is(content: bytes) -> Finding:
    """The content is this and nothing else."""

    def find(stream: Stream) -> str | None:
        body = bytes(stream.response.body)
        return None if body == content else f"the content is {body!r}"

    return find


def lacks(name: bytes) -> Finding:
    """No field of this name came, in whichever section."""

    def find(stream: Stream) -> str | None:
        names = [each for section in stream.sections for each, _ in section]
        return f"{name!r} was sent" if name in names else None

    return find


def no_content_unless_refused(stream: Stream) -> str | None:
    """Neither content nor content-length, but in a 500 of the server itself."""
    if stream.response.status == 500:
        return None
    return body_is(b"")(stream) or lacks(b"content-length")(stream)


def in_trailers(stream: Stream, name: bytes) -> str | None:
    """A field that trailers must not have."""
    return f"{name!r} in trailers" if name in dict(stream.response.trailers or []) else None


def no_clean_end(stream: Stream) -> str | None:
    """Content that is not what content-length says must not end with FIN."""
    response = stream.response
    promised = response.value(b"content-length")
    if stream.ended and promised is not None and int(promised) != len(response.body):
        return f"content-length {promised.decode()}, {len(response.body)} octets, and a FIN"
    return None
