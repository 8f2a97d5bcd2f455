"""Any course that a socket may take: no message is lost or doubled, and nothing hangs.

A client sends messages, cut into frames and those into DATA frames of any size, stops reading for
a while, and ends at any point in any way, while an application sends everything back. What comes
back is a beginning of what was sent, all of it if the client waits; both tasks end.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.asgi.websocket.apps import Recorder, echo
from tests.asgi.websocket.peer import BINARY, CONTINUATION, PING, TEXT, Peer, close, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from h3producer.asgi.types import AsgiApp

MESSAGES = st.lists(
    st.text(max_size=40)
    | st.binary(max_size=200)
    | st.integers(1, 70_000).map(lambda size: b"x" * size),
    max_size=8,
)
CUTS = st.lists(st.integers(1, 500), min_size=1, max_size=5)
ENDS = st.sampled_from(["close", "fin", "reset", "stop", "lose", "shutdown", "cancel"])


def fragments(message: str | bytes, sizes: Sequence[int]) -> list[bytes]:
    """The frames of a message, with a ping between any two."""
    opcode = TEXT if isinstance(message, str) else BINARY
    payload = message.encode() if isinstance(message, str) else message
    frames = []
    for size in sizes[:3]:
        frames += [frame(opcode, payload[:size], fin=False), frame(PING, b"?")]
        opcode, payload = CONTINUATION, payload[size:]
    return [*frames, frame(opcode, payload)]


def pieces(octets: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Cut at these sizes, over and over; the rest in one piece after a while."""
    cut = []
    for number in range(200):
        if not octets:
            break
        size = sizes[number % len(sizes)]
        cut.append(octets[:size])
        octets = octets[size:]
    return [*cut, octets]


async def play(
    app: AsgiApp, messages: list[str | bytes], sizes: list[int], end: str, at: int, blocks: bool
) -> Peer:
    peer = await Peer(app).opened()
    octets = b"".join(each for message in messages for each in fragments(message, sizes))
    if blocks:
        peer.transport.block(0)
    for number, piece in enumerate(pieces(octets, sizes)):
        if number == at:
            break
        peer.send(piece)
        await asyncio.sleep(0)
    else:
        if not blocks:
            for _ in range(20):
                await peer.idle()
    finish(peer, end)
    await peer.idle()
    peer.transport.unblock(0)
    if end in ("shutdown", "stop") and peer.error_code is None:
        peer.send(close(1012), end=True)
    await peer.over()
    return peer


def finish(peer: Peer, end: str) -> None:
    if end == "close":
        peer.close()
    elif end == "fin":
        peer.send(end=True)
    elif end == "cancel":
        peer.task.cancel()
    else:
        getattr(peer, end)()


@settings(max_examples=60)
@given(MESSAGES, CUTS, ENDS, st.integers(0, 250), st.booleans())
async def test_an_echo_loses_nothing_and_ends(
    messages: list[str | bytes],
    sizes: list[int],
    end: str,
    at: int,
    blocks: bool,
) -> None:
    peer = await play(echo, messages, sizes, end, at, blocks)
    echoed = [each for each in await peer.received() if not isinstance(each, tuple)]
    assert echoed == messages[: len(echoed)]
    if at > 200 and not blocks:
        assert echoed == messages
    assert not peer.connection.streams
    assert peer.ended or peer.error_code is not None or end == "lose"


@settings(max_examples=60)
@given(MESSAGES, CUTS, ENDS)
async def test_an_application_hears_every_message_and_one_end(
    messages: list[str | bytes], sizes: list[int], end: str
) -> None:
    app = Recorder()
    await play(app, messages, sizes, end, 1000, False)
    if end == "cancel":
        assert app.messages == messages[: len(app.messages)]
        return
    assert app.messages == messages
    assert [message["type"] for message in app.heard].count("websocket.disconnect") == 1
    assert app.end[0] == {"close": 1000, "shutdown": 1012}.get(end, 1006)
