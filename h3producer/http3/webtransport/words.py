"""What both ends say of a session itself, on its CONNECT stream: capsules (RFC 9297 §3).

This file knows which capsules there are, and what may follow which. It refuses to know what a
session makes of them: it tells a `Listener`. Its one rule: a client that breaks a rule here loses
its session, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from h3producer.errors import ErrorCode, Http3StreamError, RemoteProtocolError, RequestAborted
from h3producer.http3.cause import Cause
from h3producer.http3.load import Load
from h3producer.wire.capsules import CapsuleReader, CapsuleType, encode_capsule
from h3producer.wire.webtransport import MAX_CLOSE_VALUE, encode_close, parse_close

if TYPE_CHECKING:
    from h3producer.http3.load import ConnectionLoad
    from h3producer.http3.stream import Http3Stream

__all__ = ["Listener", "SessionWords"]

_LIMITS: Final[dict[int, int]] = {
    CapsuleType.DATAGRAM: 65_535,  # as much as a QUIC frame has
    CapsuleType.CLOSE_WEBTRANSPORT_SESSION: MAX_CLOSE_VALUE,
    CapsuleType.DRAIN_WEBTRANSPORT_SESSION: 0,
}
"""Bytes of a value that are held."""

_DRAIN: Final = encode_capsule(CapsuleType.DRAIN_WEBTRANSPORT_SESSION)


class Listener(Protocol):
    """Who hears what the client says."""

    def draining_heard(self) -> None:
        """It would like the session to end soon."""

    def datagram_heard(self, data: bytes) -> None:
        """A datagram, on the stream."""

    def end_heard(self, code: int, reason: str) -> None:
        """It has ended the session. The last that is heard."""


class SessionWords:
    """The CONNECT stream of one session, once it was accepted."""

    def __init__(self, exchange: Http3Stream, load: ConnectionLoad) -> None:
        self._exchange = exchange
        self._load = load
        self._is_reading = False
        self._has_ended = False

    async def ask_for_end(self) -> None:
        """Say that the session should end soon, unless the client leaves the stream unread."""
        if self._exchange.transport.room(self._exchange.stream_id) > 2 * len(_DRAIN):
            await self._exchange.response.write(_DRAIN)

    async def end(self, code: int, reason: str) -> None:
        """Say the last words, and nothing after them."""
        # The draft, §6: "An endpoint that sends a WT_CLOSE_SESSION capsule MUST immediately send a
        # FIN on the CONNECT Stream."
        words = encode_close(code, reason)
        await self._exchange.response.complete(
            encode_capsule(CapsuleType.CLOSE_WEBTRANSPORT_SESSION, words)
        )

    async def read(self, listener: Listener) -> None:
        """Listen to the client, to the end of its half, or until `stop_reading`. Never raises."""
        body = self._exchange.body
        capsules = CapsuleReader(_LIMITS)
        self._is_reading = True
        try:
            while chunk := await body.read_chunk():
                for capsule_type, value in capsules.feed(chunk):
                    await self._capsule_received(capsule_type, value, listener)
            if body.is_complete:
                await self._half_ended(capsules, listener)
        except RequestAborted:
            pass  # whoever cut the exchange has told
        except RemoteProtocolError as error:
            self._exchange.abort(error.error_code, str(error), Cause.MALFORMED_REQUEST)
        finally:
            self._is_reading = False

    def stop_reading(self) -> None:
        """Nobody listens any more."""
        if self._is_reading:
            self._is_reading = False
            self._exchange.body.cancel_pending_read()

    async def _capsule_received(
        self, capsule_type: int, value: bytes | None, listener: Listener
    ) -> None:
        if self._has_ended:
            # The draft, §6: "If any additional stream data is received on the CONNECT stream after
            # receiving a WT_CLOSE_SESSION capsule, the stream MUST be reset with code
            # H3_MESSAGE_ERROR."
            raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "a capsule behind the last one")
        if capsule_type == CapsuleType.CLOSE_WEBTRANSPORT_SESSION:
            self._has_ended = True
            await self._answer_end(*parse_close(value), listener)
            return
        self._load.count(Load.UNKNOWN_FRAMES)  # as cheap to send, and as rarely of use
        if capsule_type == CapsuleType.DRAIN_WEBTRANSPORT_SESSION:
            listener.draining_heard()
        elif capsule_type == CapsuleType.DATAGRAM and value is not None:
            listener.datagram_heard(value)

    async def _half_ended(self, capsules: CapsuleReader, listener: Listener) -> None:
        if not capsules.at_boundary:
            # RFC 9297 §3.3: this is "a malformed or incomplete message".
            raise Http3StreamError(ErrorCode.H3_MESSAGE_ERROR, "it ends in a capsule")
        if not self._has_ended:
            # The draft, §6: "Cleanly terminating a CONNECT stream without a WT_CLOSE_SESSION
            # capsule SHALL be semantically equivalent to terminating it with a WT_CLOSE_SESSION
            # capsule that has an error code of 0 and an empty error string."
            await self._answer_end(0, "", listener)

    async def _answer_end(self, code: int, reason: str, listener: Listener) -> None:
        listener.end_heard(code, reason)
        # The draft, §6: "The recipient MUST either close or reset the stream in response."
        await self._exchange.response.complete()
