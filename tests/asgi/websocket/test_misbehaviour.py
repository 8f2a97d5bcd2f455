"""Every way an application can misbehave, and what the client sees: the table of `cycle.py`.

The table in the docstring is the oracle. Each of its rows has an application here, which runs over
the real core; a row without an application fails, and so does an application without a row.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.websocket import cycle
from h3producer.errors import LocalProtocolError
from tests.asgi.misbehaviour import Misbehaviour, Row, watched
from tests.asgi.websocket.apps import ACCEPT
from tests.asgi.websocket.peer import Peer

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

MISBEHAVIOUR = Misbehaviour(cycle.__doc__)
case, leaves, sends = MISBEHAVIOUR.case, MISBEHAVIOUR.leaves, MISBEHAVIOUR.sends

CLOSE = {"type": "websocket.close", "code": 4000}
HELLO = {"type": "websocket.send", "text": "hello"}
REFUSAL = {"type": "websocket.http.response.start", "status": 401, "headers": []}


leaves("raises before it accepts", KeyError("x"))
leaves("raises once the socket is open", KeyError("x"), ACCEPT)
leaves("raises after its close", KeyError("x"), ACCEPT, CLOSE)
leaves("raises SystemExit before it accepts", SystemExit(3))
leaves("raises SystemExit once the socket is open", SystemExit(3), ACCEPT)
leaves("returns before it accepts", None)
leaves("returns once the socket is open", None, ACCEPT, HELLO)
leaves("returns in the middle of a refusal", None, REFUSAL, {
    "type": "websocket.http.response.body", "body": b"x", "more_body": True})  # fmt: skip
sends("sends no dictionary", 1)
sends("sends a message of an unknown type", {"type": "websocket.unknown"})
sends("sends a message before it accepts", HELLO)
sends("sends an http response", {"type": "http.response.start", "status": 200})
sends("accepts twice", ACCEPT, ACCEPT)
sends("accepts with a subprotocol that was not offered", {**ACCEPT, "subprotocol": "chat"})
sends("accepts with headers that are no pairs", {**ACCEPT, "headers": [b"x"]})
sends(
    "accepts with a sec-websocket-protocol of its own",
    {**ACCEPT, "headers": [(b"Sec-WebSocket-Protocol", b"chat")]},
)
sends("sends a message without data", ACCEPT, {"type": "websocket.send"})
sends("sends text that is bytes", ACCEPT, {"type": "websocket.send", "text": b"x"})
sends("sends bytes that are text", ACCEPT, {"type": "websocket.send", "bytes": "x"})
sends("sends text that is no Unicode", ACCEPT, {"type": "websocket.send", "text": "\ud800"})
sends("closes with a code that does not exist", ACCEPT, {**CLOSE, "code": 999})
sends("closes with a code that is no number", ACCEPT, {**CLOSE, "code": "x"})
sends("sends a message after its close", ACCEPT, CLOSE, HELLO)
sends("closes twice", ACCEPT, CLOSE, CLOSE)
sends("accepts after it has refused", CLOSE, ACCEPT)
sends("starts a refusal once the socket is open", ACCEPT, REFUSAL)
sends("refuses with a status that is no status", {**REFUSAL, "status": 99})


@case("cancels itself once the socket is open")
async def cancels_itself(scope: Scope, receive: Receive, send: Send) -> None:
    await send(ACCEPT)
    task = asyncio.current_task()
    assert task is not None
    task.cancel()
    await receive()
    await receive()


@case("receives twice at once")
async def receives_twice(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send(ACCEPT)
    await asyncio.gather(receive(), receive())


SEEN = {"reset": "reset 0x102", "the close": "4000"}


def test_the_table_and_the_applications_are_the_same() -> None:
    assert sorted(row.application for row in MISBEHAVIOUR.rows) == sorted(MISBEHAVIOUR.applications)


@pytest.mark.parametrize("row", MISBEHAVIOUR.rows, ids=lambda row: row.application)
async def test_the_client_sees(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    name, raises, sees = row
    errors: list[Exception] = []
    caplog.set_level(logging.INFO, "h3producer")
    peer = Peer(watched(MISBEHAVIOUR.applications[name], errors))
    await peer.idle()
    if sees in ("1000", "the close"):
        peer.close()
    await peer.over()
    assert peer.outcome == SEEN.get(sees, sees)
    if raises and "receives" not in name:
        assert [type(error) for error in errors] == [LocalProtocolError]
    is_fault = raises or "raises" in name or (name.startswith("returns ") and sees != "1000")
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == is_fault, [record.getMessage() for record in logged]


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ({"type": "websocket.send", "text": "\ud800"}, HELLO),
        ({"type": "websocket.send"}, HELLO),
        ({**CLOSE, "code": 1004}, HELLO),
    ],
)
async def test_an_application_that_catches_the_error_may_go_on(bad: Any, good: Any) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(LocalProtocolError):
            await send({**ACCEPT, "headers": [(b"a\nb", b"")]})
        await send(ACCEPT)
        with pytest.raises(LocalProtocolError):
            await send(bad)
        await send(good)

    peer = Peer(app)
    await peer.opened()
    assert await peer.received() == ["hello", ("close", 1000, "")]
    peer.close()
    await peer.over()


async def test_a_refusal_that_was_wrong_may_be_mended() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(LocalProtocolError):
            await send({**REFUSAL, "status": 99})
        await send(ACCEPT)

    peer = Peer(app)
    await peer.opened()
    peer.close()
    await peer.over()
