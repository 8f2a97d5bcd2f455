"""Bytes ◀─▶ WebSocket frames (RFC 6455 §5), by wsproto.

This file knows wsproto, and puts the pieces of a message together. It refuses to know streams,
tasks and applications. Its one rule: what comes of bytes is one of four things, and whoever asks
for the next of them decides how far is read on.

wsproto checks what a client sends: reserved bits and opcodes, masks, the order of fragments, UTF-8
as it comes, codes of a close. What it finds wrong is a `Failure` with the code to close with.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

from wsproto.connection import SERVER, Connection
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage
from wsproto.frame_protocol import LOCAL_ONLY_CLOSE_REASONS as _NEVER_SENT
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError as WsprotoError

from h3producer.asgi.websocket.extensions import BoundedDeflate, MessageBound
from h3producer.asgi.websocket.offer import deflate_offers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wsproto.extensions import Extension

    from h3producer.asgi.websocket.extensions import Allowance
    from h3producer.wire.fields import Fields

__all__ = ["Closed", "Frames", "Message", "Pinged", "Ponged"]


_REASONS = {1007: "the data is not what it says it is", 1009: "the message is too large"}
"""What we say of findings that wsproto has no words for, or those of a decoder."""


class Message(NamedTuple):
    """A message, whole."""

    data: str | bytes
    held: int
    """Bytes of the connection's allowance, to be given back."""


class Pinged(NamedTuple):
    """A ping."""

    payload: bytes


class Ponged(NamedTuple):
    """A pong, whether or not there was a ping."""

    payload: bytes


class Closed(NamedTuple):
    """The client closes, or has broken a rule; nothing that it sends counts any more."""

    code: int
    """1005 if the client gave none (RFC 6455 §7.1.5)."""
    reason: str
    is_failure: bool
    """It has broken a rule: `code` and `reason` are what we close with."""


class Frames:
    """The frames of one WebSocket, both ways."""

    __slots__ = ("_connection", "_parts", "bound", "extension")

    def __init__(
        self, headers: Fields, max_size: int, allowance: Allowance, *, deflate: bool
    ) -> None:
        """`headers` are the client's; with `deflate` the first compression it offers is taken."""
        self.bound = MessageBound(max_size, allowance)
        extensions: list[Extension] = [self.bound]
        self.extension: str | None = None
        """The value of `sec-websocket-extensions` to answer with; None if nothing was taken."""
        offers = deflate_offers(headers) if deflate else []
        for offer in offers[:1]:
            compression = BoundedDeflate(self.bound)
            accepted = compression.accept(offer)
            if isinstance(accepted, str):
                self.extension = "; ".join(filter(None, [compression.name, accepted]))
                extensions.insert(0, compression)
        self._connection = Connection(SERVER, extensions)
        self._parts: io.StringIO | bytearray | None = None

    def receive(self, data: bytes) -> Iterator[Message | Pinged | Ponged | Closed]:
        """What `data` completes, one thing at a time; nothing behind a `Closed`.

        To be exhausted before the next call: what is not asked for stays unread.
        """
        self._connection.receive_data(data)
        for event in self._connection.events():
            if isinstance(event, TextMessage | BytesMessage):
                whole = self._whole(event)
                if whole is not None:
                    yield Message(whole, self.bound.held)
            elif isinstance(event, Ping):
                yield Pinged(bytes(event.payload))
            elif isinstance(event, Pong):
                yield Ponged(bytes(event.payload))
            elif isinstance(event, CloseConnection):
                yield self._closed(event)
                return

    def message(self, data: str | bytes) -> bytes:
        """The frame of a message. Raises UnicodeEncodeError for text that is no UTF-8."""
        event = TextMessage(data) if isinstance(data, str) else BytesMessage(data)
        return self._connection.send(event)

    def ping(self, payload: bytes) -> bytes:
        """The frame of a ping."""
        return self._connection.send(Ping(payload))

    def pong(self, payload: bytes) -> bytes:
        """The frame of a pong."""
        return self._connection.send(Pong(payload))

    def close(self, code: int, reason: str) -> bytes:
        """The frame that closes, ours or the answer to theirs; without a code for 1005, 1006, 1015.

        Reasons are cut to the 123 bytes that there is room for. b"" if one was sent before.
        """
        if code in _NEVER_SENT:
            code, reason = CloseReason.NO_STATUS_RCVD, ""
        try:
            return self._connection.send(CloseConnection(code, reason or None))
        except WsprotoError:
            return b""

    def _whole(self, event: TextMessage | BytesMessage) -> str | bytes | None:
        """The message, once its last piece is there. Pieces are kept as one, since there may be as
        many as there are bytes."""
        data, parts = event.data, self._parts
        if parts is None:
            if event.message_finished:
                return data if isinstance(data, str) else bytes(data)
            parts = self._parts = io.StringIO() if isinstance(data, str) else bytearray()
        if isinstance(parts, io.StringIO):
            parts.write(str(data))
        elif not isinstance(data, str):
            parts += data
        if not event.message_finished:
            return None
        self._parts = None
        return parts.getvalue() if isinstance(parts, io.StringIO) else bytes(parts)

    def _closed(self, event: CloseConnection) -> Closed:
        # wsproto tells of its own findings as of a close; only of the client's has it an opinion.
        is_failure = self._connection.state.name == "OPEN"
        self._parts = None
        reason = _REASONS.get(event.code, event.reason) if is_failure else event.reason
        return Closed(int(event.code), reason or "", is_failure)
