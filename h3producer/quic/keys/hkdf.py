"""HKDF-Expand-Label, the one function behind all keys of TLS 1.3 and QUIC (RFC 8446 §7.1).

This file knows HMAC and labels. It refuses to know whose keys they are.

Its one rule: an output is never longer than the hash, so that HKDF-Expand is a single HMAC (RFC
5869 §2.3). A handshake needs forty of them; libraries that take the general way spend a quarter of
it here.
"""

from __future__ import annotations

import functools
import hashlib

__all__ = ["expand", "expand_label", "hmac_digest", "label_info"]

_HASHES = {"sha256": (hashlib.sha256, 64), "sha384": (hashlib.sha384, 128)}
"""Functions, and their block sizes in bytes."""

_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def hmac_digest(secret: bytes, data: bytes, hash_name: str) -> bytes:
    """HMAC, for a secret of one block at most (RFC 2104 §2).

    `hmac.digest` takes half as long again: it looks the hash up by its name, twice.
    """
    hash_function, size = _HASHES[hash_name]
    secret = secret.ljust(size, b"\0")
    inner = hash_function(secret.translate(_INNER) + data).digest()
    return hash_function(secret.translate(_OUTER) + inner).digest()


def label_info(label: bytes, context: bytes, length: int) -> bytes:
    """What HMAC is fed for a label: the structure HkdfLabel, and the number of the only block."""
    return _label_head(label, length) + bytes((len(context),)) + context + b"\x01"


@functools.lru_cache(maxsize=64)
def _label_head(label: bytes, length: int) -> bytes:
    """Labels come from the RFCs, so there are few."""
    full = b"tls13 " + label
    return length.to_bytes(2, "big") + bytes((len(full),)) + full


def expand(hash_name: str, secret: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes from a secret, for what `label_info` made of a label and the same length."""
    return hmac_digest(secret, info, hash_name)[:length]


def expand_label(hash_name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label, for labels that are not known beforehand."""
    return hmac_digest(secret, label_info(label, context, length), hash_name)[:length]
