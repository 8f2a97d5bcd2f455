"""Session tickets: what a client gives back to resume a session (RFC 8446 §2.2, §4.6.1).

This file knows what stands in a ticket, who can read it and for how long. It refuses to know TLS
messages. There is no table: a ticket holds its session, encrypted with a key that only this server
has, so that a million clients cost no more memory than one (RFC 5077 §4).

Its one rule: a key makes tickets for one lifetime and reads them for another, then it is gone.
So no ticket outlives its time, and neither does what a stolen key could read. What it could read
is little: the resumed session has keys of a new exchange (psk_dhe_ke).
"""

from __future__ import annotations

import hashlib
import os
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["OpenedTicket", "Session", "SessionTickets"]

_ID_SIZE = 8
_NONCE_SIZE = 12
_HEAD = struct.Struct("!dHL?B")
"""When it was made, the cipher suite, what its age is given with, whether it invites early data,
and the length of the secret that follows."""


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
    made_at: float
    opened_at: float

    @property
    def age(self) -> float:
        """Seconds since it was made."""
        return self.opened_at - self.made_at


class _Key:
    """A key, and its name in the tickets that it made."""

    def __init__(self, made_at: float) -> None:
        self.made_at = made_at
        self.id = os.urandom(_ID_SIZE)
        self.aead = AESGCM(AESGCM.generate_key(bit_length=128))


class SessionTickets:
    """Makes tickets and reads them. `lifetime` and what `clock` says are seconds."""

    def __init__(self, lifetime: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._keys = [_Key(clock())]
        """The one that makes tickets, and the one that did before it, if that still reads."""

    def seal(self, session: Session) -> bytes:
        """The ticket for a session: about 130 bytes, whatever the client's hello was like."""
        now = self._clock()
        key = self._valid_keys(now)[0]
        head = _HEAD.pack(
            now,
            session.cipher_suite,
            session.age_add,
            session.invites_early_data,
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
        made_at, cipher_suite, age_add, invites_early_data, size = _HEAD.unpack_from(content)
        end = _HEAD.size + size
        if now - made_at > self.lifetime or content[end:] != _fingerprint(audience):
            return None
        secret = content[_HEAD.size : end]
        session = Session(cipher_suite, secret, audience, age_add, invites_early_data)
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
        if now - self._keys[0].made_at >= self.lifetime:
            self._keys.insert(0, _Key(now))
            self._keys = [each for each in self._keys if now - each.made_at < 2 * self.lifetime]
        return self._keys


def _fingerprint(audience: bytes) -> bytes:
    return hashlib.sha256(audience).digest()
