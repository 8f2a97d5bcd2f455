"""Development certificates: an ECDSA P-256 key pair for this machine, for two weeks at most.

This file knows how such a certificate must look so that browsers, curl and our own client take
it, and the two digests by which it is recognised. It refuses to know files
(`files.py`) and certificates made elsewhere (`credentials.py`).

Its one rule: two weeks. Browsers accept a self-signed certificate by its hash only if it is
ECDSA P-256 and valid for at most 14 days (W3C WebTransport, `serverCertificateHashes`).
"""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "LOOPBACK_HOSTS",
    "MAX_DAYS",
    "DevelopmentCertificate",
    "certificate_hash",
    "make_development_certificate",
    "spki_pin",
]

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
"""The names of this machine as seen from itself; browsers try ::1 first for localhost."""

MAX_DAYS = 14
"""Days of validity beyond which browsers refuse a certificate by hash."""

CLOCK_SKEW = timedelta(hours=1)
"""How far a certificate is dated back, for machines and containers whose clocks differ."""


@dataclass(frozen=True, slots=True)
class DevelopmentCertificate:
    """A certificate and its private key, in memory."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def certificate_pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key as PEM (PKCS #8), not encrypted."""
        return self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_development_certificate(
    hosts: Sequence[str] = LOOPBACK_HOSTS, *, days: int = MAX_DAYS
) -> DevelopmentCertificate:
    """Make a self-signed ECDSA P-256 certificate for `hosts`, DNS names or IP addresses.

    Valid for `days` days (1 to 14) from an hour ago. Raises `ValueError` for other days, for no
    hosts and for a host that no certificate can name.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"days must be between 1 and {MAX_DAYS}, not {days}.")
    if not hosts:
        raise ValueError("A certificate needs at least one host.")
    private_key = ec.generate_private_key(ec.SECP256R1())
    builder = _certificate_builder(hosts, days, private_key.public_key())
    return DevelopmentCertificate(builder.sign(private_key, hashes.SHA256()), private_key)


def spki_pin(certificate: x509.Certificate) -> str:
    """Base64 of the SHA-256 of the public key: RFC 7469 §2.4, and what Chrome's flag wants."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(
        certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(digest.finalize()).decode("ascii")


def certificate_hash(certificate: x509.Certificate) -> str:
    """Hexadecimal SHA-256 of the whole certificate, for `serverCertificateHashes`."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _certificate_builder(
    hosts: Sequence[str], days: int, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"h3producer {hosts[0]}"[:64])])
    start = datetime.now(UTC) - CLOCK_SKEW
    # RFC 5280 §4.1.2.5: both ends are part of the validity, so 14 days are 14 days less a second.
    end = start + timedelta(days=days) - timedelta(seconds=1)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, critical in _extensions(hosts, public_key):
        builder = builder.add_extension(extension, critical=critical)
    return builder


def _extensions(
    hosts: Sequence[str], public_key: ec.EllipticCurvePublicKey
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False
    # Not a CA: who trusts this file trusts this one server, not whatever its key might sign.
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield _key_usage(), True
    yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False
    yield x509.SubjectKeyIdentifier.from_public_key(public_key), False


def _key_usage() -> x509.KeyUsage:
    # RFC 8446 §4.4.2.2: "the digitalSignature bit MUST be set"; TLS 1.3 uses no other.
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_DNS_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*")


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    if not _DNS_NAME.fullmatch(host):
        raise ValueError(f"'{host}' is neither a DNS name in ASCII nor an IP address.")
    return x509.DNSName(host)
