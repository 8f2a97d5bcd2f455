"""Messages of a session: what is in those of the application, and what is told to it.

This file knows the keys of each message. It refuses to know which may come when (`cycle.py`). Its
one rule: what an application left out has a default, and what it got wrong raises here, with a
sentence that says what was expected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from h3producer.errors import LocalProtocolError
from h3producer.http3.webtransport.events import (
    DatagramReceived,
    SessionClosed,
    SessionDraining,
    StreamData,
    StreamOpened,
    StreamReset,
    StreamStopped,
)

if TYPE_CHECKING:
    from h3producer.asgi.types import Message, Scope
    from h3producer.http3.webtransport.events import Event
    from h3producer.wire.fields import Fields

__all__ = [
    "accept_headers",
    "bytes_of",
    "code_of",
    "message_of",
    "reason_of",
    "stream_id_of",
]

_MAX_CODE = (1 << 32) - 1


def message_of(event: Event) -> dict[str, Any]:
    """What the application is told of an event."""
    about: dict[str, Any]
    match event:
        case StreamData(stream_id, data, end_stream):
            kind = "stream.receive"
            about = {"stream": stream_id, "data": data, "end_stream": end_stream}
        case StreamReset(stream_id, code):
            kind, about = "stream.reset", {"stream": stream_id, "code": code}
        case StreamStopped(stream_id, code):
            kind, about = "stream.stop", {"stream": stream_id, "code": code}
        case StreamOpened(stream_id, tag):
            kind = "stream.opened"
            about = {"stream": stream_id, "bidirectional": not stream_id & 2, "tag": tag}
        case DatagramReceived(data):
            kind, about = "datagram.receive", {"data": data}
        case SessionDraining():
            kind, about = "drain", {}
        case SessionClosed(code, reason):
            kind, about = "disconnect", {"code": code, "reason": reason}
    return {"type": f"webtransport.{kind}", **about}


def accept_headers(message: Message, scope: Scope) -> Fields:
    """The headers of the response that accepts a session."""
    headers: Fields = list(message.get("headers", ()))
    names = {name for name, _ in scope["headers"]}
    if b"sec-webtransport-http3-draft02" in names:
        # Draft 02, §6: the server says "draft02" to a client that asks for it.
        headers.append((b"sec-webtransport-http3-draft", b"draft02"))
    subprotocol = message.get("subprotocol")
    if subprotocol is not None:
        if subprotocol not in scope["subprotocols"]:
            raise LocalProtocolError(f"The client did not offer the subprotocol {subprotocol!r}.")
        quoted = subprotocol.replace("\\", "\\\\").replace('"', '\\"')
        headers.append((b"wt-protocol", f'"{quoted}"'.encode()))
    return headers


def stream_id_of(message: Message) -> int:
    """`stream`, which has no default."""
    stream_id = message.get("stream")
    if not isinstance(stream_id, int):
        raise LocalProtocolError(f"A stream is named by a number, not by {stream_id!r}.")
    return stream_id


def bytes_of(message: Message) -> bytes:
    """`data`, none by default."""
    data = message.get("data", b"")
    if data.__class__ is bytes:
        return data
    if isinstance(data, bytes | bytearray | memoryview):
        return bytes(data)
    raise LocalProtocolError(f"Data are bytes, not {type(data).__name__}.")


def code_of(message: Message) -> int:
    """`code`, 0 by default."""
    code = message.get("code", 0)
    if not isinstance(code, int) or not 0 <= code <= _MAX_CODE:
        raise LocalProtocolError(f"A code is a number of 32 bits, not {code!r}.")
    return code


def reason_of(message: Message) -> str:
    """`reason`, none by default."""
    reason = message.get("reason", "")
    if not isinstance(reason, str):
        raise LocalProtocolError(f"A reason is text, not {type(reason).__name__}.")
    return reason
