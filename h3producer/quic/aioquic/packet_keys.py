"""The keys that protect packets, derived without detours (RFC 9001 §5.1, §5.2).

This file knows which keys come from a secret, by version and cipher suite. It refuses to know where
the secret comes from (`key_schedule.py`). aioquic derives the Initial keys of each version that the
server speaks, for each connection, although a client uses one.

Its one rule: no key is derived that nobody asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aioquic._crypto import AEAD, HeaderProtection
from aioquic.quic.crypto import INITIAL_CIPHER_SUITE, CryptoContext, CryptoPair, NoCallback
from aioquic.tls import CipherSuite
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from h3producer.quic.aioquic.key_schedule import hash_of
from h3producer.quic.keys.hkdf import expand, label_info
from h3producer.quic.keys.initial_keys import FROM_CLIENT, LABEL_PREFIXES, initial_secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

    from h3producer.quic.keys.initial_keys import ClientKeys

__all__ = ["InitialPairs", "PacketKeys", "PacketPair"]

_CHACHA20 = CipherSuite.CHACHA20_POLY1305_SHA256
_ECB = ECB()
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


class _Aead(AEAD):
    """aioquic's AEAD, of a cipher that is made already."""

    def __init__(self, cipher: AESGCM | ChaCha20Poly1305, iv: int) -> None:
        self._aead = cipher
        self._iv = iv


class _AesProtection(HeaderProtection):
    """aioquic's header protection with AES, of a cipher that is made already."""

    _is_chacha20 = False

    def __init__(self, encryptor: CipherContext) -> None:
        self._encryptor = encryptor


class PacketKeys(CryptoContext):
    """One direction of one packet type; without keys until `setup`."""

    aead: AEAD | None = None
    cipher_suite: CipherSuite | None = None
    hp: HeaderProtection | None = None
    key_phase = 0
    secret: bytes | None = None
    version: int | None = None
    _setup_cb = _teardown_cb = staticmethod(NoCallback)

    def __init__(self) -> None:
        """What aioquic sets stands in the class."""

    def setup(self, *, cipher_suite: CipherSuite, secret: bytes, version: int) -> None:
        size, hash_name = _KEY_SIZES[cipher_suite], hash_of(cipher_suite)
        key_label, iv_label, protection_label = _LABELS[version, size]
        key = expand(hash_name, secret, key_label, size)
        iv = expand(hash_name, secret, iv_label, _IV_SIZE)
        protection_key = expand(hash_name, secret, protection_label, size)
        if cipher_suite == _CHACHA20:
            self.aead = _Aead(ChaCha20Poly1305(key), int.from_bytes(iv, "big"))
            self.hp = HeaderProtection(b"chacha20", protection_key)
        else:
            self.aead = _Aead(AESGCM(key), int.from_bytes(iv, "big"))
            self.hp = _AesProtection(Cipher(AES(protection_key), _ECB).encryptor())
        self.cipher_suite, self.secret, self.version = cipher_suite, secret, version

    def adopt(self, keys: ClientKeys) -> None:
        """Be what opened a client's first packet; there is no secret, since none follows it."""
        self.aead = _Aead(keys.aead, keys.iv)
        self.hp = _AesProtection(keys.encryptor)
        self.cipher_suite, self.version = INITIAL_CIPHER_SUITE, keys.version


class PacketPair(CryptoPair):
    """Both directions of one packet type."""

    recv: PacketKeys
    send: PacketKeys
    aead_tag_size = 16
    _update_key_requested = False

    def __init__(self) -> None:
        self.recv, self.send = PacketKeys(), PacketKeys()


class InitialPairs(dict[int, CryptoPair]):
    """A server's Initial keys by version, each made when it is first asked for.

    `known` are those of the client's, if its first packet was opened already.
    """

    def __init__(self, destination_id: bytes, known: ClientKeys | None = None) -> None:
        super().__init__()
        self._destination_id = destination_id
        self._known = known

    def __missing__(self, version: int) -> CryptoPair:
        secret = initial_secret(version, self._destination_id)
        pair = self[version] = PacketPair()
        known = self._known
        if known is not None and (known.version, known.destination_id) == (
            version,
            self._destination_id,
        ):
            pair.recv.adopt(known)
        else:
            _set_up(pair.recv, version, expand("sha256", secret, FROM_CLIENT, 32))
        _set_up(pair.send, version, expand("sha256", secret, _FROM_SERVER, 32))
        return pair


def _set_up(keys: PacketKeys, version: int, secret: bytes) -> None:
    keys.setup(cipher_suite=INITIAL_CIPHER_SUITE, secret=secret, version=version)
