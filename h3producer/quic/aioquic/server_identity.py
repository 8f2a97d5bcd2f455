"""Who the server is, made ready once for all handshakes: its certificate and how it signs.

This file knows the Certificate message and signature algorithms (RFC 8446 §4.4.2, §4.4.3). It
refuses to know how a handshake goes. aioquic encodes the certificates anew for each one.

Its one rule: what is the same for every client is done when the server starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.tls import Epoch, HandshakeType, SignatureAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from h3producer.quic.aioquic.internals import Buffer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aioquic.tls import CipherSuite
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

    from h3producer.quic.engine import Credentials
    from h3producer.quic.keys.early_data import EarlyDataGate
    from h3producer.quic.keys.session_tickets import SessionTickets

    Sign = Callable[[bytes], bytes]

__all__ = ["ServerIdentity", "encode_message", "encode_vector"]

_OTHER_MESSAGES = 4096
"""Bytes of all messages of one packet type but the certificate: the longest are a signature by an
RSA key of 16,384 bits, and a ticket."""


class ServerIdentity:
    """What a handshake shows, and what it may choose from.

    `protocols` are ALPN names, best first. `tickets` makes sessions that can be resumed; None makes
    none. `early_data` takes what comes with those; None takes nothing.
    """

    def __init__(
        self,
        credentials: Credentials,
        cipher_suites: list[CipherSuite],
        protocols: Sequence[bytes],
        tickets: SessionTickets | None,
        early_data: EarlyDataGate | None = None,
    ) -> None:
        certificates = [credentials.certificate, *credentials.chain]
        entries = b"".join(
            encode_vector(each.public_bytes(Encoding.DER), 3) + b"\0\0" for each in certificates
        )
        self.certificate_message = encode_message(
            HandshakeType.CERTIFICATE, b"\0" + encode_vector(entries, 3)
        )
        self.signers = _signers(credentials.private_key)
        """How to sign, by the signature algorithms that the key can, best first."""
        self.cipher_suites = cipher_suites
        self.protocols = protocols
        self.tickets = tickets
        self.early_data = early_data
        self.parameters: dict[tuple[int | None, ...], bytes] = {}
        """Transport parameters that all connections have in common, by the version and limits that
        they are for; a server has one set of limits."""
        self.buffers = {
            Epoch.INITIAL: Buffer(capacity=_OTHER_MESSAGES),
            Epoch.HANDSHAKE: Buffer(capacity=len(self.certificate_message) + _OTHER_MESSAGES),
            Epoch.ONE_RTT: Buffer(capacity=_OTHER_MESSAGES),
        }
        """What TLS writes its messages into, by packet type; empty between two calls."""

    def clear_buffers(self) -> None:
        """Forget what a handshake wrote that was broken off."""
        for each in self.buffers.values():
            each.seek(0)


def encode_message(message_type: HandshakeType, body: bytes) -> bytes:
    """A handshake message (RFC 8446 §4)."""
    return bytes((message_type,)) + encode_vector(body, 3)


def encode_vector(data: bytes, size: int) -> bytes:
    """`data` behind its length in `size` bytes (RFC 8446 §3.4)."""
    return len(data).to_bytes(size, "big") + data


def _signers(key: PrivateKeyTypes) -> dict[SignatureAlgorithm, Sign]:
    match key:
        case rsa.RSAPrivateKey():
            # RFC 8446 §4.4.3: "RSA signatures MUST use an RSASSA-PSS algorithm".
            return {
                SignatureAlgorithm.RSA_PSS_RSAE_SHA256: _sign_pss(key, hashes.SHA256()),
                SignatureAlgorithm.RSA_PSS_RSAE_SHA384: _sign_pss(key, hashes.SHA384()),
            }
        case ec.EllipticCurvePrivateKey(curve=ec.SECP256R1()):
            return {SignatureAlgorithm.ECDSA_SECP256R1_SHA256: _sign_ecdsa(key, hashes.SHA256())}
        case ec.EllipticCurvePrivateKey(curve=ec.SECP384R1()):
            return {SignatureAlgorithm.ECDSA_SECP384R1_SHA384: _sign_ecdsa(key, hashes.SHA384())}
        case ed25519.Ed25519PrivateKey():
            return {SignatureAlgorithm.ED25519: key.sign}
        case ed448.Ed448PrivateKey():
            return {SignatureAlgorithm.ED448: key.sign}
    return {}


def _sign_pss(key: rsa.RSAPrivateKey, algorithm: hashes.SHA256 | hashes.SHA384) -> Sign:
    # RFC 8446 §4.2.3: "The length of the Salt MUST be equal to the length of the digest algorithm."
    scheme = padding.PSS(mgf=padding.MGF1(algorithm), salt_length=algorithm.digest_size)
    return lambda data: key.sign(data, scheme, algorithm)


def _sign_ecdsa(key: ec.EllipticCurvePrivateKey, algorithm: hashes.SHA256 | hashes.SHA384) -> Sign:
    scheme = ec.ECDSA(algorithm)
    return lambda data: key.sign(data, scheme)
