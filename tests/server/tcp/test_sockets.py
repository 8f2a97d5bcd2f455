"""Tests of `server/tcp/sockets.py`: which addresses are listened on, and what is said of others."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from h3producer.config import Config
from h3producer.quic.udp.sockets import BindError
from h3producer.server.tcp.sockets import Listening, bind_beside

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.once

NOWHERE: list[tuple[str, int]] = []


def listening(*binds: str) -> Listening:
    """What these stand for."""
    config = Config(app=print, with_tcp=True, tcp_bind=binds)
    return bind_beside(config, lambda: NOWHERE, lambda: None)


def close(found: Listening) -> list[tuple[str, int]]:
    """Where they listened."""
    addresses = [sock.getsockname()[:2] for sock in found.sockets]
    for sock in found.sockets:
        sock.close()
    return addresses


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


def test_localhost_is_both_loopback_addresses_whatever_a_hosts_file_says() -> None:
    assert [host for host, _ in close(listening("localhost:0"))] == ["127.0.0.1", "::1"]


def test_several_are_listened_on_in_their_order() -> None:
    found = close(listening("127.0.0.2:0", "127.0.0.1:0"))
    assert [host for host, _ in found] == ["127.0.0.2", "127.0.0.1"]


def test_a_socket_that_somebody_bound_is_listened_on_and_shared(bound: socket.socket) -> None:
    found = listening(f"fd://{bound.fileno()}")
    assert found.is_shared
    with socket.create_connection(bound.getsockname(), timeout=10):
        pass
    assert close(found) == [bound.getsockname()]


def test_what_is_no_tcp_socket_is_one_sentence() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as sock,
        pytest.raises(BindError, match=r"^Cannot use fd \d+: it is not a TCP socket\.$"),
    ):
        listening(f"fd://{sock.fileno()}")


def test_a_descriptor_that_nobody_has_is_one_sentence() -> None:
    with pytest.raises(BindError, match=r"^Cannot use fd 1000000: "):
        listening("fd://1000000")


def test_what_systemd_has_is_named_by_its_descriptor() -> None:
    with pytest.raises(BindError, match="for TCP: name its descriptor, as fd://N"):
        listening("systemd://web")


def test_a_name_that_is_none_is_one_sentence() -> None:
    with pytest.raises(BindError, match=r"^Cannot bind 'no\.such\.host\.invalid': "):
        listening("no.such.host.invalid:443")


def test_if_one_is_taken_none_is_left_open(bound: socket.socket) -> None:
    bound.listen()
    host, port = bound.getsockname()
    with pytest.raises(BindError, match="Cannot listen on TCP"):
        listening("127.0.0.2:0", f"{host}:{port}")
