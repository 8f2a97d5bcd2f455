"""Tests of `server/listeners.py`: what is bound, what is refused, what is closed."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from h3producer.config import Config
from h3producer.server.certificates.credentials import Credentials
from h3producer.server.certificates.development import make_development_certificate
from h3producer.server.errors import StartupError
from h3producer.server.listeners import UdpListeners

if TYPE_CHECKING:
    from h3producer.http3.stream import Http3Stream

MADE = make_development_certificate()
CREDENTIALS = Credentials(MADE.certificate, (), MADE.private_key)


async def handler(stream: Http3Stream) -> None: ...


def is_free(address: tuple[str, int]) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(address)
        except OSError:
            return False
        return True


async def test_host_and_port_are_bound_and_let_go() -> None:
    listeners = UdpListeners(Config(host="127.0.0.1", port=0))
    assert listeners.addresses == []
    listeners.bind()
    [address] = listeners.addresses
    assert address[0] == "127.0.0.1"
    assert not is_free(address)
    listeners.start(CREDENTIALS, handler)
    await listeners.close()
    assert is_free(address)


async def test_bind_replaces_host_and_port() -> None:
    listeners = UdpListeners(Config(bind=("127.0.0.1:0", "127.0.0.2:0")))
    listeners.bind()
    assert [host for host, _ in listeners.addresses] == ["127.0.0.1", "127.0.0.2"]
    await listeners.close()


@pytest.mark.parametrize("bind", ["127.0.0.1:99999", "fd://x"])
async def test_an_address_that_makes_no_sense_is_one_sentence(bind: str) -> None:
    with pytest.raises(StartupError, match="Cannot bind"):
        UdpListeners(Config(bind=(bind,))).bind()


async def test_a_port_in_use_is_one_sentence() -> None:
    first = UdpListeners(Config(host="127.0.0.1", port=0))
    first.bind()
    [(host, port)] = first.addresses
    with pytest.raises(StartupError, match=rf"Cannot bind {host}:{port}: Address already in use"):
        UdpListeners(Config(host="127.0.0.1", port=port)).bind()
    await first.close()


async def test_a_key_that_quic_cannot_use_is_one_sentence() -> None:
    listeners = UdpListeners(Config(host="127.0.0.1", port=0))
    listeners.bind()
    key = ec.generate_private_key(ec.SECP521R1())
    with pytest.raises(StartupError, match="secp521r1"):
        listeners.start(Credentials(MADE.certificate, (), key), handler)
    await listeners.close()


async def test_without_connections_there_is_nothing_to_drain() -> None:
    listeners = UdpListeners(Config(host="127.0.0.1", port=0))
    listeners.bind()
    listeners.start(CREDENTIALS, handler)
    listeners.shutdown()
    async with asyncio.timeout(5):
        await listeners.wait_drained()
    listeners.close_connections()
    await listeners.close()


async def test_closing_twice_is_closing_once() -> None:
    listeners = UdpListeners(Config(host="127.0.0.1", port=0))
    listeners.bind()
    await listeners.close()
    await listeners.close()
