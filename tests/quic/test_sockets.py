"""Binding: families, ports, descriptors, and one sentence when it fails."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from h3producer.quic.siblings import passed_sockets
from h3producer.quic.udp import sockets as module
from h3producer.quic.udp.sockets import (
    BindError,
    PassedSockets,
    bind_sockets,
    packed_host,
    parse_bind,
    plain_address,
    show_address,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.quic.udp.sockets import BindTarget

SO_RCVBUFFORCE = 33  # of Linux; Python has no name for it


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def bind(opened: ExitStack, *addresses: BindTarget) -> list[socket.socket]:
    bound = bind_sockets(addresses)
    for sock in bound:
        opened.enter_context(sock)
    return bound


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def two_families(
    monkeypatch: pytest.MonkeyPatch, first: str = "127.0.0.1", second: str = "::1"
) -> None:
    """Have every name resolve to two addresses."""

    def resolve(host: str | None, port: int, **kwargs: object) -> list[tuple[object, ...]]:
        return [
            (family_of(address), socket.SOCK_DGRAM, 17, "", (address, port, *extra_of(address)))
            for address in (first, second)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


def family_of(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def extra_of(address: str) -> tuple[int, ...]:
    return (0, 0) if ":" in address else ()


@pytest.mark.skipif(sys.platform != "linux", reason="options of Linux")
@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), pytest.param(socket.AF_INET6, "::", marks=needs_ipv6)],
)
def test_no_datagram_is_sent_in_fragments(
    opened: ExitStack, family: socket.AddressFamily, address: str
) -> None:
    """RFC 9000 §14; what somebody else bound may serve both families."""
    theirs = opened.enter_context(socket.socket(family, socket.SOCK_DGRAM))
    theirs.bind((address, 0))
    (sock,) = bind(opened, theirs.fileno())
    ip_mtu_discover, ipv6_mtu_discover, probe = 10, 23, 3
    assert sock.getsockopt(socket.IPPROTO_IP, ip_mtu_discover) == probe
    if family == socket.AF_INET6:
        assert sock.getsockopt(socket.IPPROTO_IPV6, ipv6_mtu_discover) == probe


def test_port_0_gives_a_port(opened: ExitStack) -> None:
    (sock,) = bind(opened, ("127.0.0.1", 0))
    assert sock.getsockname()[1] > 0


def test_a_socket_does_not_block(opened: ExitStack) -> None:
    (sock,) = bind(opened, ("127.0.0.1", 0))
    assert not sock.getblocking()


@needs_ipv6
def test_ipv6_sockets_are_for_ipv6_only(opened: ExitStack) -> None:
    (sock,) = bind(opened, ("::1", 0))
    assert sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


@needs_ipv6
def test_a_name_is_bound_in_each_family_on_one_port(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_families(monkeypatch)
    first, second = bind(opened, ("name.test", 0))
    assert (first.family, second.family) == (socket.AF_INET, socket.AF_INET6)
    assert first.getsockname()[1] == second.getsockname()[1]


@needs_ipv6
def test_localhost_is_both_loopback_addresses_whatever_the_hosts_file_says(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_families(monkeypatch, second="192.0.2.1")
    first, second = bind(opened, ("localhost", 0))
    assert (first.getsockname()[0], second.getsockname()[0]) == ("127.0.0.1", "::1")


@needs_ipv6
def test_port_0_is_tried_again_if_a_family_has_that_port_taken(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_families(monkeypatch)
    real = module._bind
    taken: list[int] = []

    def bind_once_taken(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
        if family == socket.AF_INET6 and not taken:
            taken.append(1)
            raise OSError(98, "Address already in use")
        return real(family, address)

    monkeypatch.setattr(module, "_bind", bind_once_taken)
    assert len(bind(opened, ("name.test", 0))) == 2


def test_port_0_is_not_tried_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def never(family: socket.AddressFamily, address: tuple[object, ...]) -> socket.socket:
        attempts.append(1)
        raise OSError(98, "Address already in use")

    monkeypatch.setattr(module, "_bind", never)
    with pytest.raises(BindError, match=r"^Cannot bind 127\.0\.0\.1:0: Address already in use\.$"):
        bind_sockets([("127.0.0.1", 0)])
    assert len(attempts) == module.PORT_ATTEMPTS


def test_an_address_that_the_machine_lacks_is_left_out_of_a_name(
    opened: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_families(monkeypatch, second="192.0.2.1")
    assert len(bind(opened, ("name.test", 0))) == 1


def test_an_address_that_the_machine_lacks_is_an_error_on_its_own() -> None:
    with pytest.raises(BindError, match=r"^Cannot bind 192\.0\.2\.1:0: .+\.$"):
        bind_sockets([("192.0.2.1", 0)])


def test_a_port_in_use_is_said_in_a_sentence(opened: ExitStack) -> None:
    (sock,) = bind(opened, ("127.0.0.1", 0))
    port = sock.getsockname()[1]
    with pytest.raises(BindError, match=rf"^Cannot bind 127\.0\.0\.1:{port}: Address already"):
        bind_sockets([("127.0.0.1", port)])


def test_all_or_nothing(opened: ExitStack) -> None:
    """A warning about an unclosed socket would fail this test."""
    (sock,) = bind(opened, ("127.0.0.1", 0))
    with pytest.raises(BindError):
        bind_sockets([("127.0.0.1", 0), ("127.0.0.1", sock.getsockname()[1])])


def test_a_name_that_does_not_resolve_is_said_in_a_sentence() -> None:
    with pytest.raises(BindError, match=r"^Cannot bind 'no such host': .+\.$"):
        bind_sockets([("no such host", 0)])


def test_several_addresses_are_bound_in_order(opened: ExitStack) -> None:
    first, second = bind(opened, ("127.0.0.1", 0), ("127.0.0.2", 0))
    assert (first.getsockname()[0], second.getsockname()[0]) == ("127.0.0.1", "127.0.0.2")


def test_an_existing_socket_is_used_and_stays_open(opened: ExitStack) -> None:
    theirs = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    theirs.bind(("127.0.0.1", 0))
    (ours,) = bind(opened, theirs.fileno())
    assert ours.getsockname() == theirs.getsockname()
    assert ours.fileno() != theirs.fileno()
    ours.close()
    assert theirs.getsockname()


@pytest.mark.skipif(sys.platform != "linux", reason="an option of Linux")
def test_a_larger_buffer_than_we_may_ask_for_is_left_alone(opened: ExitStack) -> None:
    """`ReceiveBuffer=` of a socket unit goes beyond net.core.rmem_max; we cannot."""
    theirs = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    theirs.bind(("127.0.0.1", 0))
    try:
        theirs.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 4 * module.BUFFER_SIZE)
    except PermissionError:
        pytest.skip("only who administers the network may go beyond the cap")
    (ours,) = bind(opened, theirs.fileno())
    granted = ours.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    assert granted == 2 * 4 * module.BUFFER_SIZE, "Linux doubles it for its own bookkeeping."


def test_a_socket_that_is_not_bound_is_refused(opened: ExitStack) -> None:
    sock = opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with pytest.raises(BindError, match="the socket is not bound"):
        bind_sockets([sock.fileno()])


def test_a_socket_that_is_not_udp_is_refused(opened: ExitStack) -> None:
    sock = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    with pytest.raises(BindError, match="it is not a UDP socket"):
        bind_sockets([sock.fileno()])


def test_a_descriptor_that_is_no_socket_is_refused() -> None:
    with open(os.devnull) as file, pytest.raises(BindError, match=r"^Cannot use fd \d+: Socket"):
        bind_sockets([file.fileno()])


def test_a_descriptor_that_is_not_open_is_refused() -> None:
    with pytest.raises(BindError, match=r"^Cannot use fd 99999: Bad file descriptor\.$"):
        bind_sockets([99999])


# From systemd


@pytest.fixture
def passed(opened: ExitStack, monkeypatch: pytest.MonkeyPatch) -> list[socket.socket]:
    """Two sockets, called web and admin, as a service manager passes them."""
    sockets = [
        opened.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2)
    ]
    for number, sock in enumerate(sockets, 200):
        sock.bind(("127.0.0.1", 0))
        opened.callback(os.close, os.dup2(sock.fileno(), number))
    monkeypatch.setattr(passed_sockets, "FIRST", 200)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", "2")
    monkeypatch.setenv("LISTEN_FDNAMES", "web:admin")
    return sockets


def test_all_sockets_that_systemd_passes_are_taken(
    opened: ExitStack, passed: list[socket.socket]
) -> None:
    bound = bind(opened, PassedSockets())
    assert [each.getsockname() for each in bound] == [each.getsockname() for each in passed]


def test_one_of_them_is_taken_by_its_name(opened: ExitStack, passed: list[socket.socket]) -> None:
    (bound,) = bind(opened, PassedSockets("admin"))
    assert bound.getsockname() == passed[1].getsockname()


@pytest.mark.usefixtures("passed")
def test_a_name_that_systemd_did_not_pass_is_said() -> None:
    with pytest.raises(BindError, match="no socket called 'api', only web, admin"):
        bind_sockets([PassedSockets("api")])


def test_without_systemd_there_is_nothing_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LISTEN_PID", raising=False)
    sentence = r"^Cannot bind systemd://: systemd has passed no sockets to this process\.$"
    with pytest.raises(BindError, match=sentence):
        bind_sockets([PassedSockets()])


def test_a_passed_socket_that_cannot_be_used_closes_the_others(
    passed: list[socket.socket], opened: ExitStack
) -> None:
    stream = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
    os.dup2(stream.fileno(), 201)
    with pytest.raises(BindError, match="fd 201: it is not a UDP socket"):
        bind_sockets([PassedSockets()])


# What is written


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("localhost:443", ("localhost", 443)),
        ("localhost", ("localhost", 4433)),
        (":8000", ("", 8000)),
        ("", ("", 4433)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("[::1]:443", ("::1", 443)),
        ("[::1]", ("::1", 4433)),
        ("::1", ("::1", 4433)),
        ("fd://3", 3),
        ("systemd://", PassedSockets()),
        ("systemd://web", PassedSockets("web")),
    ],
)
def test_addresses_are_read(text: str, address: BindTarget) -> None:
    assert parse_bind(text) == address


@pytest.mark.parametrize(
    "text", ["host:x", "host:65536", "host:-1", "[::1", "[::1]443", "fd://", "fd://x", "host:٣"]
)
def test_what_is_no_address_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(BindError, match=r"^Cannot bind .+\.$"):
        parse_bind(text)


@pytest.mark.parametrize(
    ("address", "plain"),
    [
        (("192.0.2.7", 1), ("192.0.2.7", 1)),
        (("::ffff:192.0.2.7", 1, 0, 0), ("192.0.2.7", 1)),
        (("2001:db8::1", 1, 5, 0), ("2001:db8::1", 1)),
        (("fe80::1%eth0", 1, 0, 2), ("fe80::1%eth0", 1)),
    ],
)
def test_peers_have_plain_addresses(
    address: tuple[str, int] | tuple[str, int, int, int], plain: tuple[str, int]
) -> None:
    assert plain_address(address) == plain


def test_addresses_are_shown_as_in_a_url() -> None:
    assert show_address(("192.0.2.7", 443)) == "192.0.2.7:443"
    assert show_address(("2001:db8::1", 443)) == "[2001:db8::1]:443"


@pytest.mark.parametrize(
    ("host", "packed"),
    [
        ("192.0.2.7", "c0000207"),
        ("2001:db8::1", "20010db8000000000000000000000001"),
        ("fe80::1%eth0", "fe800000000000000000000000000001"),
    ],
)
def test_a_host_is_packed_without_its_zone(host: str, packed: str) -> None:
    assert packed_host(host).hex() == packed
