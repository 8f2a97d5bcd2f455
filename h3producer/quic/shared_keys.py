"""The keys that processes of one server have in common, so that each can read what another wrote.

This file knows which keys there are and what they are derived from. It refuses to know what they
are used for: Retry tokens (`tokens.py`) and stateless resets (`stateless_reset.py`).

Its one rule: from one key nobody learns another.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from h3producer.quic.hkdf import expand_label

__all__ = ["SECRET_SIZE", "SharedKeys"]

SECRET_SIZE: Final = 32
"""Bytes of the secret that all keys come from."""


@dataclass(frozen=True, kw_only=True, repr=False)
class SharedKeys:
    """All of them. To be handed to the processes of a server, and never to be shown."""

    retry: bytes
    """16 bytes, of Retry tokens."""
    reset: bytes
    """32 bytes, of stateless reset tokens."""

    @classmethod
    def derive(cls, secret: bytes | None = None) -> SharedKeys:
        """Those that follow from a secret; without one they are random."""
        root = os.urandom(SECRET_SIZE) if secret is None else secret
        return cls(
            retry=expand_label("sha256", root, b"h3producer retry", b"", 16),
            reset=expand_label("sha256", root, b"h3producer reset", b"", 32),
        )
