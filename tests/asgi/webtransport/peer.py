"""A session of a client without a network, over the real adapter and core on a `FakeTransport`.

    peer = await Peer(app).opened()
    peer.send(peer.head(4), b"hello", on=4)
    assert peer.transport.sent(4) == b"hello"

It is the client of the core's tests, with the adapter for a handler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from h3producer.asgi.adapter import AsgiAdapter
from h3producer.wire.capsules import CapsuleReader, CapsuleType, encode_capsule
from h3producer.wire.datagrams import encode_datagram
from h3producer.wire.webtransport import encode_close, encode_stream_head, parse_close
from tests.http3.harness import Client, data, request
from tests.http3.webtransport.harness import SETTINGS, WEBTRANSPORT

if TYPE_CHECKING:
    from h3producer.asgi.types import AsgiApp, Receive, Scope, Send
    from h3producer.config import Config

__all__ = ["ACCEPT", "Peer", "Recorder", "says"]

ACCEPT: dict[str, Any] = {"type": "webtransport.accept"}


def says(*messages: Any) -> AsgiApp:
    """An application that sends these, and leaves."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        for message in messages:
            await send(message)

    return app


class Recorder:
    """Accepts, and writes down what it receives, until the end."""

    def __init__(self) -> None:
        self.scope: Scope = {}
        self.heard: list[dict[str, Any]] = []
        self.send: Send | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.send = scope, send
        assert await receive() == {"type": "webtransport.connect"}
        await send(ACCEPT)
        while not self.heard or self.heard[-1]["type"] != "webtransport.disconnect":
            self.heard.append(await receive())

    async def says(self, kind: str, **about: object) -> None:
        """Have the application send this now."""
        assert self.send is not None
        await self.send({"type": f"webtransport.{kind}", **about})

    @property
    def last(self) -> dict[str, Any]:
        return self.heard[-1]


class Peer(Client):
    """One session of a client, on stream 0; begins when it is made."""

    def __init__(
        self,
        app: AsgiApp,
        *headers: tuple[bytes, bytes],
        path: bytes = b"/chat?room=1",
        config: Config = WEBTRANSPORT,
    ) -> None:
        super().__init__(AsgiAdapter(app, root_path="/app"), config=config)
        self.send(SETTINGS, on=2)
        self.send(request(b"CONNECT", (b":protocol", b"webtransport"), *headers, path=path))
        task = self.connection.streams[0]._task
        assert task is not None
        self.task = task

    @staticmethod
    def head(stream_id: int) -> bytes:
        return encode_stream_head(stream_id, 0)

    def datagram(self, payload: bytes) -> None:
        self.connection.datagram_received(encode_datagram(0, payload))

    def close(self, code: int = 0, reason: str = "") -> None:
        words = encode_close(code, reason)
        self.send(data(encode_capsule(CapsuleType.CLOSE_WEBTRANSPORT_SESSION, words)), end=True)

    def ask_for_end(self) -> None:
        self.send(data(encode_capsule(CapsuleType.DRAIN_WEBTRANSPORT_SESSION)))

    async def opened(self) -> Peer:
        await self.idle()
        assert self.received().status == 200
        return self

    @property
    def last_words(self) -> tuple[int, str] | None:
        """Code and reason with which the server closed."""
        reader = CapsuleReader({CapsuleType.CLOSE_WEBTRANSPORT_SESSION: 2000})
        for capsule_type, value in reader.feed(self.received().body):
            if capsule_type == CapsuleType.CLOSE_WEBTRANSPORT_SESSION:
                return parse_close(value)
        return None

    @property
    def outcome(self) -> str:
        """What the client sees in the end, in a phrase."""
        seen = self.received()
        if seen.reset is not None:
            return f"reset {seen.reset:#x}"
        if not seen.ended:
            return "a hang"
        if seen.status != 200:
            return str(seen.status)
        return f"closed with {self.last_words[0]}" if self.last_words else "no words"

    async def end(self) -> None:
        """Let everything end that has not."""
        self.lose()
        await self.idle()
        assert self.task.done()
        assert self.is_clean
