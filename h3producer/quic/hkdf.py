"""HKDF-Expand-Label, the one function behind all keys of TLS 1.3 and QUIC (RFC 8446 §7.1).

This file knows HMAC and labels. It refuses to know whose keys they are.

Its one rule: an output is never longer than the hash, so that HKDF-Expand is a single HMAC (RFC
5869 §2.3). A handshake needs forty of them; libraries that take the general way spend a quarter of
it here.
"""

from __future__ import annotations

import hmac

__all__ = ["expand", "expand_label", "label_info"]


def label_info(label: bytes, context: bytes, length: int) -> bytes:
    """What HMAC is fed for a label: the structure HkdfLabel, and the number of the only block."""
    full = b"tls13 " + label
    head = length.to_bytes(2, "big") + bytes((len(full),))
    return head + full + bytes((len(context),)) + context + b"\x01"


def expand(hash_name: str, secret: bytes, info: bytes, length: int) -> bytes:
    """`length` bytes from a secret, for what `label_info` made of a label and the same length."""
    return hmac.digest(secret, info, hash_name)[:length]


def expand_label(hash_name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label, for labels that are not known beforehand."""
    return hmac.digest(secret, label_info(label, context, length), hash_name)[:length]
