"""Retry: who got the token back to us is where he says he is."""

from __future__ import annotations

import pytest
from aioquic._buffer import Buffer
from aioquic.quic.packet import QuicPacketType, get_retry_integrity_tag, pull_quic_header
from hypothesis import given
from hypothesis import strategies as st

from h3producer.quic.keys.tokens import TOKEN_LIFETIME, RetryTokens, WrongTokenError, encode_retry
from h3producer.quic.packets import VERSION_1, VERSION_2, InitialPacket

ADDRESS = ("192.0.2.7", 4567)
ORIGINAL, SOURCE = b"original", b"retry-id"


def test_a_token_gives_back_the_original_id() -> None:
    tokens = RetryTokens()
    token = tokens.create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    assert tokens.validate(token, ADDRESS, SOURCE, 11.0) == ORIGINAL


def test_a_token_does_not_show_what_is_in_it() -> None:
    assert ORIGINAL not in RetryTokens().create(ADDRESS, ORIGINAL, SOURCE, 10.0)


@pytest.mark.parametrize(
    "address", [("192.0.2.8", 4567), ("192.0.2.7", 4568), ("2001:db8::1", 4567, 0, 0)]
)
def test_a_token_of_another_address_is_wrong(address: tuple[str, int]) -> None:
    tokens = RetryTokens()
    token = tokens.create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    with pytest.raises(WrongTokenError, match="another address"):
        tokens.validate(token, address, SOURCE, 11.0)


def test_a_token_of_another_retry_is_wrong() -> None:
    tokens = RetryTokens()
    token = tokens.create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    with pytest.raises(WrongTokenError, match="another connection id"):
        tokens.validate(token, ADDRESS, b"elsewhere", 11.0)


def test_a_token_is_good_for_its_lifetime_and_no_longer() -> None:
    tokens = RetryTokens()
    token = tokens.create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    assert tokens.validate(token, ADDRESS, SOURCE, 10.0 + TOKEN_LIFETIME) == ORIGINAL
    with pytest.raises(WrongTokenError, match="expired"):
        tokens.validate(token, ADDRESS, SOURCE, 10.1 + TOKEN_LIFETIME)


def test_a_token_of_another_server_is_not_ours() -> None:
    token = RetryTokens().create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    assert RetryTokens().validate(token, ADDRESS, SOURCE, 11.0) is None


def test_processes_that_share_the_key_accept_each_others_tokens() -> None:
    token = RetryTokens(b"k" * 16).create(ADDRESS, ORIGINAL, SOURCE, 10.0)
    assert RetryTokens(b"k" * 16).validate(token, ADDRESS, SOURCE, 11.0) == ORIGINAL


def test_a_token_of_a_host_whose_clock_is_ahead_is_good() -> None:
    token = RetryTokens(b"k" * 16).create(ADDRESS, ORIGINAL, SOURCE, 15.0)
    assert RetryTokens(b"k" * 16).validate(token, ADDRESS, SOURCE, 10.0) == ORIGINAL


@given(st.binary(max_size=100))
def test_any_bytes_are_not_our_token(token: bytes) -> None:
    assert RetryTokens(b"k" * 16).validate(token, ADDRESS, SOURCE, 11.0) is None


def test_an_ipv6_address_with_a_scope_has_a_token() -> None:
    tokens = RetryTokens()
    address = ("fe80::1%2", 4567, 0, 2)
    token = tokens.create(address, ORIGINAL, SOURCE, 10.0)
    assert tokens.validate(token, address, SOURCE, 11.0) == ORIGINAL


def test_the_retry_of_the_rfc_comes_out() -> None:
    """RFC 9001 §A.4; its unused bits are ones, ours are zeros, so the tag differs."""
    initial = InitialPacket(VERSION_1, bytes.fromhex("8394c8f03e515708"), b"", b"")
    packet = encode_retry(initial, bytes.fromhex("f067a5502a4262b5"), b"token")
    assert packet[1:-16].hex() == "000000010008f067a5502a4262b5746f6b656e"


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_a_retry_is_understood_by_others(version: int) -> None:
    initial = InitialPacket(version, ORIGINAL, b"client", b"")
    packet = encode_retry(initial, SOURCE, b"token")
    header = pull_quic_header(Buffer(data=packet))
    assert header.packet_type is QuicPacketType.RETRY
    assert (header.destination_cid, header.source_cid) == (b"client", SOURCE)
    assert header.token == b"token"
    assert header.integrity_tag == get_retry_integrity_tag(packet[:-16], ORIGINAL, version)
