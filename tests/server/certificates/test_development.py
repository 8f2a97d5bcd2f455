"""Tests of `certificates/development.py`: what browsers and TLS stacks ask of the certificate."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from h3producer.server.certificates.development import (
    certificate_hash,
    make_development_certificate,
    spki_pin,
)

MADE = make_development_certificate()


def test_the_key_is_ecdsa_p256() -> None:
    key = MADE.certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert isinstance(key.curve, ec.SECP256R1)


def test_both_ends_of_the_validity_included_it_lasts_at_most_14_days() -> None:
    certificate = MADE.certificate
    duration = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert duration + timedelta(seconds=1) == timedelta(days=14)


def test_it_is_valid_already_for_a_clock_that_is_slow() -> None:
    assert MADE.certificate.not_valid_before_utc < datetime.now(UTC) - timedelta(minutes=59)


def test_it_names_localhost_and_both_loopback_addresses() -> None:
    names = MADE.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    addresses = names.get_values_for_type(x509.IPAddress)
    assert addresses == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]


def test_it_can_serve_and_sign_handshakes_and_nothing_else() -> None:
    extensions = MADE.certificate.extensions
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.SERVER_AUTH
    ]
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_it_is_signed_by_its_own_key() -> None:
    MADE.certificate.verify_directly_issued_by(MADE.certificate)


def test_the_pem_forms_can_be_read_back() -> None:
    key = load_pem_private_key(MADE.key_pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert key.private_numbers() == MADE.private_key.private_numbers()
    assert x509.load_pem_x509_certificate(MADE.certificate_pem) == MADE.certificate


def test_the_private_key_is_not_in_the_repr() -> None:
    assert "Private" not in repr(MADE)


def test_the_pin_is_base64_of_the_sha256_of_the_public_key() -> None:
    public = MADE.private_key.public_key().public_bytes(
        Encoding.DER, PublicFormat.SubjectPublicKeyInfo
    )
    assert base64.b64decode(spki_pin(MADE.certificate)) == hashlib.sha256(public).digest()


def test_the_hash_is_the_sha256_of_the_whole_certificate() -> None:
    der = MADE.certificate.public_bytes(Encoding.DER)
    assert certificate_hash(MADE.certificate) == hashlib.sha256(der).hexdigest()


def test_hosts_may_be_names_wildcards_and_addresses() -> None:
    made = make_development_certificate(["a.test", "*.a.test", "10.0.0.1"], days=1)
    names = made.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.test", "*.a.test"]
    assert names.get_values_for_type(x509.IPAddress) == [ipaddress.ip_address("10.0.0.1")]


@pytest.mark.parametrize("host", ["", "a b", "a..b", "-a", "ä.test", "*", "https://a", "a:1"])
def test_a_host_that_no_certificate_can_name_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="neither a DNS name"):
        make_development_certificate([host])


def test_no_hosts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one host"):
        make_development_certificate([])


@pytest.mark.parametrize("days", [0, 15])
def test_days_out_of_range_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 14"):
        make_development_certificate(days=days)
