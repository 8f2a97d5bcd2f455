"""The connection as a whole: unknown codes, leaving, authorities (RFC 9114 §3.3, §5, §8).

This file knows rows 57, 62, 66 and 102. It refuses to know how a server stops (`shutdown.py`). Its
one rule: what a client does to itself leaves the server well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import INFO, MUST, SHOULD, check, connection_case, target_case
from tests.conformance.noted import Token
from tests.conformance.observed import Observed
from tests.conformance.octets import Code, headers
from tests.conformance.peer import Peer, serves
from tests.conformance.reactions import aborted, any_of, ignored, refused, served, stream_error

if TYPE_CHECKING:
    from tests.conformance.streams import Stream
    from tests.conformance.target import Target

UNKNOWN_CODE = 0x1F * 1000 + 0x21


@connection_case(
    "57", "RFC 9114 §8.1", MUST, "RESET_STREAM and STOP_SENDING with unknown codes", ignored()
)
async def unknown_codes(peer: Peer) -> None:
    upload = peer.request(peer.head("/echo", method=b"POST"), b"some", end=False)
    await peer.round_trip()
    upload.reset(UNKNOWN_CODE)
    download = peer.request(peer.head("/endless"))
    await peer.round_trip()
    download.stop(UNKNOWN_CODE)


@target_case("57a", "RFC 9114 §8.1", MUST, "CONNECTION_CLOSE with an unknown code", ignored())
async def unknown_close(target: Target) -> Observed:
    async with Peer.connected(target) as peer:
        peer.request(peer.head("/hold"))
        await peer.round_trip()
        peer.disconnect(UNKNOWN_CODE, "whatever")
    return Observed(lives=await serves(target))


@connection_case(
    "62",
    "RFC 9114 §4.1.1",
    SHOULD,
    "the server gives up a response that has begun",
    any_of(stream_error(Code.H3_INTERNAL_ERROR), stream_error(Code.H3_REQUEST_CANCELLED)),
    aborted(),
    needs_app=True,
)
async def gives_up(peer: Peer) -> Stream:
    return peer.request(peer.head("/script/ends-midway"))


@connection_case(
    "66",
    "RFC 9110 §15.5.20",
    INFO,
    "an authority that the server does not know",
    any_of(served(), refused(421, 421), refused()),
)
async def other_authority(peer: Peer) -> Stream:
    fields = peer.head()
    fields[2] = (b":authority", b"other.example")
    return peer.request(fields)


@target_case(
    "102",
    "RFC 9114 §5.3",
    MUST,
    "CONNECTION_CLOSE with requests under way",
    ignored(),
)
async def leaves(target: Target) -> Observed:
    async with Peer.connected(target) as peer:
        for path in ("/endless", "/hold", "/late"):
            peer.request(peer.head(path))
        peer.request(peer.head("/echo", method=b"POST"), b"some", end=False)
        peer.open().write(headers(peer.head())[:10])
        await peer.round_trip()
        peer.disconnect(Code.H3_NO_ERROR)
    return Observed(lives=await serves(target))


@connection_case(
    "102a",
    "RFC 9114 §5.3",
    MUST,
    "CONNECTION_CLOSE reaches the application as a disconnect",
    ignored(),
    needs_app=True,
)
async def leaves_an_application(peer: Peer) -> None:
    async with Peer.connected(peer.target) as leaving:
        token = Token(peer)
        leaving.request(leaving.head("/hold", token.field))
        await token.until("complete")
        leaving.disconnect(Code.H3_NO_ERROR)
    await token.until("disconnect")
    check("disconnect" in await token.words(), "no disconnect")
