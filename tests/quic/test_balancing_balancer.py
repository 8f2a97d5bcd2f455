"""The balancer's side: which server a datagram is for, and when it is for none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.balancing.balancer import Balancer
from h3producer.quic.balancing.cid_config import CidConfig, unroutable_id
from h3producer.quic.packets import VERSION_1, encode_long_header

Header = Callable[[bytes], bytes]

OLD = CidConfig(0, 1, 4)
NEW = CidConfig(1, 2, 14, b"k" * 16)
ALPHA = OLD.encode(b"a", b"\1\2\3\4", 0)
BETA = NEW.encode(b"be", bytes(14), 0)


def balancer() -> Balancer[str]:
    return Balancer([OLD, NEW], {b"a": "alpha", b"be": "beta"})


def short(connection_id: bytes) -> bytes:
    return b"\x40" + connection_id + b"protected" * 4


def long(connection_id: bytes) -> bytes:
    return encode_long_header(0xC0, VERSION_1, connection_id, b"client") + b"protected" * 4


@pytest.mark.parametrize("header", [short, long])
def test_each_configuration_is_read_by_its_own_rules(header: Header) -> None:
    found = [balancer().server_for(header(each)) for each in (ALPHA, BETA)]
    assert found == ["alpha", "beta"]


def test_an_id_of_no_active_server_is_unroutable() -> None:
    assert balancer().server_for(short(OLD.encode(b"z", bytes(4), 0))) is None


def test_an_id_of_no_active_configuration_is_unroutable() -> None:
    assert Balancer([NEW], {b"a": "alpha"}).server_for(short(ALPHA)) is None


def test_an_id_that_says_it_is_unroutable_is_so() -> None:
    assert balancer().server_for(short(unroutable_id(b"a" * 7))) is None


def test_a_long_header_whose_id_is_too_short_is_unroutable() -> None:
    assert balancer().server_for(long(ALPHA[:-1])) is None


def test_a_server_that_becomes_active_is_found_at_once() -> None:
    servers: dict[bytes, str] = {}
    watching = Balancer([OLD], servers)
    servers[b"a"] = "alpha"
    assert watching.server_of(ALPHA) == "alpha"


@given(st.binary(max_size=60))
def test_any_bytes_lead_to_a_server_or_to_none(datagram: bytes) -> None:
    assert balancer().server_for(datagram) in ("alpha", "beta", None)


@pytest.mark.parametrize("header", [short, long])
def test_a_datagram_cut_off_at_any_byte_is_for_nobody_else(header: Header) -> None:
    datagram = header(BETA)
    for cut in range(len(datagram)):
        assert balancer().server_for(datagram[:cut]) in ("beta", None)
