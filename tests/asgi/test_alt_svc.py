"""Tests of `asgi/alt_svc.py`: who is told of HTTP/3, and in which words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from h3producer.asgi.alt_svc import AltSvc, alt_svc_value

if TYPE_CHECKING:
    from h3producer.asgi.types import Message, Receive, Scope, Send


def test_the_value_says_port_and_age() -> None:
    assert alt_svc_value(443, 60) == b'h3=":443"; ma=60'


def test_an_age_of_0_has_clients_forget() -> None:
    assert alt_svc_value(443, 0) == b"clear"


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 65535"):
        alt_svc_value(port)


async def sent_by(scope: Scope, *headers: tuple[bytes, bytes]) -> list[Message]:
    """What a server behind the middleware gets."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"content"})

    async def receive() -> dict[str, Any]:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    await AltSvc(app, port=4433)(scope, receive, send)
    return sent


@pytest.mark.parametrize("version", ["1.0", "1.1", "2"])
async def test_a_response_over_tcp_says_it(version: str) -> None:
    start, body = await sent_by(
        {"type": "http", "scheme": "https", "http_version": version}, (b"a", b"b")
    )

    assert start["headers"] == [(b"a", b"b"), (b"alt-svc", b'h3=":4433"; ma=86400')]
    assert body == {"type": "http.response.body", "body": b"content"}


async def test_what_the_application_says_of_it_stands() -> None:
    start, _ = await sent_by(
        {"type": "http", "scheme": "https", "http_version": "2"}, (b"Alt-Svc", b"clear")
    )

    assert start["headers"] == ((b"Alt-Svc", b"clear"),)


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "http", "scheme": "https", "http_version": "3"},
        {"type": "http", "scheme": "http", "http_version": "1.1"},
        {"type": "websocket", "scheme": "wss", "http_version": "2"},
        {"type": "lifespan"},
    ],
)
async def test_others_are_left_alone(scope: Scope) -> None:
    start, _ = await sent_by(scope)

    assert start["headers"] == ()
