"""Keys of packets and secrets of handshakes: the same as aioquic derives, by another way."""

from __future__ import annotations

import pytest
from aioquic.quic.crypto import CryptoContext, CryptoPair
from aioquic.tls import CipherSuite
from aioquic.tls import KeySchedule as TheirKeySchedule

from h3producer.quic.aioquic.key_schedule import KeySchedule, hash_of
from h3producer.quic.aioquic.packet_keys import InitialPairs, PacketKeys
from h3producer.quic.keys.initial_keys import ClientKeys
from h3producer.quic.packets import VERSION_1, VERSION_2

SUITES = list(CipherSuite)[:3]
HEADER = bytes.fromhex("c300000001") + bytes(15) + b"\x00\x02"


def protected(keys: CryptoContext) -> bytes:
    """A packet under these keys."""
    return keys.encrypt_packet(HEADER, b"payload of a packet", 2)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
@pytest.mark.parametrize("cipher_suite", SUITES)
def test_packets_are_protected_as_aioquic_protects_them(
    version: int, cipher_suite: CipherSuite
) -> None:
    secret = b"s" * (48 if hash_of(cipher_suite) == "sha384" else 32)
    ours, theirs = PacketKeys(), CryptoContext()
    for keys in (ours, theirs):
        keys.setup(cipher_suite=cipher_suite, secret=secret, version=version)
    assert protected(ours) == protected(theirs)
    assert (ours.secret, ours.version) == (theirs.secret, theirs.version)


@pytest.mark.parametrize("version", [VERSION_1, VERSION_2])
def test_initial_keys_come_from_the_clients_choice_of_an_id(version: int) -> None:
    theirs = CryptoPair()
    theirs.setup_initial(cid=b"original", is_client=False, version=version)
    ours = InitialPairs(b"original")[version]
    assert protected(ours.send) == protected(theirs.send)
    assert protected(ours.recv) == protected(theirs.recv)


def test_keys_that_opened_the_first_packet_open_the_others() -> None:
    known = ClientKeys(VERSION_1, b"original")
    packet = protected(InitialPairs(b"original")[VERSION_1].recv)
    ours = InitialPairs(b"original", known)[VERSION_1].recv
    assert ours.aead is not None
    assert ours.aead._aead is known.aead
    assert ours.decrypt_packet(packet, len(HEADER) - 4, 0)[1] == b"payload of a packet"


@pytest.mark.parametrize(("version", "used_id"), [(VERSION_2, b"original"), (VERSION_1, b"other")])
def test_keys_of_another_first_packet_are_not_used(version: int, used_id: bytes) -> None:
    ours = InitialPairs(used_id, ClientKeys(VERSION_1, b"original"))[version]
    assert protected(ours.recv) == protected(InitialPairs(used_id)[version].recv)


def test_initial_keys_are_made_once_and_only_for_the_versions_that_are_used() -> None:
    pairs = InitialPairs(b"original")
    assert pairs[VERSION_1] is pairs[VERSION_1]
    assert list(pairs) == [VERSION_1]


@pytest.mark.parametrize("cipher_suite", SUITES)
@pytest.mark.parametrize("psk", [None, b"p" * 32])
def test_the_secrets_of_a_handshake_are_those_of_aioquic(
    cipher_suite: CipherSuite, psk: bytes | None
) -> None:
    ours, theirs = KeySchedule(cipher_suite, psk), TheirKeySchedule(cipher_suite)
    theirs.extract(psk)
    assert ours.derive(b"res binder") == theirs.derive_secret(b"res binder")
    ours.update(b"hello")
    theirs.update_hash(b"hello")
    assert ours.verify_data(b"k" * 32) == theirs.finished_verify_data(b"k" * 32)
    for material in (b"shared", None):
        ours.extract(material)
        theirs.extract(material)
        assert ours.derive(b"s ap traffic") == theirs.derive_secret(b"s ap traffic")
        ours.update(b"finished")
        theirs.update_hash(b"finished")
