"""Tests of `client/link.py` without a network: a full socket, and what nobody listens to."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from h3producer.client.link import ClientLink

if TYPE_CHECKING:
    from h3producer.client.link import Core
    from h3producer.quic.transport import EngineTransport


class FakeTransport:
    """Counts the flushes that it is asked for."""

    def __init__(self) -> None:
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1


def attached() -> tuple[ClientLink, FakeTransport, EngineTransport]:
    link, fake = ClientLink(), FakeTransport()
    transport = cast("EngineTransport", fake)
    link.attach(transport, cast("Core", object()))
    return link, fake, transport


async def test_a_full_socket_holds_the_connection_up_until_there_is_room() -> None:
    link, fake, transport = attached()
    link.pause_writing()
    assert link.is_full
    link.wait_for_room(transport)
    link.resume_writing()
    assert not link.is_full
    assert fake.flushes == 1


async def test_nobody_is_flushed_who_did_not_wait() -> None:
    link, fake, _ = attached()
    link.pause_writing()
    link.resume_writing()
    assert fake.flushes == 0


async def test_a_refusal_settles_a_handshake_and_only_that() -> None:
    link, _, _ = attached()
    link.error_received(OSError(105, "No buffer space available"))
    assert not link.settled.is_set()
    link.error_received(ConnectionRefusedError())
    assert link.is_refused


async def test_a_refusal_after_the_handshake_is_for_the_timers_to_find_out() -> None:
    link, _, transport = attached()
    link.ended(transport)
    link.error_received(ConnectionRefusedError())
    assert not link.is_refused


async def test_an_end_before_the_handshake_settles_it() -> None:
    link, _, transport = attached()
    link.forget(transport)
    assert link.settled.is_set()


async def test_one_connection_needs_no_routes() -> None:
    link, _, transport = attached()
    link.add_route(b"id", transport)
    link.remove_route(b"id")
