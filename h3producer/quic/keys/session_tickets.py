"""Session tickets: what a client gives back to resume a session (RFC 8446 §2.2, §4.6.1).

This file knows what stands in a ticket, who can read it and for how long. It refuses to know TLS
messages. There is no table: a ticket holds its session, encrypted with a key that only this server
has, so that a million clients cost no more memory than one (RFC 5077 §4).

Its one rule: a key makes tickets for one lifetime and reads them for another, then it is gone. So
no ticket outlives its time, and neither does what a stolen key could read. What it could read is
little: the resumed session has keys of a new exchange (psk_dhe_ke). Which key is used follows from
the clock on the wall, so that processes and hosts that share the keys need not tell each other.
"""

from __future__ import annotations

import hashlib
import math
import os
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from h3producer.quic.keys.hkdf import expand_label
from h3producer.quic.keys.key_tree import KeyTree

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ISSUER_SIZE", "OpenedTicket", "Session", "SessionTickets", "epoch_of", "forget_past"]

_ID_SIZE = 8
_NONCE_SIZE = 12
ISSUER_SIZE: Final = 6
"""Bytes of the name of whoever made a ticket."""

_HEAD = struct.Struct(f"!dHL?{ISSUER_SIZE}sB")
"""When it was made, the cipher suite, what its age is given with, whether it invites early data, by
whom it was made, and the length of the secret that follows."""


@dataclass(frozen=True, slots=True)
class Session:
    """What resuming needs."""

    cipher_suite: int
    secret: bytes
    """The PSK that belongs to the ticket."""
    audience: bytes
    """What both connections have to agree in: the versions of QUIC and of what is spoken on it, and
    whom the client asks for."""
    age_add: int = 0
    """What the client adds to the age of its ticket when it gives it back (RFC 8446 §4.6.1)."""
    invites_early_data: bool = False


@dataclass(frozen=True, slots=True)
class OpenedTicket:
    """A ticket that has come back. Times are seconds on the clock of `SessionTickets`."""

    id: bytes
    """Which one it was: no other has the same."""
    session: Session
    """It invites early data if it did, and if we made it."""
    made_at: float
    opened_at: float

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return self.opened_at - self.made_at


class _Key:
    """A key, and its name in the tickets that it made."""

    def __init__(self, secret: bytes) -> None:
        self.id = expand_label("sha256", secret, b"h3producer id", b"", _ID_SIZE)
        self.aead = AESGCM(expand_label("sha256", secret, b"h3producer aead", b"", 16))


class SessionTickets:
    """Makes tickets and reads them. `lifetime` and what `clock` says are seconds.

    Whoever has the same `keys`, by default random ones, and the same lifetime reads them, too. Keys
    of the past are taken out of `keys`. `issuer` is the name, of `ISSUER_SIZE` bytes, of those
    whose early data is ours as well.
    """

    def __init__(
        self,
        lifetime: float,
        clock: Callable[[], float] = time.time,
        keys: KeyTree | None = None,
        issuer: bytes | None = None,
    ) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._tree = keys or KeyTree(os.urandom(32))
        self._issuer = issuer or os.urandom(ISSUER_SIZE)
        self._epoch = -1
        self._keys: list[_Key] = []
        """The one that makes tickets; the one that did before it and still reads; and the next one,
        which hosts have already whose clocks are ahead of ours."""

    def seal(self, session: Session) -> bytes:
        """The ticket for a session: about 130 bytes, whatever the client's hello was like."""
        now = self._clock()
        key = self._valid_keys(now)[0]
        head = _HEAD.pack(
            now,
            session.cipher_suite,
            session.age_add,
            session.invites_early_data,
            self._issuer,
            len(session.secret),
        )
        content = head + session.secret + _fingerprint(session.audience)
        nonce = os.urandom(_NONCE_SIZE)
        return key.id + nonce + key.aead.encrypt(nonce, content, key.id)

    def open(self, ticket: bytes, audience: bytes) -> OpenedTicket | None:
        """A ticket that is ours, still good, and was made for the same audience."""
        now = self._clock()
        content = self._decrypt(ticket, now)
        if content is None:
            return None
        made_at, cipher_suite, age_add, invites, issuer, size = _HEAD.unpack_from(content)
        end = _HEAD.size + size
        if now - made_at > self.lifetime or content[end:] != _fingerprint(audience):
            return None
        secret = content[_HEAD.size : end]
        is_early = invites and issuer == self._issuer
        session = Session(cipher_suite, secret, audience, age_add, is_early)
        return OpenedTicket(ticket[_ID_SIZE : _ID_SIZE + _NONCE_SIZE], session, made_at, now)

    def _decrypt(self, ticket: bytes, now: float) -> bytes | None:
        id_, nonce = ticket[:_ID_SIZE], ticket[_ID_SIZE : _ID_SIZE + _NONCE_SIZE]
        for key in self._valid_keys(now):
            if key.id == id_:
                try:
                    return key.aead.decrypt(nonce, ticket[_ID_SIZE + _NONCE_SIZE :], id_)
                except (InvalidTag, ValueError):
                    return None
        return None

    def _valid_keys(self, now: float) -> list[_Key]:
        epoch = epoch_of(now, self.lifetime)
        if epoch > self._epoch:
            self._epoch = epoch
            forget_past(self._tree, epoch)
            found = (self._tree.key(each) for each in (epoch, epoch - 1, epoch + 1))
            self._keys = [_Key(each) for each in found if each is not None]
        return self._keys


def epoch_of(now: float, lifetime: float) -> int:
    """The number of the key that makes tickets at a time."""
    return math.floor(now / lifetime)


def forget_past(keys: KeyTree, epoch: int) -> None:
    """Let keys be gone that no longer read a ticket in an epoch."""
    keys.forget_before(epoch - 1)


def _fingerprint(audience: bytes) -> bytes:
    return hashlib.sha256(audience).digest()
