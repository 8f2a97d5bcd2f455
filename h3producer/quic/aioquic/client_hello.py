"""The ClientHello: one message, read once (RFC 8446 §4.1.2).

This file knows how it is laid out and which layouts are wrong. It refuses to choose among what is
offered (`server_tls.py`). aioquic's own reader takes a context manager per field.

Its one rule: no vector ends behind what surrounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aioquic.tls import (
    AlertDecodeError,
    AlertIllegalParameter,
    AlertMissingExtension,
    AlertProtocolVersion,
    ExtensionType,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["ClientHello", "OfferedSession", "parse_client_hello"]

_TLS_1_2, _TLS_1_3 = b"\x03\x03", 0x0304
_PSK_DHE_KE = 1


@dataclass(frozen=True, slots=True)
class OfferedSession:
    """The first of the sessions that a client would resume; clients offer one."""

    ticket: bytes
    obfuscated_age: int
    """How old the ticket is, in milliseconds and disguised (RFC 8446 §4.2.11.1)."""
    binder: bytes
    bound: int
    """How many bytes of the message the binder is for (RFC 8446 §4.2.11.2)."""


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. Raises the alert that is due when something is asked that is wrong."""

    random: bytes
    session_id: bytes
    cipher_suites: list[int]
    extensions: dict[int, bytes]
    message_size: int

    @property
    def server_name(self) -> bytes:
        """The whole extension; empty if there is none."""
        return self.extensions.get(ExtensionType.SERVER_NAME, b"")

    @property
    def takes_tickets(self) -> bool:
        """Whether it would resume with a fresh key exchange, the only way that we do."""
        modes = self.extensions.get(ExtensionType.PSK_KEY_EXCHANGE_MODES)
        return modes is not None and _PSK_DHE_KE in _whole_vector(modes, 1)

    @property
    def signature_algorithms(self) -> list[int]:
        # RFC 8446 §4.2.3: "If a server is authenticating via a certificate and the client has not
        # sent a "signature_algorithms" extension, then the server MUST abort the handshake with a
        # "missing_extension" alert".
        return _numbers(_whole_vector(self.required(ExtensionType.SIGNATURE_ALGORITHMS), 2))

    def check_version(self) -> None:
        """Raise unless TLS 1.3 is among the versions."""
        offered = self.extensions.get(ExtensionType.SUPPORTED_VERSIONS)
        if offered is None or _TLS_1_3 not in _numbers(_whole_vector(offered, 1)):
            raise AlertProtocolVersion("No supported protocol version")

    def protocols(self) -> Iterator[bytes]:
        """What it speaks, by ALPN names."""
        names = _whole_vector(self.extensions.get(ExtensionType.ALPN, b"\0\0"), 2)
        at = 0
        while at < len(names):
            name, at = _vector(names, at, 1)
            yield name

    def key_shares(self) -> Iterator[tuple[int, bytes]]:
        """Groups and public keys, in its order."""
        shares = _whole_vector(self.required(ExtensionType.KEY_SHARE), 2)
        at = 0
        while at < len(shares):
            group = int.from_bytes(shares[at : at + 2], "big")
            key, at = _vector(shares, at + 2, 2)
            yield group, key

    @property
    def session(self) -> OfferedSession | None:
        """The session that it would resume, if any."""
        offered = self.extensions.get(ExtensionType.PRE_SHARED_KEY)
        if offered is None:
            return None
        # RFC 8446 §4.2.9: "If clients offer "pre_shared_key" without a "psk_key_exchange_modes"
        # extension, servers MUST abort the handshake."
        self.required(ExtensionType.PSK_KEY_EXCHANGE_MODES)
        identities, end = _vector(offered, 0, 2)
        binders = _whole_vector(offered[end:], 2)
        ticket, age_at = _vector(identities, 0, 2)
        age = int.from_bytes(identities[age_at : age_at + 4], "big")
        binder, _ = _vector(binders, 0, 1)
        return OfferedSession(ticket, age, binder, self.message_size - len(binders) - 2)

    @property
    def has_early_data(self) -> bool:
        """Whether it sends early data under that session (RFC 8446 §4.2.10)."""
        return ExtensionType.EARLY_DATA in self.extensions

    def required(self, extension: ExtensionType) -> bytes:
        """The extension; raises if it is missing (RFC 8446 §9.2)."""
        found = self.extensions.get(extension)
        if found is None:
            raise AlertMissingExtension(f"ClientHello has no {extension.name.lower()}")
        return found


def parse_client_hello(message: bytes) -> ClientHello:
    """Read a whole message, its type and length included."""
    if message[4:6] != _TLS_1_2:
        raise AlertDecodeError("ClientHello version is not 1.2")
    session_id, at = _vector(message, 38, 1)
    suites, at = _vector(message, at, 2)
    compressions, at = _vector(message, at, 1)
    # RFC 8446 §4.1.2: "For every TLS 1.3 ClientHello, this vector MUST contain exactly one byte,
    # set to zero".
    if compressions != b"\0":
        raise AlertIllegalParameter("ClientHello offers compression")
    return ClientHello(
        random=message[6:38],
        session_id=session_id,
        cipher_suites=_numbers(suites),
        extensions=_parse_extensions(_whole_vector(message[at:], 2)),
        message_size=len(message),
    )


def _parse_extensions(data: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at, kind = 0, None
    while at < len(data):
        # RFC 8446 §4.2.11: "The "pre_shared_key" extension MUST be the last extension in the
        # ClientHello".
        if kind == ExtensionType.PRE_SHARED_KEY:
            raise AlertIllegalParameter("PreSharedKey is not the last extension")
        kind = int.from_bytes(data[at : at + 2], "big")
        # RFC 8446 §4.2: "There MUST NOT be more than one extension of the same type in a given
        # extension block."
        if kind in found:
            raise AlertIllegalParameter(f"Extension {kind} came twice")
        found[kind], at = _vector(data, at + 2, 2)
    return found


def _vector(data: bytes, at: int, size: int) -> tuple[bytes, int]:
    """A vector whose length has `size` bytes, and where it ends."""
    start = at + size
    end = start + int.from_bytes(data[at:start], "big")
    if end > len(data):
        raise AlertDecodeError("Could not parse TLS message")
    return data[start:end], end


def _whole_vector(data: bytes, size: int) -> bytes:
    """A vector that ends where `data` does."""
    found, end = _vector(data, 0, size)
    if end != len(data):
        raise AlertDecodeError("extra bytes at the end of a block")
    return found


def _numbers(data: bytes) -> list[int]:
    """Two bytes each."""
    if len(data) % 2:
        raise AlertDecodeError("Could not parse TLS message")
    return [data[at] << 8 | data[at + 1] for at in range(0, len(data), 2)]
