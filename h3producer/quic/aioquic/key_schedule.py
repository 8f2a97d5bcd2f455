"""The secrets of one TLS 1.3 handshake, in the order in which they come (RFC 8446 §7.1).

This file knows the schedule and the transcript that goes into it. It refuses to know messages and
what the secrets are used for. aioquic has the same on a slower HKDF.

Its one rule: `extract` goes from one line of the RFC's diagram to the next; what is derived in
between belongs to the transcript as it is then.
"""

from __future__ import annotations

import hashlib

from aioquic.tls import CipherSuite

from h3producer.quic.keys.hkdf import expand, expand_label, hmac_digest, label_info

__all__ = ["KeySchedule", "hash_of"]

_HASHES = {
    CipherSuite.AES_128_GCM_SHA256: "sha256",
    CipherSuite.AES_256_GCM_SHA384: "sha384",
    CipherSuite.CHACHA20_POLY1305_SHA256: "sha256",
}


def hash_of(cipher_suite: CipherSuite) -> str:
    """The name of a cipher suite's hash, for `hashlib`."""
    return _HASHES[cipher_suite]


class _Hash:
    """What is the same for all handshakes with one hash."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.zeros = bytes(hashlib.new(name).digest_size)
        self.derived = label_info(b"derived", hashlib.new(name).digest(), len(self.zeros))
        self.early_secret = hmac_digest(self.zeros, self.zeros, name)
        """Without a PSK."""


_KINDS = {cipher_suite: _Hash(name) for cipher_suite, name in _HASHES.items()}


class KeySchedule:
    """Begins with a PSK, or with none."""

    def __init__(self, cipher_suite: CipherSuite, psk: bytes | None = None) -> None:
        self.cipher_suite = cipher_suite
        self._hash = kind = _KINDS[cipher_suite]
        self._transcript = hashlib.new(kind.name)
        self._secret = hmac_digest(kind.zeros, psk, kind.name) if psk else kind.early_secret

    def extract(self, material: bytes | None = None) -> None:
        """The next secret, with key material if there is any to come in."""
        kind = self._hash
        salt = expand(kind.name, self._secret, kind.derived, len(kind.zeros))
        self._secret = hmac_digest(salt, material or kind.zeros, kind.name)

    def update(self, message: bytes) -> None:
        """A message, or a part of one, was sent or received."""
        self._transcript.update(message)

    def derive(self, label: bytes) -> bytes:
        """Derive-Secret, for the transcript so far."""
        return self._expand(self._secret, label, self._transcript.digest())

    def transcript(self) -> bytes:
        """The hash of all messages so far."""
        return self._transcript.digest()

    def verify_data(self, base: bytes) -> bytes:
        """What a Finished holds, or a binder (RFC 8446 §4.4.4)."""
        key = self._expand(base, b"finished", b"")
        return hmac_digest(key, self._transcript.digest(), self._hash.name)

    def psk(self, nonce: bytes) -> bytes:
        """The secret of a ticket; to be asked when the client's Finished is in (§4.6.1)."""
        return self._expand(self.derive(b"res master"), b"resumption", nonce)

    def _expand(self, secret: bytes, label: bytes, context: bytes) -> bytes:
        kind = self._hash
        return expand_label(kind.name, secret, label, context, len(kind.zeros))
