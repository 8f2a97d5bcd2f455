"""Every way an application can misbehave, and what the client sees: the table of `cycle.py`.

The table in the docstring is the oracle. Each of its rows has an application here, which runs over
the real core; a row without an application fails, and so does an application without a row.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest

from h3producer.asgi.webtransport import cycle
from h3producer.errors import LocalProtocolError
from tests.asgi.misbehaviour import Misbehaviour, Row, watched
from tests.asgi.webtransport.peer import ACCEPT, Peer

if TYPE_CHECKING:
    from h3producer.asgi.types import Receive, Scope, Send

MISBEHAVIOUR = Misbehaviour(cycle.__doc__)
case, leaves, sends = MISBEHAVIOUR.case, MISBEHAVIOUR.leaves, MISBEHAVIOUR.sends

BIDI, UNI = 4, 6
CLOSE = {"type": "webtransport.close", "code": 7}
DATAGRAM = {"type": "webtransport.datagram.send", "data": b"x"}
BYTES = {"type": "webtransport.stream.send", "stream": BIDI, "data": b"x"}


leaves("raises before it accepts", KeyError("x"))
leaves("raises once the session is open", KeyError("x"), ACCEPT)
leaves("raises SystemExit once the session is open", SystemExit(3), ACCEPT)
leaves("returns before it accepts", None)
leaves("returns once the session is open", None, ACCEPT, DATAGRAM)
sends("sends no dictionary", 1)
sends("sends a message of an unknown type", {"type": "webtransport.unknown"})
sends("sends a datagram before it accepts", DATAGRAM)
sends("accepts twice", ACCEPT, ACCEPT)
sends("accepts with a subprotocol that was not offered", {**ACCEPT, "subprotocol": "chat"})
sends("accepts with headers that are no pairs", {**ACCEPT, "headers": [b"x"]})
sends("closes with a code that is no number", ACCEPT, {**CLOSE, "code": "x"})
sends("closes with a code of 33 bits", ACCEPT, {**CLOSE, "code": 1 << 32})
sends("closes with a reason that is no text", ACCEPT, {**CLOSE, "reason": b"x"})
sends("sends on a stream that does not exist", ACCEPT, {**BYTES, "stream": 400})
sends("sends on a stream without saying which", ACCEPT, {**BYTES, "stream": None})
sends("sends what is not bytes on a stream", ACCEPT, {**BYTES, "data": "x"})
sends("sends behind its own end of a stream", ACCEPT, {**BYTES, "end_stream": True}, BYTES)
sends("sends on a stream that only the client sends on", ACCEPT, {**BYTES, "stream": UNI})
sends(
    "resets a stream with a code that is no number",
    ACCEPT,
    {"type": "webtransport.stream.reset", "stream": BIDI, "code": None},
)
sends("sends a datagram that is too large", ACCEPT, {**DATAGRAM, "data": bytes(2000)})
sends("sends a datagram that is not bytes", ACCEPT, {**DATAGRAM, "data": "x"})
sends("sends anything behind its close", ACCEPT, CLOSE, DATAGRAM)


@case("receives twice at once")
async def receives_twice(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send(ACCEPT)
    while (await receive())["stream"] != UNI:
        pass
    await asyncio.gather(receive(), receive())


SEEN = {"reset": "reset 0x102", "the close": "closed with 7"}


def test_the_table_and_the_applications_are_the_same() -> None:
    assert sorted(row.application for row in MISBEHAVIOUR.rows) == sorted(MISBEHAVIOUR.applications)


@pytest.mark.parametrize("row", MISBEHAVIOUR.rows, ids=lambda row: row.application)
async def test_the_client_sees(row: Row, caplog: pytest.LogCaptureFixture) -> None:
    name, raises, sees = row
    errors: list[Exception] = []
    caplog.set_level(logging.INFO, "h3producer")
    peer = Peer(watched(MISBEHAVIOUR.applications[name], errors))
    for stream_id in (BIDI, UNI):
        peer.send(peer.head(stream_id), b"hello", on=stream_id)
    await peer.idle()
    assert peer.outcome == SEEN.get(sees, sees)
    if raises and "receives" not in name:
        assert [type(error) for error in errors] == [LocalProtocolError]
    is_fault = raises or "raises" in name or name == "returns before it accepts"
    logged = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(logged) == is_fault, [record.getMessage() for record in logged]
    await peer.end()


async def test_an_application_that_catches_the_error_may_go_on() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        with pytest.raises(LocalProtocolError):
            await send({**ACCEPT, "headers": [(b"a\nb", b"")]})
        await send(ACCEPT)
        for bad in ({**DATAGRAM, "data": "x"}, {**CLOSE, "code": -1}, {**BYTES, "stream": 400}):
            with pytest.raises(LocalProtocolError):
                await send(bad)
        await send(DATAGRAM)
        await send(CLOSE)

    peer = await Peer(app).opened()
    assert peer.transport.datagrams == [b"\0x"]
    assert peer.last_words == (7, "")
    await peer.end()


async def test_a_refusal_that_was_wrong_may_be_mended() -> None:
    refusal = {"type": "webtransport.close"}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for bad in ({"status": 200}, {"status": "x"}, {"headers": [(b"a\nb", b"")]}):
            with pytest.raises(LocalProtocolError):
                await send({**refusal, **bad})
        await send({**refusal, "status": 404})

    peer = Peer(app)
    await peer.idle()
    assert peer.outcome == "404"
    await peer.end()
