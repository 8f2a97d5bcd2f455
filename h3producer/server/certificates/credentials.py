"""The certificate and key that a server presents, read from files and checked to fit.

This file knows PEM files and every way in which they can be wrong. It refuses to make
certificates, and to know which TLS or QUIC library uses them.

Its one rule: what is wrong is said before the socket serves, in one sentence that names the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from h3producer.server.errors import StartupError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["Credentials", "load_credentials"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate, its chain and its private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: PrivateKeyTypes = field(repr=False)

    @property
    def is_expired(self) -> bool:
        """Whether no client will accept the certificate any more."""
        return self.certificate.not_valid_after_utc < datetime.now(UTC)


def load_credentials(
    certfile: str | Path, keyfile: str | Path | None = None, password: str | None = None
) -> Credentials:
    """Read the certificate chain and its key; without `keyfile` the key stands in `certfile`.

    Raises `StartupError` if a file cannot be read or parsed, if the key needs another password,
    or if it belongs to another certificate.
    """
    certificate, *chain = _load_certificates(Path(certfile))
    private_key = _load_key(Path(keyfile or certfile), password)
    if _public_bytes(private_key) != _public_bytes(certificate):
        raise StartupError(
            f"The private key in '{keyfile or certfile}' does not belong to the certificate "
            f"in '{certfile}'."
        )
    return Credentials(certificate, tuple(chain), private_key)


def _load_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path, "certificate"))
    except ValueError as error:
        raise StartupError(f"There is no certificate in PEM form in '{path}'.") from error


def _load_key(path: Path, password: str | None) -> PrivateKeyTypes:
    data = _read(path, "private key")
    encrypted = b"ENCRYPTED" in data
    try:
        return load_pem_private_key(data, password.encode() if password and encrypted else None)
    except TypeError as error:
        raise StartupError(
            f"The private key in '{path}' needs a password; give --ssl-keyfile-password."
        ) from error
    except ValueError as error:
        raise StartupError(_key_sentence(path, encrypted)) from error


def _key_sentence(path: Path, encrypted: bool) -> str:
    if encrypted:
        return f"The password for the private key in '{path}' is wrong."
    return f"There is no private key in PEM form in '{path}'."


def _read(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StartupError(f"Cannot read the {what} '{path}': {error.strerror}.") from error


def _public_bytes(holder: x509.Certificate | PrivateKeyTypes) -> bytes:
    return holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
