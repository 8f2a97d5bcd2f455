"""The keys that protect packets, derived without detours (RFC 9001 §5.1, §5.2).

This file knows which keys come from a secret, by version and cipher suite. It refuses to know where
the secret comes from (`key_schedule.py`). aioquic derives the Initial keys of each version that the
server speaks, for each connection, although a client uses one.

Its one rule: no key is derived that nobody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic._crypto import AEAD, HeaderProtection
from aioquic.quic.crypto import CIPHER_SUITES, INITIAL_CIPHER_SUITE, CryptoContext, CryptoPair
from aioquic.tls import CipherSuite

from h3producer.quic.aioquic.key_schedule import hash_of
from h3producer.quic.hkdf import expand, label_info
from h3producer.quic.initial_keys import FROM_CLIENT, LABEL_PREFIXES, initial_secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["InitialPairs", "PacketKeys", "PacketPair"]

_IV_SIZE = 12
_KEY_SIZES = {
    CipherSuite.AES_128_GCM_SHA256: 16,
    CipherSuite.AES_256_GCM_SHA384: 32,
    CipherSuite.CHACHA20_POLY1305_SHA256: 32,
}

_LABELS = {
    (version, size): (
        label_info(prefix + b"key", b"", size),
        label_info(prefix + b"iv", b"", _IV_SIZE),
        label_info(prefix + b"hp", b"", size),
    )
    for version, prefix in LABEL_PREFIXES.items()
    for size in (16, 32)
}
"""Labels of key, IV and header protection key, by version and key size (RFC 9369 §3.3.2)."""

_FROM_SERVER = label_info(b"server in", b"", 32)


class PacketKeys(CryptoContext):
    """One direction of one packet type."""

    def setup(self, *, cipher_suite: CipherSuite, secret: bytes, version: int) -> None:
        size, hash_name = _KEY_SIZES[cipher_suite], hash_of(cipher_suite)
        key, iv, protection_key = _LABELS[version, size]
        protection_name, name = CIPHER_SUITES[cipher_suite]
        self.aead = AEAD(
            name, expand(hash_name, secret, key, size), expand(hash_name, secret, iv, _IV_SIZE)
        )
        self.hp = HeaderProtection(protection_name, expand(hash_name, secret, protection_key, size))
        self.cipher_suite, self.secret, self.version = cipher_suite, secret, version


class PacketPair(CryptoPair):
    """Both directions of one packet type."""

    def __init__(self) -> None:
        super().__init__()
        self.recv, self.send = PacketKeys(), PacketKeys()


class InitialPairs(dict[int, CryptoPair]):
    """A server's Initial keys by version, each made when it is first asked for."""

    def __init__(self, destination_id: bytes) -> None:
        super().__init__()
        self._destination_id = destination_id

    def __missing__(self, version: int) -> CryptoPair:
        secret = initial_secret(version, self._destination_id)
        pair = self[version] = PacketPair()
        setups: tuple[tuple[Callable[..., None], bytes], ...] = (
            (pair.recv.setup, FROM_CLIENT),
            (pair.send.setup, _FROM_SERVER),
        )
        for setup, label in setups:
            setup(
                cipher_suite=INITIAL_CIPHER_SUITE,
                secret=expand("sha256", secret, label, 32),
                version=version,
            )
        return pair
