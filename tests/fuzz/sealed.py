"""Packets with any payload at all, sealed with the right keys: what a hostile client can send.

This file knows headers and keys, by aioquic's crypto. It refuses to know frames: a payload is
bytes. Its one rule: the same arguments give the same packet, as long as the keys are the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic._buffer import Buffer
from aioquic.buffer import encode_uint_var
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicTransportParameters, push_quic_transport_parameters
from aioquic.tls import ClientHello, Epoch, ExtensionType, push_client_hello

from h3producer.quic.packets import MIN_INITIAL_SIZE, VERSION_1

if TYPE_CHECKING:
    from tests.pair import Client

__all__ = ["CLIENT_HELLO", "crypto_frame", "handshake_packet", "initial_packet", "one_rtt_packet"]

DESTINATION = b"original"
SOURCE = b"hostile!"
TAG = 16
X25519, ECDSA_P256_SHA256, AES_128_GCM_SHA256, TLS_1_3 = 0x1D, 0x0403, 0x1301, 0x0304


def initial_packet(payload: bytes, number: int = 0, version: int = VERSION_1) -> bytes:
    """A datagram with one Initial packet, filled up with PADDING."""
    payload = payload.ljust(MIN_INITIAL_SIZE - 26 - len(DESTINATION + SOURCE) - TAG, b"\0")
    crypto = CryptoPair()
    crypto.setup_initial(cid=DESTINATION, is_client=True, version=version)
    ids = b"".join(bytes((len(each),)) + each for each in (DESTINATION, SOURCE))
    length = encode_uint_var(2 + len(payload) + TAG)
    first = 0xC1 if version == VERSION_1 else 0xD1
    header = bytes((first,)) + version.to_bytes(4, "big") + ids + b"\0" + length
    packet = crypto.encrypt_packet(header + number.to_bytes(2, "big"), payload, number)
    return packet.ljust(MIN_INITIAL_SIZE, b"\0")


def one_rtt_packet(client: Client, payload: bytes) -> bytes:
    """A datagram with one 1-RTT packet, as the next one of a connected client."""
    quic = client.quic
    number = quic._packet_number
    quic._packet_number += 1
    header = b"\x41" + quic._peer_cid.cid + (number & 0xFFFF).to_bytes(2, "big")
    # Header protection takes its sample behind the longest packet number (RFC 9001 §5.4.2).
    return quic._cryptos[Epoch.ONE_RTT].encrypt_packet(header, payload.ljust(4, b"\0"), number)


def handshake_packet(client: Client, payload: bytes) -> bytes:
    """A datagram with one Handshake packet, as the next one of a client that has its keys."""
    quic = client.quic
    number = quic._packet_number
    quic._packet_number += 1
    payload = payload.ljust(4, b"\0")
    ids = b"".join(bytes((len(each),)) + each for each in (quic._peer_cid.cid, quic.host_cid))
    header = b"\xe1" + VERSION_1.to_bytes(4, "big") + ids + encode_uint_var(2 + len(payload) + TAG)
    crypto = quic._cryptos[Epoch.HANDSHAKE]
    return crypto.encrypt_packet(header + number.to_bytes(2, "big"), payload, number)


def crypto_frame(octets: bytes, offset: int = 0) -> bytes:
    """A CRYPTO frame (RFC 9000 §19.6)."""
    return b"\x06" + encode_uint_var(offset) + encode_uint_var(len(octets)) + octets


def _client_hello() -> bytes:
    """A ClientHello that a server accepts; nothing in it is random."""
    parameters = Buffer(capacity=512)
    push_quic_transport_parameters(
        parameters,
        QuicTransportParameters(
            max_idle_timeout=20_000,
            initial_max_data=1 << 20,
            initial_max_stream_data_bidi_local=1 << 20,
            initial_max_stream_data_bidi_remote=1 << 20,
            initial_max_stream_data_uni=1 << 20,
            initial_max_streams_bidi=100,
            initial_max_streams_uni=100,
            initial_source_connection_id=SOURCE,
        ),
    )
    buffer = Buffer(capacity=1024)
    push_client_hello(
        buffer,
        ClientHello(
            random=bytes(32),
            legacy_session_id=b"",
            cipher_suites=[AES_128_GCM_SHA256],
            legacy_compression_methods=[0],
            alpn_protocols=["h3"],
            key_share=[(X25519, bytes((9,)) + bytes(31))],
            server_name="localhost",
            signature_algorithms=[ECDSA_P256_SHA256],
            supported_groups=[X25519],
            supported_versions=[TLS_1_3],
            other_extensions=[(ExtensionType.QUIC_TRANSPORT_PARAMETERS, parameters.data)],
        ),
    )
    return buffer.data


CLIENT_HELLO = _client_hello()
