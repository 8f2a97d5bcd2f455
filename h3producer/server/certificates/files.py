"""Where a development certificate stands on disk, and how it gets there.

This file knows two files side by side, `localhost.pem` and `localhost.key`, and the user's state
directory. It refuses to know what is inside a certificate (`development.py`).

Its one rule: a key file has mode 0600 or it does not exist. It is created under another name
with that mode, written, and only then renamed; nobody else can read it for any moment.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509

from h3producer.server.certificates.development import make_development_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from h3producer.server.certificates.development import DevelopmentCertificate

__all__ = ["CertificateFiles", "read_certificate", "state_directory"]

RENEW_BEFORE = timedelta(days=1)
"""A certificate with less than this left is made anew, so that a server which starts now does
not outlive its certificate within a working day."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """The two files of one certificate, existing or not."""

    certfile: Path
    keyfile: Path

    @classmethod
    def in_directory(cls, directory: Path, host: str = "localhost") -> CertificateFiles:
        """The files for `host` in `directory`; a character unfit for a file name becomes `_`."""
        name = re.sub(r"[^A-Za-z0-9.-]", "_", host)
        return cls(directory / f"{name}.pem", directory / f"{name}.key")

    def write(self, made: DevelopmentCertificate, *, force: bool = False) -> None:
        """Write both files; the key has mode 0600 from its first moment.

        Raises `FileExistsError` if there is a key already, unless `force` is given or the
        certificate beside it has expired: a key that may be in use is not lost by accident.
        Raises `OSError` as the file system does; then both files are as they were, or the key
        alone is new.
        """
        with _locked(self.keyfile.parent):
            if self.keyfile.exists() and not force and not self._is_expired():
                raise FileExistsError(f"There is a private key in '{self.keyfile}' already")
            self._replace(made)

    def ensure(self) -> bool:
        """Have a certificate for loopback names here; return whether it was made just now.

        One that is valid for another day is used again. Any number of processes may call at
        once: one of them makes it. Raises `OSError` if the directory cannot be written.
        """
        with _locked(self.keyfile.parent):
            if self.is_current():
                return False
            self._replace(make_development_certificate())
            return True

    def is_current(self) -> bool:
        """Whether both files are there and the certificate is valid for another day."""
        certificate = read_certificate(self.certfile)
        if certificate is None or not self.keyfile.exists():
            return False
        return certificate.not_valid_after_utc - datetime.now(UTC) > RENEW_BEFORE

    def _is_expired(self) -> bool:
        certificate = read_certificate(self.certfile)
        return certificate is not None and certificate.not_valid_after_utc < datetime.now(UTC)

    def _replace(self, made: DevelopmentCertificate) -> None:
        _write_atomically(self.keyfile, made.key_pem, mode=0o600)
        _write_atomically(self.certfile, made.certificate_pem, mode=0o644)


def read_certificate(certfile: Path) -> x509.Certificate | None:
    """The first certificate in the file, or None if there is none that can be read."""
    try:
        return x509.load_pem_x509_certificate(certfile.read_bytes())
    except (OSError, ValueError):
        return None


def state_directory() -> Path:
    """The user's directory for what this program makes by itself, outside any working tree.

    `$XDG_STATE_HOME/h3producer`, by default `~/.local/state/h3producer`; on Windows
    `%LOCALAPPDATA%\\h3producer`.
    """
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "h3producer"


def _write_atomically(path: Path, data: bytes, *, mode: int) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    # O_EXCL: the file is new and ours, and its mode is in force before the first byte.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Make the directory, and keep other processes out, so that key and certificate match."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if sys.platform == "win32":  # pragma: no cover - no flock: two first starts may collide
        yield
        return
    import fcntl

    descriptor = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
