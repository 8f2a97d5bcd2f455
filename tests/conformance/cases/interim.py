"""Interim responses and what a client expects before it sends content.

This file knows rows 236, 253 to 256 and 264 to 266 (RFC 9110 §10.1.1, §15.2, RFC 8297). It refuses
to know final responses (`responses.py`). Its one rule: an interim response ends nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import HARD, MUST, NotOffered, check, connection_case
from tests.conformance.noted import Token
from tests.conformance.octets import data, headers
from tests.conformance.peer import Peer
from tests.conformance.reactions import any_of, ignored, refused, served
from tests.conformance.scripted import scripted

if TYPE_CHECKING:
    from tests.conformance.streams import Stream

MOST_HINTS = 2000
"""Of 1 kB each: more than a server should hold for one response."""


scripted(
    "236",
    "9110 §15.2",
    "status 103 from http.response.start is not the final response",
    "status-103",
    lambda stream: "FIN behind an interim response" if not _has_final(stream) else None,
    refusable=True,
)
for _id, _words in (("236a", "101"), ("236b", "99"), ("236c", "1000")):
    scripted(
        _id,
        "9114 §4.5" if _words == "101" else "9110 §15",
        f"status {_words} from http.response.start is not sent",
        f"status-{_words}",
        lambda stream: None if stream.response.status in (500, None) else "it was sent",
        refusable=True,
    )
scripted(
    "264",
    "9114 §4.1",
    "an interim response has neither content nor a FIN",
    "early-hint",
    lambda stream: None if _has_final(stream) else "there is no final response",
)
scripted(
    "265a",
    "8297 §2",
    "103 (Early Hints) of the application after the response has begun is not sent",
    "early-hint-too-late",
    lambda stream: "an interim response came too late" if stream.response.interim else None,
    refusable=True,
)


def _has_final(stream: Stream) -> bool:
    return stream.response.status is not None or not stream.ended


@connection_case(
    "265",
    "RFC 8297 §2",
    MUST,
    "103 (Early Hints) before the final response, in any number",
    served(),
    needs_app=True,
)
async def early_hints(peer: Peer) -> Stream:
    stream = peer.request(peer.head("/script/early-hint"))
    response = await stream.over()
    if not response.interim:
        raise NotOffered("early hints")
    statuses = [dict(each)[b":status"] for each in response.interim]
    check(statuses == [b"103", b"103"], f"the interim responses are {statuses}")
    return stream


# Expectations


def _expecting(peer: Peer, path: str, expectation: bytes = b"100-continue") -> Stream:
    stream = peer.open()
    fields = peer.head(path, (b"expect", expectation), (b"content-length", b"5"), method=b"POST")
    stream.write(headers(fields))
    return stream


@connection_case(
    "253",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue: 100 or a final response without waiting for content",
    served(),
)
async def continues(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo")
    await peer.until(lambda: bool(stream.sections) or stream.is_over)
    if stream.response.interim:
        status = stream.response.interim[0][0]
        check(status == (b":status", b"100"), f"the interim response is {status}")
    if not stream.is_over:
        stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "254",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue: the application may refuse at once",
    served(403, 403),
    needs_app=True,
)
async def refuses(peer: Peer) -> Stream:
    stream = _expecting(peer, "/refuse")
    await stream.over()
    check(not stream.response.interim, "100 before a refusal")
    return stream


@connection_case("255", "RFC 9110 §10.1.1", MUST, "expect: 100-continue without content", served())
async def nothing_to_continue(peer: Peer) -> Stream:
    return peer.request(peer.head("/echo", (b"expect", b"100-continue")))


@connection_case(
    "255a",
    "RFC 9110 §10.1.1",
    MUST,
    "expect: 100-continue from a client that does not wait",
    served(),
)
async def impatient(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo")
    stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "256", "RFC 9110 §10.1.1", MUST, "an unknown expectation", any_of(served(), refused(417, 417))
)
async def unknown_expectation(peer: Peer) -> Stream:
    stream = _expecting(peer, "/echo", b"the-unexpected")
    stream.write(data(b"hello"), end=True)
    return stream


@connection_case(
    "266",
    "RFC 9114 §10.5",
    HARD,
    "interim responses without end for a client that reads none",
    ignored(),
    needs_app=True,
)
async def unread_hints(peer: Peer) -> None:
    token = Token(peer)
    stream = peer.request(peer.head("/hints", token.field))
    peer.is_deaf = True
    async with Peer.connected(peer.target) as other:
        token.ask_over(other)
        await token.until("run")
        if "no hints" in await token.words():
            raise NotOffered("early hints")
        sent = [0]
        while len(sent) < 5 or sent[-1] != sent[-5]:
            sent.append(len(await token.words()))
            check(sent[-1] < MOST_HINTS, f"the application has sent {sent[-1]} hints and goes on")
    peer.is_deaf = False
    stream.stop()
