"""The key exchange of a handshake: a share of our own for one of the client's (RFC 8446 §4.2.8).

This file knows groups and how their keys look on the wire. It refuses to know messages.

Its one rule: a private key lives for one call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic.tls import AlertHandshakeFailure, AlertIllegalParameter, Group
from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["answer_key_share"]


def answer_key_share(shares: Iterable[tuple[int, bytes]]) -> tuple[int, bytes, bytes]:
    """Group, our public key and the shared secret, for the first of the shares that we can answer.

    Raises an alert if there is none, or if it is no point of its group.
    """
    for group, key in shares:
        exchange = _EXCHANGES.get(group)
        if exchange is not None:
            try:
                return (group, *exchange(key))
            except ValueError:
                raise AlertIllegalParameter("ClientHello has an invalid key share") from None
    raise AlertHandshakeFailure("No supported key share")


def _x25519(theirs: bytes) -> tuple[bytes, bytes]:
    public_key = x25519.X25519PublicKey.from_public_bytes(theirs)
    ours = x25519.X25519PrivateKey.generate()
    return ours.public_key().public_bytes_raw(), ours.exchange(public_key)


def _x448(theirs: bytes) -> tuple[bytes, bytes]:
    public_key = x448.X448PublicKey.from_public_bytes(theirs)
    ours = x448.X448PrivateKey.generate()
    return ours.public_key().public_bytes_raw(), ours.exchange(public_key)


def _p256(theirs: bytes) -> tuple[bytes, bytes]:
    return _elliptic(ec.SECP256R1(), theirs)


def _p384(theirs: bytes) -> tuple[bytes, bytes]:
    return _elliptic(ec.SECP384R1(), theirs)


def _elliptic(curve: ec.EllipticCurve, theirs: bytes) -> tuple[bytes, bytes]:
    public_key = ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs)
    ours = ec.generate_private_key(curve)
    point = ours.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return point, ours.exchange(ec.ECDH(), public_key)


_EXCHANGES: dict[int, Callable[[bytes], tuple[bytes, bytes]]] = {
    Group.SECP256R1: _p256,
    Group.SECP384R1: _p384,
    Group.X25519: _x25519,
    Group.X448: _x448,
}
