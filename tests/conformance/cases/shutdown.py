"""How a server stops: GOAWAY, what was accepted is finished, H3_NO_ERROR.

This file knows rows 60, 61 and 443 to 446 (RFC 9114 §5.2, ASGI Lifespan). It refuses to know the
server's settings for it. Its one rule: each case stops a server of its own, so it needs one that
the suite can start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conformance.case import HARD, SHOULD, Broken, NotOffered, check, target_case
from tests.conformance.noted import Token
from tests.conformance.observed import Observed
from tests.conformance.octets import Code
from tests.conformance.peer import Peer
from tests.conformance.reactions import as_stated, connection_error, stream_error

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from tests.conformance.target import Launched, Target

NO_ERROR = connection_error(Code.H3_NO_ERROR)


def _launched(target: Target) -> AbstractAsyncContextManager[Launched]:
    target.needs_app()
    if target.launch is None:
        raise NotOffered("a server that the suite may stop")
    return target.launch()


@target_case(
    "60",
    "RFC 9114 §5.2",
    SHOULD,
    "a server that stops closes an idle connection with GOAWAY and H3_NO_ERROR",
    NO_ERROR,
)
async def idle(target: Target) -> Observed:
    async with _launched(target) as server, Peer.connected(server.target) as peer:
        check(await peer.serves(), "it does not serve")
        server.terminate()
        await peer.until(lambda: peer.close is not None)
        check(peer.goaways, "there was no GOAWAY")
        return Observed(close=peer.close)


@target_case(
    "443",
    "RFC 9114 §5.2",
    SHOULD,
    "SIGTERM: GOAWAY, the request in flight is finished, then H3_NO_ERROR",
    NO_ERROR,
)
async def in_flight(target: Target) -> Observed:
    async with _launched(target) as server, Peer.connected(server.target) as peer:
        # The application is released over a request that is under way, too.
        token = Token(peer)
        stream = peer.request(peer.head("/late", token.field))
        release = peer.request(peer.head(f"/release/{token.word}"), end=False)
        await peer.until(lambda: bool(stream.response.body))
        server.terminate()
        await peer.until(lambda: bool(peer.goaways))
        check(all(each % 4 == 0 for each in peer.goaways), f"GOAWAY {peer.goaways}")
        if not release.is_over:
            release.write(end=True)
        await stream.over()
        check(stream.ended, "the request in flight was not finished")
        check(stream.response.body == b"firstlast", f"it said {bytes(stream.response.body)!r}")
        await peer.until(lambda: peer.close is not None)
        last = max(stream.stream_id, release.stream_id)
        check(peer.goaways[-1] > last, f"GOAWAY {peer.goaways}, though stream {last} was accepted")
        return Observed(close=peer.close)


def _rejects(id: str, words: str, *, end: bool) -> None:
    """A request that comes behind GOAWAY, whole or not."""

    @target_case(
        id,
        "RFC 9114 §5.2",
        SHOULD,
        f"a request behind GOAWAY, {words}, is rejected, unseen by the application",
        stream_error(Code.H3_REQUEST_REJECTED),
        connection_error(Code.H3_NO_ERROR),
    )
    async def late_request(target: Target) -> Observed:
        async with _launched(target) as server, Peer.connected(server.target) as peer:
            token, late_token = Token(peer), Token(peer)
            running = peer.request(peer.head("/late", token.field))
            # What is asked when the server takes no requests any more has to be under way before.
            release = peer.request(peer.head(f"/release/{token.word}"), end=False)
            asking = peer.request(peer.head(f"/noted/{late_token.word}"), end=False)
            await peer.until(lambda: bool(running.response.body))
            server.terminate()
            await peer.until(lambda: bool(peer.goaways))
            late = peer.request(peer.head("/echo", late_token.field), end=end)
            await peer.until(lambda: late.is_over)
            reset, close = late.reset_code, peer.close
            if not end and close is None:
                await peer.until(lambda: late.stop_code is not None)
                check(late.stop_code == reset, f"STOP_SENDING with {late.stop_code:#x}")
            asking.write(end=True)
            await asking.over()
            check(b"run" not in asking.response.body, "the application saw it")
            release.write(end=True)
            return Observed(reset=reset, stop=late.stop_code, close=close, lives=close is None)


_rejects("61", "whose content is still to come", end=False)
_rejects("444", "whole", end=True)


@target_case(
    "445",
    "RFC 9114 §5.2",
    HARD,
    "SIGTERM: the process ends in time although a client and a request hang",
    as_stated(),
)
async def hanging(target: Target) -> Observed:
    async with _launched(target) as server, Peer.connected(server.target) as peer:
        peer.request(peer.head("/hold"))
        peer.request(peer.head("/unread", method=b"POST"), b"some", end=False)
        await peer.round_trip()
        peer.vanish()
        server.terminate()
        try:
            await server.ended()
        except TimeoutError:
            raise Broken("it does not end") from None
    return Observed(has_ended=True)


@target_case(
    "446",
    "ASGI Lifespan",
    SHOULD,
    "SIGTERM: lifespan.shutdown reaches the application",
    as_stated(),
)
async def lifespan(target: Target) -> Observed:
    async with _launched(target) as server:
        server.terminate()
        await server.ended()
        check("lifespan.shutdown was received" in server.log(), "it was not received")
    return Observed(has_ended=True)
