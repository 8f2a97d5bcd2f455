"""A stream as the server's own handlers see it: what they read, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from h3producer.http3.cause import Cause
    from h3producer.http3.stream import Http3Stream

__all__ = ["FakeResponse", "FakeStream", "as_stream"]


@dataclass
class FakeResponse:
    """Remembers the answer."""

    status: int | None = None
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    headers_sent: bool = False
    completed: bool = False

    def start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.status, self.headers = status, headers

    async def complete(self, data: bytes = b"") -> None:
        self.body += data
        self.headers_sent = self.completed = True


@dataclass
class FakeRequest:
    method: str = "GET"
    path: bytes = b"/"
    protocol: str | None = None


@dataclass
class FakeTransport:
    peer_address: tuple[str, int] = ("127.0.0.1", 50000)


@dataclass
class FakeStream:
    """One exchange."""

    request: FakeRequest = field(default_factory=FakeRequest)
    response: FakeResponse = field(default_factory=FakeResponse)
    transport: FakeTransport = field(default_factory=FakeTransport)
    cause: Cause | None = None
    is_probe: bool = False


def as_stream(stream: FakeStream) -> Http3Stream:
    """The fake under the name of what it stands for."""
    return cast("Http3Stream", stream)
