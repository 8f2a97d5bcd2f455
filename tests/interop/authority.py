"""A certificate authority for one test run: three of the clients trust nothing less.

This file knows a CA and one server certificate for `localhost`, in three files. It refuses to know
who presents and who verifies them. `h3producer cert` makes no CA, and should not: whoever trusted
it would trust whatever its key signs.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.x509 import CertificateBuilder

__all__ = ["Authority"]

NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("localhost"),
        x509.DNSName("ip6-localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
)


@dataclass(frozen=True)
class Authority:
    """Where the files are: the CA's certificate, and the server's chain and key."""

    cafile: Path
    certfile: Path
    keyfile: Path

    @classmethod
    def made_in(cls, directory: Path) -> Authority:
        """Make all three; both keys are forgotten with the run."""
        files = cls(directory / "ca.pem", directory / "server.pem", directory / "server.key")
        ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        is_ca = x509.BasicConstraints(ca=True, path_length=0)
        ca = _builder("tests", ca_key).add_extension(is_ca, critical=True).sign(ca_key, SHA256())
        server = _builder("localhost", key).add_extension(NAMES, critical=False)
        certificate = server.sign(ca_key, SHA256())
        files.cafile.write_bytes(ca.public_bytes(Encoding.PEM))
        files.certfile.write_bytes(certificate.public_bytes(Encoding.PEM))
        files.keyfile.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        )
        return files


def _builder(name: str, key: ec.EllipticCurvePrivateKey) -> CertificateBuilder:
    """What both certificates have in common; the issuer is the CA."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name("tests"))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"h3producer {name}")])
