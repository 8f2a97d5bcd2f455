"""The keys that processes of one server have in common, so that each can read what another wrote.

This file knows which keys there are, what they are derived from, and the file that hosts share. It
refuses to know what they are used for: Retry tokens (`tokens.py`), stateless resets
(`stateless_reset.py`) and session tickets (`session_tickets.py`).

Its one rule: from one key nobody learns another.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from h3producer.quic.keys.hkdf import expand_label, hmac_digest
from h3producer.quic.keys.key_tree import KeyTree
from h3producer.quic.keys.session_tickets import ISSUER_SIZE

if TYPE_CHECKING:
    from h3producer.config import Config

__all__ = ["SECRET_SIZE", "SecretError", "SharedKeys"]

SECRET_SIZE: Final = 32
"""Bytes of the secret that all keys come from, at least."""

_LARGEST_FILE = 64 * 1024
"""Bytes of a file with a secret: more is no secret but some other file."""


class SecretError(Exception):
    """There is no secret in the file that was named; the message is one sentence for a person."""


@dataclass(frozen=True, kw_only=True, repr=False)
class SharedKeys:
    """All of them. To be handed to the processes of a server, and never to be shown."""

    retry: bytes
    """16 bytes, of Retry tokens."""
    reset: bytes
    """32 bytes, of stateless reset tokens."""
    tickets: KeyTree
    """Those of session tickets; whoever uses them forgets the past ones."""
    group: bytes = field(default_factory=lambda: os.urandom(ISSUER_SIZE), compare=False)
    """The name of the processes that have all of this from each other, and not from a file."""

    @classmethod
    def of(cls, config: Config) -> SharedKeys:
        """Those of a server: from its `secret_file`, or random. Raises `SecretError`."""
        path = config.secret_file
        return cls.derive(None if path is None else _read_secret(path))

    @classmethod
    def derive(cls, secret: bytes | None = None) -> SharedKeys:
        """Those that follow from a secret; without one they are random."""
        # RFC 5869 §2.2: what is random enough, but not evenly so, becomes a key.
        root = hmac_digest(b"h3producer", secret or os.urandom(SECRET_SIZE), "sha256")
        return cls(
            retry=expand_label("sha256", root, b"h3producer retry", b"", 16),
            reset=expand_label("sha256", root, b"h3producer reset", b"", 32),
            tickets=KeyTree(expand_label("sha256", root, b"h3producer tickets", b"", 32)),
        )


def _read_secret(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except OSError as error:
        raise SecretError(f"Cannot read the secret file {path!r}: {error.strerror}.") from error
    if not SECRET_SIZE <= len(content) <= _LARGEST_FILE:
        raise SecretError(
            f"The secret file {path!r} must have at least {SECRET_SIZE} random bytes, and at most "
            f"{_LARGEST_FILE}."
        )
    # A line's end, which an editor adds, is no part of it.
    return content.rstrip(b"\r\n")
